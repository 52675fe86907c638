const PRESSED = 0;

/**
 * The kill switch as one word of memory that all threads of the program share: whoever presses it need not wait for any
 * event loop. The source reads it before each batch, and takes no quote while it is pressed and the halt is not in the
 * stream yet; so the halt, which comes by the usual way a moment later, enters in front of every quote that was not taken
 * at the press. It decides when, never what: replays know of the halt's place alone. Any thread.
 */
export class KillLine {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  get isPressed(): boolean {
    return Atomics.load(this.#words, PRESSED) !== 0;
  }

  press(): void {
    Atomics.store(this.#words, PRESSED, 1);
  }

  /** The second act of re-arming. */
  release(): void {
    Atomics.store(this.#words, PRESSED, 0);
  }
}
