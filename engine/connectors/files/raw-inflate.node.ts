import { constants, createInflateRaw, type InflateRaw } from 'node:zlib';
import { fastCrc32 } from './fast-crc32.node.ts';

/** Unpacked bytes handed out at a time, unless its opener says otherwise. */
export const OUTPUT_BYTES = 131_072;
/** Output that waits for its taker: beyond this the unpacker stands still. */
const OUTPUTS_WAITING_MAX = 4;

/**
 * One deflate stream, fed by hand, because Node's own Gunzip hides what matters here: whether the stream was whole when
 * the input ended, and where in the input it stopped. Unpacking runs on the host's thread pool.
 */
export class RawInflate {
  /** The stream said by itself that it is complete. */
  complete = false;
  unpackedBytes = 0;
  crc = 0;
  readonly #stream: InflateRaw;
  readonly #outputs: Buffer[] = [];
  #fedBytes = 0;
  #error: Error | null = null;
  #closed = false;
  #wake: (() => void) | null = null;

  constructor(outputBytes = OUTPUT_BYTES) {
    // With a sync flush at the end, an input cut short still gives everything that can be unpacked from it.
    this.#stream = createInflateRaw({ chunkSize: outputBytes, finishFlush: constants.Z_SYNC_FLUSH });
    this.#stream.on('data', (output: Buffer) => {
      this.#outputs.push(output);
      if (this.#outputs.length >= OUTPUTS_WAITING_MAX) this.#stream.pause();
      this.#wake?.();
    });
    this.#stream.on('end', () => {
      this.#closed = true;
      this.#wake?.();
    });
    this.#stream.on('error', (error: Error) => {
      this.#error = error;
      this.#wake?.();
    });
  }

  /** Unpacks `input`. When the stream completes inside it, `complete` is set and `unusedBytes` tells what is left. */
  async *feed(input: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
    this.#fedBytes += input.length;
    let taken = false;
    this.#stream.write(input, () => {
      taken = true;
      this.#wake?.();
    });
    yield* this.#drain(() => taken);
    if (this.#closed) this.complete = true;
  }

  /** The input is over: hands out what can still be unpacked. */
  async *finish(): AsyncGenerator<Uint8Array, void, void> {
    this.#stream.end();
    yield* this.#drain(() => false);
  }

  /** Bytes of the input that stand behind the end of the stream. */
  get unusedBytes(): number {
    return this.#fedBytes - this.#stream.bytesWritten;
  }

  dispose(): void {
    this.#stream.destroy();
  }

  async *#drain(done: () => boolean): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      for (let output = this.#outputs.shift(); output !== undefined; output = this.#outputs.shift()) {
        this.unpackedBytes += output.length;
        this.crc = fastCrc32(output, this.crc);
        yield output;
      }
      if (this.#error !== null) throw this.#error;
      if (this.#closed || done()) return;
      this.#stream.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }
}
