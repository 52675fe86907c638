import type { DurableStore } from '../../contract/durable-store.ts';

/** Values larger than this are slow to store in one piece. */
const VALUE_BYTES_MAX = 16 * 1_048_576;

/** Lays bytes of key groups one after the other into values of a good size. Blobs are a multiple of 8 long. */
export class ValuePacker {
  lastOffset = 0;
  written = 0;
  private readonly store: DurableStore;
  private readonly folder: string;
  private toCome: number;
  private value: Uint8Array<ArrayBuffer> | null = null;
  private size = 0;
  private index = 0;

  /** @param bytes of all blobs that will be added */
  constructor(store: DurableStore, folder: string, bytes: number) {
    this.store = store;
    this.folder = folder;
    this.toCome = bytes;
  }

  /** @returns the bytes where they lie now, in memory of this thread alone: some hashes take no other */
  async add(blob: Uint8Array): Promise<Uint8Array> {
    if (this.value !== null && this.size + blob.length > this.value.length) await this.flush();
    this.value ??= new Uint8Array(Math.max(blob.length, Math.min(this.toCome, VALUE_BYTES_MAX)));
    this.toCome -= blob.length;
    this.value.set(blob, this.size);
    this.lastOffset = this.size;
    this.size += blob.length;
    return this.value.subarray(this.lastOffset, this.size);
  }

  /** The blob that was added last is stored already: it need not be again. */
  takeBack(): void {
    this.size = this.lastOffset;
  }

  async flush(): Promise<void> {
    const { value, size } = this;
    this.value = null;
    this.size = 0;
    if (value === null || size === 0) return;
    // Stores keep what they get, and some send it on with all that is behind it.
    await this.store.put(this.name, size === value.length ? value : value.slice(0, size));
    this.written += size;
    this.index += 1;
  }

  /** Of the value that the last blob went to. */
  get name(): string {
    return `${this.folder}/state-${this.index}`;
  }
}
