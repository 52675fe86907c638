import type { MessagePort } from 'node:worker_threads';
import type { DurableStore, StoreError } from '../../contract/durable-store.ts';
import type { StoreEvent } from '../../contract/store-events.ts';
import type { VaultMessage } from '../../contract/vault-messages.ts';
import type { StorageNote, StorageStatus } from '../../contract/window.ts';
import type { Clock } from '../../core/time.ts';
import { repeatEvery, startMachineTimer, waitMs } from '../../core/machine.node.ts';
import { sha256 } from '../../core/sha256.node.ts';
import type { MirroredStore } from '../../connectors/storage/mirrored-store.ts';
import { openMirroredStore } from '../../connectors/storage/open-mirrored-store.ts';
import { SpareRoomStore } from '../../connectors/storage/spare-room.ts';
import { MARK_EVERY_MS, newEpoch } from '../../connectors/storage/state-folder.node.ts';
import { asStoreError } from '../../connectors/storage/store-copy.ts';
import { FileMark } from '../../connectors/storage/store-mark.node.ts';
import { VaultLink } from './vault-client.ts';

/** What the main process hands to the engine's thread at its start. */
export interface VaultAccess {
  readonly vaultPort: MessagePort;
  /** Path of the mark, outside of IndexedDB. */
  readonly markFile: string;
}

/** After the rush of the start; it reads every value of both copies. */
const SCRUB_AFTER_MS = 30_000;
const SCRUB_EVERY_MS = 3_600_000;
const AGAIN_AFTER_MS = 5_000;
const NOTES_MAX = 100;

export interface StateKeeperOptions {
  readonly access: VaultAccess;
  readonly clock: Clock;
  readonly onStatus: (storage: StorageStatus) => void;
  /** Every event of the store, for the audit trail. */
  readonly onEvent?: (event: StoreEvent) => void;
}

/**
 * Opens the workstation's store in the vault, and knows what became of it. Coordinator thread only. The engine does not
 * wait for it to show a window; whoever needs the store awaits `store`.
 */
export class StateKeeper {
  readonly #options: StateKeeperOptions;
  readonly #notes: StorageNote[] = [];
  /** null: state is not kept, and `status` says why. */
  readonly store: Promise<DurableStore | null>;
  #opened: MirroredStore | null = null;
  #failure: StoreError | null = null;
  #nearlyFull = false;
  #numbered = 0;

  constructor(options: StateKeeperOptions) {
    this.#options = options;
    const { vaultPort } = options.access;
    const link = new VaultLink(
      (question) => vaultPort.postMessage(question),
      (event) => this.#note(event),
    );
    vaultPort.on('message', (message: VaultMessage) => link.receive(message));
    this.store = this.#open(link);
  }

  get nearlyFull(): boolean {
    return this.#nearlyFull;
  }

  get status(): StorageStatus {
    const common = { notes: [...this.#notes], nearlyFull: this.#nearlyFull };
    if (this.#opened !== null) {
      const { where, values, copies } = this.#opened.status;
      return { kind: 'kept', where, values, copies, ...common };
    }
    if (this.#failure === null) return { kind: 'opening', ...common };
    const { kind: reason, message } = this.#failure;
    return { kind: 'not-kept', reason, message, ...common };
  }

  async #open(link: VaultLink): Promise<DurableStore | null> {
    for (;;) {
      const store = await this.#tryToOpen(link);
      if (store !== null) return new SpareRoomStore(store, () => this.#nearlyFull);
      if (this.#failure?.kind !== 'full') return null;
      // Nothing is wrong but the room: as soon as there is some, the store opens by itself.
      await waitMs(AGAIN_AFTER_MS);
    }
  }

  async #tryToOpen(link: VaultLink): Promise<MirroredStore | null> {
    const { access, clock } = this.#options;
    try {
      const store = await openMirroredStore({
        where: 'the vault',
        copies: [link.copy('a'), link.copy('b')],
        mark: new FileMark(access.markFile),
        newEpoch,
        sha256,
        clock,
        startTimer: startMachineTimer,
        markEveryMs: MARK_EVERY_MS,
        onEvent: (event) => this.#note(event),
      });
      this.#opened = store;
      this.#failure = null;
      startMachineTimer(SCRUB_AFTER_MS, () => void store.scrub());
      repeatEvery(SCRUB_EVERY_MS, () => void store.scrub());
    } catch (error) {
      this.#failure = asStoreError(error, 'the vault');
    }
    this.#tell();
    return this.#opened;
  }

  #note(event: StoreEvent): void {
    if (event.kind === 'nearly-full') this.#nearlyFull = true;
    if (event.kind === 'room-again') this.#nearlyFull = false;
    this.#numbered += 1;
    const { kind, severity, message } = event;
    this.#notes.push({ number: this.#numbered, wallMs: this.#options.clock.wallMs(), kind, severity, message });
    if (this.#notes.length > NOTES_MAX) this.#notes.shift();
    this.#options.onEvent?.(event);
    this.#tell();
  }

  #tell(): void {
    this.#options.onStatus(this.status);
  }
}
