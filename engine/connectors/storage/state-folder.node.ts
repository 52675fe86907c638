import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StoreEvent } from '../../contract/store-events.ts';
import { machineClock, startMachineTimer } from '../../core/machine.node.ts';
import { sha256 } from '../../core/sha256.node.ts';
import { syncFolder } from './durable-file.node.ts';
import { openFolderStore } from './folder-store.node.ts';
import type { MirroredStore } from './mirrored-store.ts';
import { openMirroredStore } from './open-mirrored-store.ts';
import type { StoreCopy } from './store-copy.ts';
import { storeFailure } from './store-failure.node.ts';
import { FileMark } from './store-mark.node.ts';

/** Four a second: more would cost a flush per writing and prove nothing but the last moment. */
export const MARK_EVERY_MS = 250;

/** A copy that is a folder. What is set aside stays beside it, with the time in its name. */
export class FolderCopy implements StoreCopy {
  readonly label: string;
  readonly where: string;

  constructor(label: string, folder: string) {
    this.label = label;
    this.where = folder;
  }

  open(): ReturnType<typeof openFolderStore> {
    return openFolderStore(this.where);
  }

  setAside(): Promise<string | null> {
    return setFolderAside(this.where);
  }
}

/** @returns where the folder is now; null when there was none. @throws StoreError */
export async function setFolderAside(folder: string): Promise<string | null> {
  if (!existsSync(folder)) return null;
  const time = new Date(machineClock.wallMs()).toISOString().replaceAll(/[:.]/g, '-').toLowerCase();
  const target = `${folder}.set-aside-${time}-${randomBytes(2).toString('hex')}`;
  try {
    await rename(folder, target);
    await syncFolder(dirname(folder));
    return target;
  } catch (error) {
    throw storeFailure(error, folder, 'move the folder aside');
  }
}

/**
 * The state of the command line, in one folder: two copies `a` and `b`, and `mark`.
 * @throws StoreError `lost`: what the mark tells of is not there, nothing was changed; `locked`, `newer`, `full`, `failed`
 */
export async function openStateFolder(folder: string, onEvent: (event: StoreEvent) => void): Promise<MirroredStore> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storeFailure(error, folder, 'make the folder');
  }
  return openMirroredStore({
    where: `the state folder ${folder}`,
    copies: [new FolderCopy('a', join(folder, 'a')), new FolderCopy('b', join(folder, 'b'))],
    mark: new FileMark(join(folder, 'mark')),
    newEpoch,
    sha256,
    clock: machineClock,
    startTimer: startMachineTimer,
    markEveryMs: MARK_EVERY_MS,
    onEvent,
  });
}

export function newEpoch(): string {
  return randomBytes(16).toString('hex');
}
