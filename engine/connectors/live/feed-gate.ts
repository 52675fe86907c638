import type { RowGate } from '../decode/jsonl-decoder.ts';
import { NOT_THERE } from '../decode/row-interpreter.ts';

const ZERO = 48;
const NINE = 57;
const NO_NUMBER = -1;

/** What the numbers of a feed told. `restarted`: it counts anew. */
export interface FeedJump {
  readonly kind: 'gap' | 'restarted';
  /** Of a gap, the first and the last message that never came; of a restart, the last number before and the first after. */
  readonly from: number;
  readonly to: number;
}

/** The numbers of a feed so far, as plain data. */
export interface StoredGate {
  /** Of the last message; -1: none had one. */
  readonly messageNumber: number;
  readonly updateIds: readonly (readonly [symbol: string, updateId: number])[];
}

/**
 * Looks at the numbers that a feed gives its messages. A symbol's update ids rise: one that does not was sent before. The
 * feed's message numbers rise by one: a jump is a gap. Numbers that are none are not judged. One thread.
 */
export class FeedGate implements RowGate {
  duplicates = 0;
  gaps = 0;
  missed = 0;
  readonly #updateIdSlot: number;
  readonly #messageNumberSlot: number;
  readonly #onJump: (jump: FeedJump) => void;
  #updateIds = new Float64Array(1024).fill(NO_NUMBER);
  #messageNumber = NO_NUMBER;
  #isNewConnection = false;

  constructor(updateIdSlot: number, messageNumberSlot: number, onJump: (jump: FeedJump) => void) {
    this.#updateIdSlot = updateIdSlot;
    this.#messageNumberSlot = messageNumberSlot;
    this.#onJump = onJump;
  }

  /** A feed may count anew only where it was connected to anew. */
  connected(): void {
    this.#isNewConnection = true;
  }

  snapshot(nameOf: (symbol: number) => string): StoredGate {
    const updateIds: [string, number][] = [];
    this.#updateIds.forEach((id, symbol) => {
      if (id !== NO_NUMBER) updateIds.push([nameOf(symbol), id]);
    });
    return { messageNumber: this.#messageNumber, updateIds };
  }

  restore({ messageNumber, updateIds }: StoredGate, numberOf: (symbol: string) => number): void {
    this.#messageNumber = messageNumber;
    for (const [symbol, id] of updateIds) this.#setUpdateId(numberOf(symbol), id);
  }

  /** Messages came and went whose numbers nobody knows any more: what comes next tells of no gap. */
  forgetMessageNumber(): void {
    this.#messageNumber = NO_NUMBER;
  }

  seen(bytes: Uint8Array, starts: Int32Array, ends: Int32Array): void {
    const slot = this.#messageNumberSlot;
    if (slot === NOT_THERE) return;
    const number = wholeNumber(bytes, starts[slot], ends[slot]);
    if (number === NO_NUMBER) return;
    const last = this.#messageNumber;
    if (last !== NO_NUMBER && number > last + 1) this.#gap(last + 1, number - 1);
    if (number <= last) {
      if (!this.#isNewConnection) return;
      this.#onJump({ kind: 'restarted', from: last, to: number });
    }
    this.#isNewConnection = false;
    this.#messageNumber = number;
  }

  admits(symbol: number, bytes: Uint8Array, starts: Int32Array, ends: Int32Array): boolean {
    const slot = this.#updateIdSlot;
    if (slot === NOT_THERE) return true;
    const id = wholeNumber(bytes, starts[slot], ends[slot]);
    if (id === NO_NUMBER) return true;
    if (symbol < this.#updateIds.length && id <= this.#updateIds[symbol]) {
      this.duplicates += 1;
      return false;
    }
    this.#setUpdateId(symbol, id);
    return true;
  }

  #setUpdateId(symbol: number, id: number): void {
    if (symbol >= this.#updateIds.length) this.#grow(symbol);
    this.#updateIds[symbol] = id;
  }

  #gap(from: number, to: number): void {
    this.gaps += 1;
    this.missed += to - from + 1;
    this.#onJump({ kind: 'gap', from, to });
  }

  #grow(symbol: number): void {
    const wider = new Float64Array(Math.max(symbol + 1, this.#updateIds.length * 2)).fill(NO_NUMBER);
    wider.set(this.#updateIds);
    this.#updateIds = wider;
  }
}

/** Digits only, up to what a number holds exactly. */
function wholeNumber(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > 16) return NO_NUMBER;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at];
    if (byte < ZERO || byte > NINE) return NO_NUMBER;
    value = value * 10 + (byte - ZERO);
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : NO_NUMBER;
}
