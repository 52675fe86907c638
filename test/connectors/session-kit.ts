import { OutputTag } from '../../engine/api/output-tag.ts';
import type { ReaderOutput } from '../../engine/api/source.ts';
import { formatPrice, formatShares } from '../../engine/core/decimal.ts';
import { MemoryBytes } from '../../engine/connectors/decode/byte-source.ts';
import { bindProfile } from '../../engine/connectors/profiles/bind-profile.ts';
import { checkProfile } from '../../engine/connectors/profiles/read-profile.ts';
import { readyProfile } from '../../engine/connectors/profiles/ready-profiles.ts';
import type { SessionProfile } from '../../engine/connectors/profiles/profile-schema.ts';
import { createQuoteBatch } from '../../engine/connectors/sources/quote-batch.ts';
import type { QuoteInput } from '../../engine/connectors/sources/quote-input.ts';
import { MemoryQuotes } from '../../engine/connectors/sources/memory-quotes.ts';
import type { QuarantinedRow, RowLedger } from '../../engine/connectors/sources/row-ledger.ts';
import type { SessionRecord } from '../../engine/connectors/sources/session-records.ts';
import {
  SessionSourceReader,
  type SessionReaderOptions,
} from '../../engine/connectors/sources/session-source-reader.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';

/** A quote as a test reads it: decimals as text, `null` for a missing side or an unknown size. */
export interface PlainQuote {
  readonly symbol: string;
  readonly time: number;
  readonly bid: string | null;
  readonly bidSize: string | null;
  readonly ask: string | null;
  readonly askSize: string | null;
  readonly rows: number;
}

export interface DecodedSession {
  readonly quotes: readonly PlainQuote[];
  readonly ledger: RowLedger;
  readonly quarantined: readonly QuarantinedRow[];
  readonly error: Error | null;
}

export function profileNamed(name: string): SessionProfile {
  const profile = readyProfile(name);
  if (profile === null) throw new Error(`there is no profile ${name}`);
  return profile;
}

/** Decodes text or bytes with a profile, in chunks of `chunkBytes`. */
export async function decode(
  content: string | Uint8Array,
  profile: SessionProfile | string,
  options: { readonly chunkBytes?: number; readonly path?: string; readonly batchQuotes?: number } = {},
): Promise<DecodedSession> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const path = options.path ?? 'session.csv';
  const symbols = new SymbolTable();
  const source = new MemoryBytes(path, bytes, options.chunkBytes);
  const chosen = typeof profile === 'string' ? profileNamed(profile) : profile;
  const input = bindProfile(chosen, source, path, symbols, options.batchQuotes);
  return drain(input, symbols);
}

/** A profile for tests: plain columns with changes on top. */
export function profileWith(changes: Readonly<Record<string, unknown>>): SessionProfile {
  return checkProfile(
    {
      version: 1,
      name: 'test',
      format: 'csv',
      symbol: { field: 'symbol' },
      time: { field: 'time', unit: 'ms' },
      bid: { price: 'bid', size: 'bidSize' },
      ask: { price: 'ask', size: 'askSize' },
      ...changes,
    },
    'test',
  );
}

export async function drain(input: QuoteInput, symbols: SymbolTable): Promise<DecodedSession> {
  const quotes: PlainQuote[] = [];
  let error: Error | null = null;
  try {
    for (;;) {
      const status = input.fill();
      if (status === 'ended') break;
      if (status === 'waiting') {
        await input.whenReady();
        continue;
      }
      const { batch } = input;
      for (let index = batch.from; index < batch.to; index += 1) {
        quotes.push({
          symbol: symbols.name(batch.symbol[index]),
          time: batch.time[index] + batch.timeShiftMs,
          bid: price(batch.bid[index]),
          bidSize: size(batch.bidSize[index]),
          ask: price(batch.ask[index]),
          askSize: size(batch.askSize[index]),
          rows: batch.rows?.[index] ?? 1,
        });
      }
      batch.from = batch.to;
    }
  } catch (caught) {
    error = caught as Error;
  }
  return { quotes, ledger: input.ledger, quarantined: input.ledger.kept, error };
}

