import { rmSync } from 'node:fs';

/** Files and folders that this process is still writing, or needs only while it lives. */
const unfinished = new Set<string>();

/**
 * Says that `path` is worth nothing unless its maker finishes: whatever ends the process sooner removes it.
 * @returns what takes that back, once the path is whole under its own name, or gone
 */
export function markUnfinished(path: string): () => void {
  if (unfinished.size === 0) process.once('exit', removeUnfinishedFiles);
  unfinished.add(path);
  return () => {
    unfinished.delete(path);
    if (unfinished.size === 0) process.off('exit', removeUnfinishedFiles);
  };
}

/** Synchronous, for the last moment of a process; called by itself when it exits in order. What cannot be removed stays: nobody is left to be told. */
export function removeUnfinishedFiles(): void {
  for (const path of unfinished) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      continue;
    }
  }
}
