import { barsJob } from './session/bars-job.node.ts';
import { executionsJob } from './session/executions-job.node.ts';
import { flinkTradeJob } from './session/flinktrade-job.node.ts';
import { startWorker } from './worker.node.ts';

/** The bundle that the source thread of the product runs; for task threads see flinktrade-task.node.ts. */
startWorker({ flinktrade: flinkTradeJob, bars: barsJob, executions: executionsJob });
