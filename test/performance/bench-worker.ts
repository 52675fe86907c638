import { startWorker } from '../../engine/entry/worker.node.ts';
import { memoryTrading } from './memory-job.ts';

startWorker({ 'memory-trading': memoryTrading });
