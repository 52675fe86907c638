import { dirname } from 'node:path';
import type { DurableStore } from '../../contract/durable-store.ts';
import type { StoreEvent } from '../../contract/store-events.ts';
import type { StorageStatus } from '../../contract/window.ts';
import type { Clock } from '../../core/time.ts';
import { openStateFolder } from '../../connectors/storage/state-folder.node.ts';
import { KillFlag } from './kill-flag.node.ts';
import { StateKeeper, type VaultAccess } from './state-keeper.node.ts';

/** The workstation without Electron's vault (servers, tests): everything is kept in a folder. */
export interface StateFolder {
  readonly stateFolder: string;
  readonly checkpointIntervalMs?: number;
}

export interface WorkstationStore {
  /** null: the store is no vault. */
  readonly keeper: StateKeeper | null;
  /** Where the kill switch's file lies; null: nowhere. */
  readonly folder: string | null;
  readonly dependencies: {
    readonly store?: Promise<DurableStore | null>;
    readonly killFlag?: KillFlag;
    readonly checkpointIntervalMs?: number;
  };
}

/** Where a workstation keeps its sessions. Returns at once; whoever needs the store awaits it. */
export function openWorkstationStore(
  access: VaultAccess | StateFolder | null,
  options: {
    readonly clock: Clock;
    readonly onStatus: (storage: StorageStatus) => void;
    /** What the store did or met. */
    readonly onEvent: (event: StoreEvent) => void;
  },
): WorkstationStore {
  // A test of the engine alone: state is not kept, and nothing is said about it.
  if (access === null) return { keeper: null, folder: null, dependencies: {} };
  if ('vaultPort' in access) {
    const keeper = new StateKeeper({ access, ...options });
    const folder = dirname(access.markFile);
    return { keeper, folder, dependencies: { store: keeper.store, killFlag: new KillFlag(folder) } };
  }
  const { stateFolder, checkpointIntervalMs } = access;
  return {
    keeper: null,
    folder: stateFolder,
    dependencies: {
      store: openStateFolder(stateFolder, options.onEvent),
      killFlag: new KillFlag(stateFolder),
      ...(checkpointIntervalMs !== undefined && { checkpointIntervalMs }),
    },
  };
}
