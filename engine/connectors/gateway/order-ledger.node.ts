import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { OrderAnswer, OrderRequest } from '../../contract/orders.ts';

/** An order that was executed, and what came of it. */
export interface LedgerEntry {
  readonly order: OrderRequest;
  readonly answer: OrderAnswer;
}

/**
 * What a gateway executed, by session and id: each once. With a file it outlives the process: an entry is on disk before
 * anybody hears of it, and a line that a crash cut off was never told to anybody.
 */
export class OrderLedger {
  readonly #entries = new Map<string, LedgerEntry>();
  readonly #file: number | null;

  /** @throws the file system's error; SyntaxError when the file is no ledger */
  constructor(path: string | null) {
    if (path === null) {
      this.#file = null;
      return;
    }
    const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    for (const line of bytes.subarray(0, whole).toString('utf8').split('\n')) {
      if (line === '') continue;
      const entry = JSON.parse(line) as LedgerEntry;
      this.#entries.set(keyOf(entry.order), entry);
    }
    this.#file = openSync(path, 'a');
    if (whole < bytes.length) ftruncateSync(this.#file, whole);
  }

  get size(): number {
    return this.#entries.size;
  }

  find(order: Pick<OrderRequest, 'session' | 'id'>): LedgerEntry | null {
    return this.#entries.get(keyOf(order)) ?? null;
  }

  add(entry: LedgerEntry): void {
    if (this.#file !== null) {
      writeSync(this.#file, `${JSON.stringify(entry)}\n`);
      fsyncSync(this.#file);
    }
    this.#entries.set(keyOf(entry.order), entry);
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
  }
}

export function keyOf({ session, id }: Pick<OrderRequest, 'session' | 'id'>): string {
  return `${session} ${id}`;
}
