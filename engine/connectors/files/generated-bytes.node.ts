import type { ByteSource } from '../decode/byte-source.ts';
import { InputError } from '../sources/input-error.ts';

/** Chunks made ahead of the decoder: enough to keep it busy while the next is unpacked, and a bound on memory. */
const CHUNKS_AHEAD = 6;

/** Bytes that some asynchronous maker (an unpacker) hands out; made ahead of need, up to CHUNKS_AHEAD. */
export class GeneratedBytes implements ByteSource {
  readonly name: string;
  failure: InputError | null = null;
  readonly #upstream: ByteSource;
  readonly #chunks: AsyncGenerator<Uint8Array, void, void>;
  readonly #queue: Uint8Array[] = [];
  #made = false;
  #running = false;
  #closed = false;
  #bug: Error | null = null;
  #wakeMaker: (() => void) | null = null;
  #wakeTaker: (() => void)[] = [];

  /** @param upstream what the maker reads; progress is counted there, and it is closed with this */
  constructor(name: string, upstream: ByteSource, chunks: AsyncGenerator<Uint8Array, void, void>) {
    this.name = name;
    this.#upstream = upstream;
    this.#chunks = chunks;
  }

  get ended(): boolean {
    return this.#made && this.#queue.length === 0;
  }

  get bytesRead(): number {
    return this.#upstream.bytesRead;
  }

  get bytesTotal(): number {
    return this.#upstream.bytesTotal;
  }

  take(): Uint8Array | null {
    if (this.#bug !== null) throw this.#bug;
    this.#start();
    const chunk = this.#queue.shift() ?? null;
    this.#wakeMaker?.();
    return chunk;
  }

  async whenReady(): Promise<void> {
    this.#start();
    if (this.#queue.length > 0 || this.#made) return;
    await new Promise<void>((resolve) => this.#wakeTaker.push(resolve));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeMaker?.();
    this.#wakeTakers();
    if (!this.#running) await this.#chunks.return();
    await this.#upstream.close();
  }

  #start(): void {
    if (this.#running || this.#made) return;
    this.#running = true;
    void this.#make();
  }

  async #make(): Promise<void> {
    try {
      for await (const chunk of this.#chunks) {
        if (this.#closed) break;
        if (chunk.length > 0) this.#queue.push(chunk);
        this.#wakeTakers();
        if (this.#queue.length < CHUNKS_AHEAD) continue;
        await new Promise<void>((resolve) => {
          this.#wakeMaker = resolve;
        });
        this.#wakeMaker = null;
      }
    } catch (error) {
      if (error instanceof InputError) this.failure = error;
      else this.#bug = error as Error;
    }
    this.#made = true;
    this.#wakeTakers();
  }

  #wakeTakers(): void {
    const waiting = this.#wakeTaker;
    this.#wakeTaker = [];
    for (const wake of waiting) wake();
  }
}
