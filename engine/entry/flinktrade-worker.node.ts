import { flinkTradeJob } from './session/flinktrade-job.node.ts';
import { startWorker } from './worker.node.ts';

/** The bundle that source and task threads of the product run. */
startWorker({ flinktrade: flinkTradeJob });
