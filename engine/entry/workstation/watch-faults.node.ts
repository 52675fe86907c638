import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repeatEvery } from '../../core/machine.node.ts';

const FAULT_FILE = 'fault';
const LOOK_EVERY_MS = 20;

/** Threads of one process cannot be killed from outside; a test that wants one dead writes its number to a file. */
export function watchFaults(folder: string, kill: (index: number) => void): void {
  const path = join(folder, FAULT_FILE);
  repeatEvery(LOOK_EVERY_MS, () => {
    if (!existsSync(path)) return;
    const text = readFileSync(path, 'utf8').trim();
    if (text === '') return;
    rmSync(path, { force: true });
    kill(Number(text));
  });
}
