import type { KeyedContext, RuntimeContext } from '../../engine/api/functions.ts';
import { KeyedProcessFunction } from '../../engine/api/functions.ts';
import { defineJob } from '../../engine/api/job.ts';
import { setQueryable } from '../../engine/api/queryable-state.ts';
import type { InputStatus, ReaderOutput, SourceReader, SourceReaderContext } from '../../engine/api/source.ts';
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  structState,
  type AggregatingState,
  type ListState,
  type MapState,
  type StructState,
  type ValueState,
  valueState,
} from '../../engine/api/state.ts';
import { enableTimeToLive, stateTtlConfig } from '../../engine/api/state-ttl.ts';
import { struct, type ViewOf } from '../../engine/api/struct.ts';
import { WatermarkStrategy } from '../../engine/api/watermark-strategy.ts';

/**
 * Accounts whose books can be read while they are written: every kind of queryable state, a query that is computed, and a
 * stream that ends in state. There is no sink: whoever wants to know asks.
 */
export interface LedgerParameters {
  readonly accounts: number;
  /** How many transfers there are; Infinity: until the source event `stop`. */
  readonly transfers: number;
  /** The source stops here and waits for the source event `go on`. */
  readonly waitAt?: number;
  /** A second operator takes the name of the first one's state. */
  readonly takesName?: boolean;
  /** A third one keeps each account's last amount for so long; absent: there is none. */
  readonly forgetAfterMs?: number;
}

const TRANSFER = struct('transfer', { account: 'symbol', amount: 'f64', number: 'f64' });
export type Transfer = ViewOf<typeof TRANSFER>;

/** Twenty fields: larger than the piece that the engine keeps together, so that a row is two pieces of memory. */
const BOOK = struct('book', {
  credit: 'f64',
  f1: 'f64',
  f2: 'f64',
  f3: 'f64',
  f4: 'f64',
  f5: 'f64',
  f6: 'f64',
  f7: 'f64',
  f8: 'f64',
  f9: 'f64',
  f10: 'f64',
  f11: 'f64',
  f12: 'f64',
  f13: 'f64',
  f14: 'f64',
  f15: 'f64',
  f16: 'f64',
  f17: 'f64',
  debit: 'f64',
  transfers: 'f64',
  account: 'symbol',
});
export type Book = ViewOf<typeof BOOK>;

export const BOOKS = setQueryable(structState('books', BOOK), 'books');
export const LATEST_MOVES = setQueryable(listState<number>('moves'), 'latest-moves');
export const BY_DIGIT = setQueryable(mapState<number, number>('by-digit'), 'by-digit');
export const AVERAGE = setQueryable(
  aggregatingState<number, { sum: number; count: number }, number>('average', {
    createAccumulator: () => ({ sum: 0, count: 0 }),
    add: (amount, { sum, count }) => ({ sum: sum + amount, count: count + 1 }),
    getResult: ({ sum, count }) => sum / count,
    merge: (left, right) => ({ sum: left.sum + right.sum, count: left.count + right.count }),
  }),
  'average-amount',
);
const MOVES_KEPT = 4;

class KeepBooks extends KeyedProcessFunction<string, Transfer, never> {
  private books!: StructState<Book>;
  private moves!: ListState<number>;
  private byDigit!: MapState<number, number>;
  private average!: AggregatingState<number, number>;

  override open(context: RuntimeContext): void {
    this.books = context.getStructState(BOOKS);
    this.moves = context.getListState(LATEST_MOVES);
    this.byDigit = context.getMapState(BY_DIGIT);
    this.average = context.getAggregatingState(AVERAGE);
    context.registerQuery('balance', () => {
      const book = this.books.value();
      return book === null ? null : { account: book.account, balance: String(book.credit - book.debit) };
    });
  }

