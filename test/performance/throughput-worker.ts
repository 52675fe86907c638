import { startWorker } from '../../engine/entry/worker.node.ts';
import { throughput } from './throughput-job.ts';

startWorker({ throughput });
