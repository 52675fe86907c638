import type { SinkContext, SinkWriter } from '../../api/sink.ts';
import { formatPrice, formatShares } from '../../core/decimal.ts';
import type { Execution } from '../../trading/executions.ts';
import type { Volume } from '../../trading/volumes.ts';
import { formatBarPrice } from './bars-csv.ts';
import { csvField } from './trades-csv.ts';

export const EXECUTIONS_CSV_HEADER = 'id,symbol,shares,price,eventTimeMs,bid,ask,mid,quoteAgeMs,vwap';

interface KeptExecution {
  readonly timeMs: number;
  readonly symbol: string;
  readonly sequence: number;
  /** Of the line, ahead of the volume-weighted price. */
  readonly fields: string;
}

/** Collects executions and what was traded around them, and writes both as lines of CSV. Coordinator thread only. */
export class ExecutionsCollector {
  readonly #intervalMs: number;
  readonly #executions: KeptExecution[] = [];
  /** Volume-weighted, by symbol and start of the interval. */
  readonly #prices = new Map<string, number>();
  readonly executions: SinkWriter<Execution> = { write: (one, context) => this.#take(one, context) };
  /** The last one of an interval is the whole of it. */
  readonly volumes: SinkWriter<Volume> = {
    write: ({ symbol, startMs, price }) => this.#prices.set(nameOf(symbol, startMs), price),
  };

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  get count(): number {
    return this.#executions.length;
  }

  /** By event time, then quote sequence, as the trades file. */
  *lines(): Generator<string> {
    yield `${EXECUTIONS_CSV_HEADER}\n`;
    this.#executions.sort((left, right) => left.timeMs - right.timeMs || left.sequence - right.sequence);
    for (const { timeMs, symbol, fields } of this.#executions) {
      const price = this.#prices.get(nameOf(symbol, Math.floor(timeMs / this.#intervalMs) * this.#intervalMs));
      yield `${fields},${price === undefined ? '' : formatPrice(price)}\n`;
    }
  }

  #take({ symbol, quoteSequence, shares, price, bid, ask, quoteTimeMs }: Execution, context: SinkContext): void {
    const timeMs = context.timestamp() as number;
    const fields = [
      csvField(`${quoteSequence}-${symbol}`),
      csvField(symbol),
      formatShares(shares),
      formatPrice(price),
      timeMs,
      bid > 0 ? formatPrice(bid) : '',
      ask > 0 ? formatPrice(ask) : '',
      bid > 0 && ask > 0 ? formatBarPrice(bid + ask) : '',
      Number.isNaN(quoteTimeMs) ? '' : timeMs - quoteTimeMs,
    ];
    this.#executions.push({ timeMs, symbol, sequence: quoteSequence, fields: fields.join(',') });
  }
}

function nameOf(symbol: string, startMs: number): string {
  return `${startMs} ${symbol}`;
}
