import type { ByteSource } from './byte-source.ts';

/** Reads a ByteSource chunk by chunk, to its end; bytes that were not used can be put back. */
export class ChunkReader {
  readonly source: ByteSource;
  #back: Uint8Array | null = null;

  constructor(source: ByteSource) {
    this.source = source;
  }

  /** @returns the next chunk, or null at the end; @throws the source's failure */
  async next(): Promise<Uint8Array | null> {
    const back = this.#back;
    if (back !== null) {
      this.#back = null;
      return back;
    }
    for (;;) {
      const chunk = this.source.take();
      if (chunk !== null) return chunk;
      if (this.source.ended) {
        if (this.source.failure !== null) throw this.source.failure;
        return null;
      }
      await this.source.whenReady();
    }
  }

  /** What was put back, for whoever reads on from the source itself. */
  takeBack(): Uint8Array {
    const back = this.#back ?? new Uint8Array(0);
    this.#back = null;
    return back;
  }

  putBack(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#back = bytes;
  }

  /** @returns up to `count` bytes, fewer only at the end */
  async exactly(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    let have = 0;
    while (have < count) {
      const chunk = await this.next();
      if (chunk === null) return bytes.subarray(0, have);
      const used = Math.min(chunk.length, count - have);
      bytes.set(chunk.subarray(0, used), have);
      have += used;
      this.putBack(chunk.subarray(used));
    }
    return bytes;
  }
}
