import { startWorker } from '../../engine/entry/worker.node.ts';
import { asyncBench } from './async-job.ts';
import { memoryTrading } from './memory-job.ts';

startWorker({ 'memory-trading': memoryTrading, 'async-bench': asyncBench });
