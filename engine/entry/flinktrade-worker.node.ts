import { barsJob } from './session/bars-job.node.ts';
import { executionsJob } from './session/executions-job.node.ts';
import { flinkTradeJob } from './session/flinktrade-job.node.ts';
import { routingJob } from './routing/routing-job.node.ts';
import { startWorker } from './worker.node.ts';

/** The bundle that the product's source threads run, and all threads of order routing; for task threads see flinktrade-task.node.ts. */
startWorker({ flinktrade: flinkTradeJob, bars: barsJob, executions: executionsJob, routing: routingJob });
