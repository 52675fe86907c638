import type { ByteSource } from '../decode/byte-source.ts';

/** Parts asked for ahead: one is played while the next is fetched. */
const PARTS_AHEAD = 3;

/** A journal's parts as they come from whoever can read the store, asked for one by one. Source thread only. */
export class JournalBytes implements ByteSource {
  readonly name = 'journal';
  readonly failure = null;
  bytesRead = 0;
  readonly #want: () => void;
  readonly #parts: Uint8Array[] = [];
  #asked = 0;
  #isLast = false;
  #wakers: (() => void)[] = [];

  /** @param want asks for one more part, which `take` will be given */
  constructor(want: () => void) {
    this.#want = want;
  }

  get ended(): boolean {
    return this.#isLast && this.#parts.length === 0;
  }

  get bytesTotal(): number {
    return this.bytesRead;
  }

  /** @param bytes null: there are no more */
  give(bytes: Uint8Array | null): void {
    this.#asked -= 1;
    if (bytes === null) this.#isLast = true;
    else this.#parts.push(bytes);
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }

  take(): Uint8Array | null {
    this.#ask();
    const part = this.#parts.shift() ?? null;
    this.bytesRead += part?.length ?? 0;
    return part;
  }

  async whenReady(): Promise<void> {
    this.#ask();
    if (this.#parts.length > 0 || this.#isLast) return;
    await new Promise<void>((resolve) => this.#wakers.push(resolve));
  }

  async close(): Promise<void> {
    this.#isLast = true;
    this.#parts.length = 0;
  }

  #ask(): void {
    while (!this.#isLast && this.#asked + this.#parts.length < PARTS_AHEAD) {
      this.#asked += 1;
      this.#want();
    }
  }
}