  processElement(transfer: Transfer, context: KeyedContext<string>): void {
    const book = this.books.create();
    const { amount, number } = transfer;
    book.account = context.getCurrentKey();
    book.transfers += 1;
    if (amount > 0) book.credit += amount;
    else book.debit -= amount;
    const fields = book as unknown as Record<string, number>;
    for (let field = 1; field <= 17; field += 1) fields[`f${field}`] = book.transfers;
    const moves = [...this.moves.get(), number].slice(-MOVES_KEPT);
    this.moves.update(moves);
    this.byDigit.put(number % 10, (this.byDigit.get(number % 10) ?? 0) + 1);
    this.average.add(amount);
  }
}

class TakesName extends KeyedProcessFunction<string, Transfer, never> {
  override open(context: RuntimeContext): void {
    context.getState(setQueryable({ kind: 'value', name: 'mine', defaultValue: null }, 'books'));
  }
  processElement(): void {}
}

class LastAmount extends KeyedProcessFunction<string, Transfer, never> {
  private readonly ttlMs: number;
  private amount!: ValueState<number>;

  constructor(ttlMs: number) {
    super();
    this.ttlMs = ttlMs;
  }

  override open(context: RuntimeContext): void {
    const mortal = enableTimeToLive(valueState<number>('last-amount'), stateTtlConfig(this.ttlMs));
    this.amount = context.getState(setQueryable(mortal, 'last-amount'));
  }

  processElement({ amount }: Transfer): void {
    this.amount.update(amount);
  }
}

class TransferReader implements SourceReader<Transfer> {
  private readonly parameters: LedgerParameters;
  private readonly record: Transfer = { kind: 'transfer', account: '', amount: 0, number: 0 };
  private number: number;
  private mayGoOn = false;
  private isStopped = false;

  constructor(parameters: LedgerParameters, { restoredState }: SourceReaderContext) {
    this.parameters = parameters;
    this.number = (restoredState as number | null) ?? 0;
    this.mayGoOn = this.number > (parameters.waitAt ?? Infinity);
  }

  pollNext(output: ReaderOutput<Transfer>, recordsMax: number): InputStatus {
    const { accounts, transfers, waitAt } = this.parameters;
    for (let count = 0; count < recordsMax; count += 1) {
      if (this.isStopped || this.number === transfers) return 'end-of-input';
      if (this.number === waitAt && !this.mayGoOn) return 'nothing-available';
      this.record.account = accountName((this.number * 7919) % accounts);
      this.record.amount = (this.number % 13) - 5;
      this.record.number = this.number;
      output.collect(this.record, this.number);
      this.number += 1;
    }
    return 'more-available';
  }

  /** A source event is looked at without it. */
  isAvailable(): Promise<void> {
    return new Promise(() => undefined);
  }

  handleSourceEvent(event: unknown): void {
    if (event === 'stop') this.isStopped = true;
    else this.mayGoOn = true;
  }

  snapshotState(): number {
    return this.number;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export function accountName(index: number): string {
  return `account-${String(index).padStart(4, '0')}`;
}

export const accountLedger = defineJob<LedgerParameters>((env, parameters) => {
  const transfers = env
    .fromSource((context) => new TransferReader(parameters, context), WatermarkStrategy.noWatermarks(), 'transfers')
    .uid('transfers')
    .returns(TRANSFER);

  transfers.keyBy('account').process(new KeepBooks()).name('keep books').uid('books');
  transfers.keyBy('account').asQueryableState('latest-transfer').uid('latest-transfer');
  transfers
    .map(({ account, amount }) => ({ digit: Number(account.at(-1)), amount }))
    .keyBy(({ digit }) => digit)
    .asQueryableState(
      'largest',
      reducingState('largest', (left, right) => (right.amount > left.amount ? right : left)),
    )
    .uid('largest');
  if (parameters.forgetAfterMs !== undefined)
    transfers.keyBy('account').process(new LastAmount(parameters.forgetAfterMs)).uid('last-amount');
  if (parameters.takesName === true) transfers.keyBy('account').process(new TakesName()).uid('takes-name');
});
