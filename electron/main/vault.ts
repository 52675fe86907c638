import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { StoreEvent } from '../../engine/contract/store-events.ts';
import type { VaultLabel, VaultMessage, VaultQuestion } from '../../engine/contract/vault-messages.ts';
import { DiskWatch, LOOK_EVERY_MS, type Room } from './disk-watch.ts';
import { VaultPartition } from './vault-partition.ts';
import { VaultWindow } from './vault-window.ts';

/**
 * What must stay free after a write. A write that fails for want of room leaves a torn record in a LevelDB's log, in both
 * copies at once, since they share the disk: so it is not even tried. LevelDB rewrites a few megabytes by itself as well.
 */
const SPARE_BYTES = 16 * 1024 * 1024;

export interface VaultDependencies {
  readonly userData: string;
  readonly preload: string;
  readonly pages: string;
  /** The vault's windows wait for it: the window a person looks at comes first. */
  readonly mayStart: Promise<void>;
  readonly monotonicMs: () => number;
  readonly wallMs: () => number;
  readonly log: (line: string) => void;
}

/**
 * The vault as the main process sees it: two hidden windows, and the courier between them and the engine's thread. A Node
 * port and an Electron port do not mix, so main copies what goes to and fro; it looks into none of it.
 */
export class Vault {
  readonly #dependencies: VaultDependencies;
  readonly #windows: Readonly<Record<VaultLabel, VaultWindow>>;
  readonly #disk: DiskWatch;
  readonly #looking: NodeJS.Timeout;
  #port: MessagePort | null = null;

  constructor(dependencies: VaultDependencies) {
    this.#dependencies = dependencies;
    this.#windows = { a: this.#windowOf('a'), b: this.#windowOf('b') };
    this.#disk = new DiskWatch(
      () => this.#freeBytes(),
      (room, freeBytes) => this.#tellRoom(room, freeBytes),
    );
    void this.#disk.look();
    this.#looking = setInterval(() => void this.#disk.look(), LOOK_EVERY_MS);
  }

  /** A new way for a new engine; the one before it is closed, so that no dead engine's words arrive late. */
  connect(): { readonly vaultPort: MessagePort; readonly markFile: string } {
    this.#port?.close();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (question: VaultQuestion) => void this.#answer(port1, question));
    if (this.#disk.room === 'nearly-full') void this.#freeBytes().then((bytes) => this.#tellRoom('nearly-full', bytes));
    return { vaultPort: port2, markFile: join(this.#dependencies.userData, 'store.mark') };
  }

  /** Before the program's windows are closed. */
  end(): void {
    clearInterval(this.#looking);
    this.#windows.a.end();
    this.#windows.b.end();
  }

  async #answer(port: MessagePort, { id, vault, call }: VaultQuestion): Promise<void> {
    await this.#dependencies.mayStart;
    const result = await this.#windows[vault].call(call);
    port.postMessage({ kind: 'answer', id, result } satisfies VaultMessage);
  }

  async #freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#dependencies.userData);
    return bavail * bsize;
  }

  async #hasRoomFor(bytes: number): Promise<boolean> {
    // A disk that cannot be asked is not taken for a full one.
    const freeBytes = await this.#freeBytes().catch(() => Infinity);
    return freeBytes - bytes > SPARE_BYTES;
  }

  #tellRoom(room: Room, freeBytes: number): void {
    const left = `${Math.round(freeBytes / 1024 / 1024)} MB are free on the disk of ${this.#dependencies.userData}`;
    this.#tell(
      room === 'nearly-full'
        ? {
            kind: 'nearly-full',
            severity: 'warning',
            copy: null,
            message: `The disk is nearly full: ${left}. Make room; until then nothing is traded.`,
          }
        : { kind: 'room-again', severity: 'note', copy: null, message: `There is room again: ${left}.` },
    );
  }

  #tell(event: StoreEvent): void {
    this.#port?.postMessage({ kind: 'event', event } satisfies VaultMessage);
  }

  #windowOf(label: VaultLabel): VaultWindow {
    const { userData, preload, pages, monotonicMs, wallMs, log } = this.#dependencies;
    const partition = new VaultPartition(userData, label);
    return new VaultWindow({
      label,
      partition,
      preload,
      pages,
      hasRoomFor: (bytes) => this.#hasRoomFor(bytes),
      monotonicMs,
      wallMs,
      log,
      tell: (event) => this.#tell(event),
    });
  }
}
