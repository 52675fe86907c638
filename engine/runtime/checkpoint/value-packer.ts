import type { DurableStore } from '../../contract/durable-store.ts';

/** Values larger than this are slow to store in one piece. */
const VALUE_BYTES_MAX = 16 * 1_048_576;

/** Lays bytes of key groups one after the other into values of a good size. Blobs are a multiple of 8 long. */
export class ValuePacker {
  lastOffset = 0;
  written = 0;
  private readonly store: DurableStore;
  private readonly folder: string;
  private readonly pieces: Uint8Array[] = [];
  private size = 0;
  private index = 0;

  constructor(store: DurableStore, folder: string) {
    this.store = store;
    this.folder = folder;
  }

  /** @returns the name of the value the blob goes to */
  async add(blob: Uint8Array): Promise<string> {
    if (this.size > 0 && this.size + blob.length > VALUE_BYTES_MAX) await this.flush();
    this.lastOffset = this.size;
    this.pieces.push(blob);
    this.size += blob.length;
    return this.name;
  }

  async flush(): Promise<void> {
    if (this.size === 0) return;
    const value = new Uint8Array(this.size);
    let at = 0;
    for (const piece of this.pieces.splice(0)) {
      value.set(piece, at);
      at += piece.length;
    }
    await this.store.put(this.name, value);
    this.written += this.size;
    this.size = 0;
    this.index += 1;
  }

  private get name(): string {
    return `${this.folder}/state-${this.index}`;
  }
}
