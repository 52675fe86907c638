import { expect } from 'vitest';
import type { InputStatus, ReaderOutput, SourceReader } from '../../engine/api/source.ts';
import type { RulesDocument } from '../../engine/contract/rules.ts';
import { needsAlignments, resolveRules, ruleOf } from '../../engine/contract/rules-resolve.ts';
import { createQuoteBatch } from '../../engine/connectors/sources/quote-batch.ts';
import { RowLedger } from '../../engine/connectors/sources/row-ledger.ts';
import { SessionStamper } from '../../engine/connectors/sources/session-stamper.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import { CONTROL, type ControlRecord, type Quote, type StartingPosition } from '../../engine/trading/records.ts';
import { TradeFunction } from '../../engine/trading/trade-function.ts';
import type { OracleControl, OracleQuote, OracleSession } from './oracle/session.ts';
import type { OracleResult } from './oracle/trading.ts';
import { TradingRun } from './trading-run.ts';
import { price, resultOf, shares } from './trading-session.ts';

/** Plays a session that a test wrote down through the product's own stamper, as the session source does with files. */
export class StampedSessionReader implements SourceReader<Quote | StartingPosition> {
  readonly stamper: SessionStamper;
  readonly #input: OracleSession['input'];
  readonly #alwaysAligned: boolean;
  readonly #symbols = new SymbolTable();
  readonly #ledger = new RowLedger('test');
  readonly #batch = createQuoteBatch(1);
  #rules: RulesDocument;
  #next = 0;

  constructor(session: OracleSession, alwaysAligned = false) {
    this.#input = session.input;
    this.#alwaysAligned = alwaysAligned;
    this.#rules = session.rules;
    const { defaults } = resolveRules(session.rules);
    this.stamper = new SessionStamper(this.#symbols, {
      outOfOrdernessMs: defaults.outOfOrdernessMs,
      maxFutureMs: defaults.maxFutureMs,
      positions: session.positions.map((position) => ({
        ...position,
        shares: shares(position.shares),
        buyPrice: price(position.buyPrice),
      })),
      alignFullSeconds: alwaysAligned || needsAlignments(session.rules),
      drivesProcessingTime: true,
      dropsLate: (symbol) => (ruleOf(this.#rules, symbol, 'lateQuotes') ?? 'drop') === 'drop',
    });
  }

  pollNext(output: ReaderOutput<Quote | StartingPosition>, recordsMax: number): InputStatus {
    const until = this.stamper.emittedRecords + recordsMax;
    while (this.stamper.emittedRecords < until) {
      const room = until - this.stamper.emittedRecords;
      if (this.stamper.releasing) {
        const before = this.stamper.emittedRecords;
        this.stamper.release(output, room);
        // Positions that wait ahead of a held-back quote may need more room than is left.
        if (this.stamper.emittedRecords === before) break;
        continue;
      }
      const item = this.#input[this.#next];
      if (item === undefined) {
        this.stamper.end(output);
        return 'end-of-input';
      }
      if (item.kind === 'clock') throw new Error('Steps of a live clock are played by the simulation.');
      if (item.kind !== 'quote') this.#control(item, output);
      else if (!this.#offer(item, output, room)) break;
      this.#next += 1;
    }
    return 'more-available';
  }

  isAvailable(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }

  #control(control: OracleControl, output: ReaderOutput<Quote | StartingPosition>): void {
    if (control.kind === 'rules') {
      this.#rules = control.rules;
      this.stamper.setAlignFullSeconds(this.#alwaysAligned || needsAlignments(control.rules));
    }
    const record: ControlRecord =
      control.kind === 'rules'
        ? { kind: 'rules', rules: control.rules, version: 1 }
        : { kind: control.kind, by: 'test' };
    output.output(CONTROL, record, this.stamper.greatestMs);
  }

  #offer(quote: OracleQuote, output: ReaderOutput<Quote | StartingPosition>, room: number): boolean {
    const batch = this.#batch;
    batch.symbol[0] = this.#symbols.intern(quote.symbol);
    batch.time[0] = quote.timeMs;
    batch.bid[0] = Math.max(0, price(quote.bid));
    batch.bidSize[0] = shares(quote.bidSize);
    batch.ask[0] = Math.max(0, price(quote.ask));
    batch.askSize[0] = shares(quote.askSize);
    batch.rows[0] = 1;
    return this.stamper.offer(batch, 0, this.#ledger, output, room);
  }
}

/** A session through the product's own stamper and trade function; only files, threads and rings are left out. */
export function runStamped(session: OracleSession, subtasks: number, alwaysAligned = false): OracleResult {
  const { run, reader } = playStamped(session, subtasks, alwaysAligned);
  const result = resultOf(run);
  expect(reader.stamper.lateQuotes).toBe(result.late.length);
  return result;
}

/** As `runStamped`, for whoever asks the run itself. */
export function playStamped(
  session: OracleSession,
  subtasks: number,
  alwaysAligned = false,
): { readonly run: TradingRun; readonly reader: StampedSessionReader } {
  const run = new TradingRun(() => new TradeFunction({ rules: session.rules, historySampleMs: null }), subtasks);
  const reader = new StampedSessionReader(session, alwaysAligned);
  const output = outputTo(run);
  // Little room, so that it also ends between the positions that one quote lets in.
  while (reader.pollNext(output, 2) !== 'end-of-input');
  return { run, reader };
}

function outputTo(run: TradingRun): ReaderOutput<Quote | StartingPosition> {
  return {
    collect: (record, timestampMs) => {
      if (record.kind === 'quote') run.quote({ ...record }, timestampMs);
      else
        run.position(
          record.symbol,
          record.shares,
          record.buyPrice,
          record.ttlMs < 0 ? null : record.ttlMs,
          timestampMs,
        );
    },
    output: (_tag, control, timestampMs) => run.control(control as ControlRecord, timestampMs),
    announceSymbols: () => undefined,
    emitWatermark: (watermarkMs) => run.watermark(watermarkMs),
    emitProcessingTime: (timestampMs) => run.processingTime(timestampMs),
    emitAlignment: (timestampMs) => run.align(timestampMs),
    markIdle: () => undefined,
  };
}