function price(units: number): string | null {
  return units === 0 ? null : formatPrice(units);
}

function size(units: number): string | null {
  return units < 0 ? null : formatShares(units);
}

/** What a reader emitted, in order, as short words: `quote 0 A@100`, `watermark 99`. */
export class RecordedOutput implements ReaderOutput<SessionRecord> {
  readonly log: string[] = [];
  readonly quotes: { symbol: string; time: number; bid: number; ask: number; sequence: number }[] = [];

  collect(record: SessionRecord, timestampMs: number): void {
    if (record.kind === 'quote') {
      this.quotes.push({
        symbol: record.symbol,
        time: timestampMs,
        bid: record.bid,
        ask: record.ask,
        sequence: record.sequence,
      });
      this.log.push(`quote ${record.sequence} ${record.symbol}@${timestampMs}`);
    } else {
      this.log.push(`position ${record.symbol}@${timestampMs}`);
    }
  }

  output<X>(tag: OutputTag<X>, value: X, timestampMs: number): void {
    this.log.push(`${tag.id} ${JSON.stringify(value)}@${timestampMs}`);
  }

  announceSymbols(): void {}

  emitWatermark(watermarkMs: number): void {
    this.log.push(`watermark ${watermarkMs}`);
  }

  emitProcessingTime(timestampMs: number): void {
    this.log.push(`clock ${timestampMs}`);
  }

  emitAlignment(timestampMs: number): void {
    this.log.push(`align ${timestampMs}`);
  }

  markIdle(): void {
    this.log.push('idle');
  }
}

/** Quotes in memory from `[symbol, time]` pairs; prices do not matter to who plays them. */
export function quotesAt(symbols: SymbolTable, name: string, at: readonly (readonly [string, number])[]): MemoryQuotes {
  const batch = createQuoteBatch(at.length);
  at.forEach(([symbol, time], index) => {
    batch.symbol[index] = symbols.intern(symbol);
    batch.time[index] = time;
    batch.bid[index] = 1_000_000_000 + index;
    batch.ask[index] = 1_001_000_000 + index;
    batch.bidSize[index] = 100_000_000;
    batch.askSize[index] = 100_000_000;
  });
  return new MemoryQuotes(name, batch);
}

export class ManualClock {
  nowMs = 0;
  readonly #timers: { at: number; wake: () => void }[] = [];

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return this.nowMs;
  }

  readonly startTimer = (delayMs: number, wake: () => void): (() => void) => {
    const timer = { at: this.nowMs + delayMs, wake };
    this.#timers.push(timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  };

  get timers(): readonly number[] {
    return this.#timers.map((timer) => timer.at);
  }

  advanceTo(ms: number): void {
    this.nowMs = ms;
    for (const timer of [...this.#timers]) {
      if (timer.at > ms) continue;
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      timer.wake();
    }
  }
}

export const CONTROL_TAG = new OutputTag<unknown>('control');

export function readerOf(
  inputs: readonly QuoteInput[],
  symbols: SymbolTable,
  options: Partial<SessionReaderOptions<unknown>> = {},
  clock = new ManualClock(),
): SessionSourceReader<unknown> {
  return new SessionSourceReader({
    inputs,
    symbols,
    controlTag: CONTROL_TAG,
    clock,
    startTimer: clock.startTimer,
    speed: { kind: 'max' },
    startPaused: false,
    outOfOrdernessMs: 0,
    maxFutureMs: 3_600_000,
    positions: [],
    alignFullSeconds: false,
    drivesProcessingTime: false,
    ...options,
  });
}

/** Plays a whole session. @returns what went wrong, or null */
export async function playAll(
  reader: SessionSourceReader<unknown>,
  output: RecordedOutput,
  recordsMax = 512,
): Promise<Error | null> {
  try {
    for (;;) {
      const status = reader.pollNext(output, recordsMax);
      if (status === 'end-of-input') return null;
      if (status === 'nothing-available') await reader.isAvailable();
    }
  } catch (error) {
    return error as Error;
  }
}
