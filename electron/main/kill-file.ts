import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** The engine looks for it and knows it by this name (engine/entry/workstation/kill-flag.node.ts). */
const FLAG_FILE = 'kill-switch';

/** Presses the kill switch in a way that outlives every process. Without waiting: main never blocks. */
export async function pressKillFile(userData: string, by: string): Promise<void> {
  const file = await open(join(userData, FLAG_FILE), 'a', 0o600);
  try {
    await file.write(`Trading is halted. Pressed by: ${by}, ${new Date().toISOString()}.\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
