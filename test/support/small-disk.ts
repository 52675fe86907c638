import { spawnSync } from 'node:child_process';
import { closeSync, openSync, statfsSync, writeSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

export const MB = 1024 * 1024;

/** A disk of that size in memory, gone when the test is over; null: only root may mount one. @param size MB */
export function smallDisk(size: number): string | null {
  const disk = temporaryFolder('disk');
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}m`, 'tmpfs', disk]).status !== 0) return null;
  onTestFinished(() => void spawnSync('umount', ['-l', disk]));
  return disk;
}

export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Writes zeros until only so much is free. */
export function fillUp(file: string, leave: number): void {
  const descriptor = openSync(file, 'a');
  const chunk = new Uint8Array(64 * 1024);
  try {
    while (freeBytes(file) > leave + chunk.length) writeSync(descriptor, chunk);
    while (leave === 0 && writeSync(descriptor, chunk.subarray(0, 4096)) > 0);
  } catch {
    // Not one more byte: that was the purpose.
  } finally {
    closeSync(descriptor);
  }
}
