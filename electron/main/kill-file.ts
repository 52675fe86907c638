import { existsSync, watch } from 'node:fs';
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

/**
 * Calls `pressed` when the file has come to be, as the system tells. The engine looks for it, too, by itself: where the
 * system tells nothing (some network drives), or too late.
 * @throws the file system's error when the folder cannot be watched
 */
export function watchKillFile(userData: string, pressed: () => void): void {
  const path = join(userData, FLAG_FILE);
  let wasThere = existsSync(path);
  const watcher = watch(userData, { persistent: false }, (_event, name) => {
    if (name !== FLAG_FILE) return;
    const isThere = existsSync(path);
    if (isThere && !wasThere) pressed();
    wasThere = isThere;
  });
  // The folder went away: the engine's own look remains.
  watcher.on('error', () => watcher.close());
}
