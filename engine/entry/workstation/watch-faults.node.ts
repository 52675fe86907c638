import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repeatEvery } from '../../core/machine.node.ts';

const FAULT_FILE = 'fault';
const LOOK_EVERY_MS = 20;

/** What a test can do to the engine. Threads have a task's index; -1: the source's. */
export interface Faults {
  /** `1`: the thread is gone, as if it had crashed. */
  killThread(index: number): void;
  /** `hang 1`: it does nothing any more, and shows no sign of life. */
  hangThread(index: number): void;
  /** `engine`: this thread itself is gone, and all of its own with it. */
  killEngine(): void;
}

/** Threads of one process cannot be harmed from outside; a test that wants one dead writes so into a file. */
export function watchFaults(folder: string, faults: Faults): void {
  const path = join(folder, FAULT_FILE);
  repeatEvery(LOOK_EVERY_MS, () => {
    if (!existsSync(path)) return;
    const [first, second] = readFileSync(path, 'utf8').trim().split(' ');
    if (first === '') return;
    rmSync(path, { force: true });
    if (first === 'engine') faults.killEngine();
    else if (first === 'hang') faults.hangThread(Number(second));
    else faults.killThread(Number(first));
  });
}
