import type { QuoteBatch } from '../../engine/connectors/sources/quote-batch.ts';
import { createQuoteBatch } from '../../engine/connectors/sources/quote-batch.ts';
import type { FillStatus, QuoteInput } from '../../engine/connectors/sources/quote-input.ts';
import { RowLedger } from '../../engine/connectors/sources/row-ledger.ts';
import { QUOTE_IS_STALE, RecordedMark } from '../../engine/connectors/sources/session-marks.ts';
import type { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import type { ControlRecord } from '../../engine/trading/records.ts';
import type { OracleClock, OracleControl, OracleQuote } from '../support/oracle/session.ts';
import { price, shares } from '../support/trading-session.ts';
import type { Draws } from './draws.ts';
import type { ScriptedItem } from './drawn-session.ts';

const BATCH_QUOTES_MAX = 12;

export interface ScriptedInputOptions {
  readonly name: string;
  readonly items: readonly ScriptedItem[];
  readonly trailing: readonly OracleControl[];
  readonly symbols: SymbolTable;
  /** How many quotes come at a time, and when none is at hand: another thing at every reading, as with a file or a socket. */
  readonly draws: Draws;
  /** Whether a control may come by itself, without a quote in the same batch: one input only, for there is no merging then. */
  readonly controlsComeAlone: boolean;
  /** The recording of a live session. */
  readonly isLive: boolean;
}

/** An input of a session as a decoder would be: batches of quotes, recorded controls between them, rows that are none. */
export class ScriptedInput implements QuoteInput {
  readonly name: string;
  readonly ledger: RowLedger;
  readonly batch: QuoteBatch = createQuoteBatch(BATCH_QUOTES_MAX);
  readonly #options: ScriptedInputOptions;
  #controls: { readonly index: number; readonly control: OracleControl | OracleClock }[] = [];
  #next = 0;
  /** Controls ahead of the next quote were handed out by themselves. */
  #controlsGiven = false;
  #ended = false;

  constructor(options: ScriptedInputOptions) {
    this.name = options.name;
    this.ledger = new RowLedger(options.name);
    this.#options = options;
    if (options.isLive) {
      const received = new Float64Array(BATCH_QUOTES_MAX);
      this.batch.live = { received, flags: new Int32Array(BATCH_QUOTES_MAX) };
    }
  }

  get nextControlIndex(): number {
    return this.#controls[0]?.index ?? Infinity;
  }

  takeControl(): ControlRecord | RecordedMark {
    const { control } = this.#controls.shift() as { control: OracleControl | OracleClock };
    return recordOf(control);
  }

  fill(): FillStatus {
    const { draws, items, trailing, controlsComeAlone } = this.#options;
    if (this.#ended) return 'ended';
    if (draws.chance(0.08)) return 'waiting';
    const { batch } = this;
    batch.from = 0;
    batch.to = 0;
    const item = items.at(this.#next);
    if (item === undefined) {
      this.#ended = true;
      this.#controls = trailing.map((control) => ({ index: 0, control }));
      return 'ended';
    }
    if (controlsComeAlone && !this.#controlsGiven && item.controls.length > 0 && draws.chance(0.5)) {
      this.#controlsGiven = true;
      this.#controls = item.controls.map((control) => ({ index: 0, control }));
      return 'marks';
    }
    const count = Math.min(items.length - this.#next, draws.int(1, BATCH_QUOTES_MAX));
    for (let index = 0; index < count; index += 1) this.#put(index, items[this.#next + index]);
    this.#next += count;
    batch.to = count;
    return 'filled';
  }

  async whenReady(): Promise<void> {}

  progress(): { readonly read: number; readonly total: number } {
    return { read: this.#next, total: this.#options.items.length };
  }

  position(): number {
    return this.#next;
  }

  async close(): Promise<void> {}

  #put(index: number, item: ScriptedItem): void {
    const { batch, ledger } = this;
    const { quote, rows, controls, ignoredRows, malformedRows } = item;
    const line = this.#next + index + 1;
    if (!this.#controlsGiven) this.#controls.push(...controls.map((control) => ({ index, control })));
    this.#controlsGiven = false;
    ledger.rowsRead += rows + ignoredRows + malformedRows;
    ledger.ignoredRows += ignoredRows;
    if (malformedRows > 0) ledger.quarantine('bad-number', line, 'not a quote', malformedRows);
    putQuote(batch, index, quote, this.#options.symbols);
    (batch.line as Float64Array)[index] = line;
    (batch.rows as Uint8Array)[index] = rows;
  }
}

function putQuote(batch: QuoteBatch, index: number, quote: OracleQuote, symbols: SymbolTable): void {
  batch.symbol[index] = symbols.intern(quote.symbol);
  batch.time[index] = quote.timeMs;
  batch.bid[index] = Math.max(0, price(quote.bid));
  batch.bidSize[index] = shares(quote.bidSize);
  batch.ask[index] = Math.max(0, price(quote.ask));
  batch.askSize[index] = shares(quote.askSize);
  if (batch.live === undefined || batch.live === null) return;
  batch.live.received[index] = quote.receivedMs as number;
  batch.live.flags[index] = quote.isStale === true ? QUOTE_IS_STALE : 0;
}

function recordOf(control: OracleControl | OracleClock): ControlRecord | RecordedMark {
  if (control.kind === 'clock') {
    const { eventTimeMs, processingMs } = control;
    return new RecordedMark({ kind: 'clock', eventTimeMs, processingTimeMs: processingMs });
  }
  return control.kind === 'rules'
    ? { kind: 'rules', rules: control.rules, version: 1 }
    : { kind: control.kind, by: 'simulation' };
}
