import { isSettled, type OrderOutcome } from '../../contract/orders.ts';
import type { DurableStore } from '../../contract/durable-store.ts';
import { fromUtf8, toUtf8 } from '../../core/utf8.ts';

/** Values beside each other before they are written as one. */
const VALUES_MAX = 64;
const NUMBER_DIGITS = 10;
const PREFIX = 'orders/';
const SESSION = `${PREFIX}session`;

/**
 * The gateway's last words on a session's orders, in the store. What is not here is asked for again under the same id, so
 * an outcome may be lost with a crash, but never be another one. Coordinator thread only.
 */
export class OrderBookKeeper {
  /** Tells this session's orders from those of others at the gateway. */
  readonly session: string;
  readonly settled: Map<string, OrderOutcome>;
  private readonly store: DurableStore;
  private values: string[];
  private next: number;
  private unwritten: OrderOutcome[] = [];
  private writing: Promise<void> | null = null;
  private readonly onFailed: (error: unknown) => void;

  private constructor(
    store: DurableStore,
    session: string,
    settled: Map<string, OrderOutcome>,
    values: string[],
    onFailed: (error: unknown) => void,
  ) {
    this.store = store;
    this.session = session;
    this.settled = settled;
    this.values = values;
    this.next = 1 + Math.max(0, ...values.map((name) => Number(name.slice(PREFIX.length))));
    this.onFailed = onFailed;
  }

  /** @param newSession used when the store has no orders yet; @throws StoreError */
  static async open(
    store: DurableStore,
    newSession: string,
    onFailed: (error: unknown) => void,
  ): Promise<OrderBookKeeper> {
    const known = await store.get(SESSION);
    if (known === null) await store.put(SESSION, toUtf8.encode(newSession));
    const values = (await store.list(PREFIX)).filter((name) => name !== SESSION);
    const settled = new Map<string, OrderOutcome>();
    for (const name of values)
      for (const outcome of outcomesOf(await store.get(name))) settled.set(outcome.id, outcome);
    return new OrderBookKeeper(
      store,
      known === null ? newSession : fromUtf8.decode(known),
      settled,
      [...values],
      onFailed,
    );
  }

  add(outcome: OrderOutcome): void {
    if (!isSettled(outcome)) return;
    this.settled.set(outcome.id, outcome);
    this.unwritten.push(outcome);
    this.writing ??= this.write()
      .catch((error: unknown) => this.onFailed(error))
      .finally(() => {
        this.writing = null;
      });
  }

  /** Resolves when everything so far would survive a crash, or could not be written, which `onFailed` was told. */
  async flush(): Promise<void> {
    while (this.writing !== null) await this.writing;
  }

  private async write(): Promise<void> {
    while (this.unwritten.length > 0) {
      const outcomes = this.unwritten;
      this.unwritten = [];
      if (this.values.length < VALUES_MAX) {
        this.values.push(await this.put(outcomes));
        continue;
      }
      const merged = this.values;
      this.values = [await this.put([...this.settled.values()])];
      await this.store.remove(merged);
    }
  }

  private async put(outcomes: readonly OrderOutcome[]): Promise<string> {
    const name = `${PREFIX}${String(this.next).padStart(NUMBER_DIGITS, '0')}`;
    this.next += 1;
    await this.store.put(name, toUtf8.encode(JSON.stringify(outcomes)));
    return name;
  }
}

function outcomesOf(bytes: Uint8Array | null): readonly OrderOutcome[] {
  return bytes === null ? [] : (JSON.parse(fromUtf8.decode(bytes)) as OrderOutcome[]);
}
