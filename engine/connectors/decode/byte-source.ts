import type { InputError } from '../sources/input-error.ts';

/**
 * Bytes of one input, in chunks, as a decoder pulls them. Never blocks. Whoever reads files or unpacks archives
 * implements it (files/*.node.ts); decoders know nothing else of the outside world.
 */
export interface ByteSource {
  readonly name: string;
  /** The next chunk, or null: nothing at hand (`whenReady`), or `ended`. Valid until the next call. */
  take(): Uint8Array | null;
  /** No more chunks will come. `failure` says whether that was the end of the input. */
  readonly ended: boolean;
  /** Why the input ended early: everything before the damage was handed out. */
  readonly failure: InputError | null;
  /** Resolves when `take` may find more. Does not reject: see `failure`. */
  whenReady(): Promise<void>;
  /** Bytes of the file as stored. */
  readonly bytesRead: number;
  readonly bytesTotal: number;
  close(): Promise<void>;
}

/** Bytes at hand, in chunks of a given size: for tests, and for whatever is already in memory. */
export class MemoryBytes implements ByteSource {
  readonly name: string;
  readonly failure: InputError | null;
  readonly #bytes: Uint8Array;
  readonly #chunkBytes: number;
  bytesRead = 0;

  constructor(name: string, bytes: Uint8Array, chunkBytes = 65_536, failure: InputError | null = null) {
    this.name = name;
    this.failure = failure;
    this.#bytes = bytes;
    this.#chunkBytes = chunkBytes;
  }

  get bytesTotal(): number {
    return this.#bytes.length;
  }

  get ended(): boolean {
    return this.bytesRead === this.#bytes.length;
  }

  take(): Uint8Array | null {
    if (this.ended) return null;
    const end = Math.min(this.#bytes.length, this.bytesRead + this.#chunkBytes);
    const chunk = this.#bytes.subarray(this.bytesRead, end);
    this.bytesRead = end;
    return chunk;
  }

  async whenReady(): Promise<void> {}

  async close(): Promise<void> {}
}

/** A source whose first chunks were already looked at. */
export class PeekedBytes implements ByteSource {
  readonly #source: ByteSource;
  #peeked: Uint8Array | null;

  constructor(source: ByteSource, peeked: Uint8Array) {
    this.#source = source;
    this.#peeked = peeked.length > 0 ? peeked : null;
  }

  get name(): string {
    return this.#source.name;
  }

  get ended(): boolean {
    return this.#peeked === null && this.#source.ended;
  }

  get failure(): InputError | null {
    return this.#source.failure;
  }

  get bytesRead(): number {
    return this.#source.bytesRead;
  }

  get bytesTotal(): number {
    return this.#source.bytesTotal;
  }

  take(): Uint8Array | null {
    const peeked = this.#peeked;
    if (peeked === null) return this.#source.take();
    this.#peeked = null;
    return peeked;
  }

  whenReady(): Promise<void> {
    return this.#peeked === null ? this.#source.whenReady() : Promise.resolve();
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}
