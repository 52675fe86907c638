// A process that is nothing but the workstation's engine, so that a test can kill it without a warning. What it is sent
// goes to the engine's thread, what that says goes back.
import { argv } from 'node:process';
import { Worker } from 'node:worker_threads';

const [, , entry = '', options = '{}'] = argv;
// The memory at which the source stands still, as the main process of the program has it.
const killLine = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
const worker = new Worker(entry, { workerData: { ...JSON.parse(options), killLine } });
worker.on('message', (event) => process.send?.(event));
worker.on('error', (error) => {
  console.error(error);
  process.exit(70);
});
process.on('message', (command) => {
  if (command === 'press-kill-line') Atomics.store(new Int32Array(killLine), 0, 1);
  else worker.postMessage(command);
});
process.on('disconnect', () => process.exit(0));
