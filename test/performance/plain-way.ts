import { parentPort, Worker } from 'node:worker_threads';
import { from, groupBy, mergeMap, scan, type Observable } from 'rxjs';
import { symbolName, type MarketColumns } from './market-in-memory.ts';

/** A quote and a position as objects: how one writes it first. */
interface PlainQuote {
  readonly symbol: string;
  readonly bid: number;
  readonly bidSize: number;
  readonly ask: number;
  readonly askSize: number;
  readonly timeMs: number;
}

interface PlainPosition {
  askPrice: number;
  shares: number;
  trades: number;
  reasons: number;
  last: PlainQuote | null;
}

const ASK_INCREASE = 10_000_000;
const SHARE = 1_000_000;

function apply(position: PlainPosition, quote: PlainQuote): PlainPosition {
  position.last = quote;
  const trades =
    quote.bid > 0 && (quote.ask <= 0 || quote.bid <= quote.ask) && quote.bid > position.askPrice && quote.bidSize > 0;
  if (trades) {
    position.shares -= Math.min(position.shares, quote.bidSize, SHARE);
    position.askPrice = quote.bid + ASK_INCREASE;
    position.trades += 1;
  } else {
    position.reasons += 1;
  }
  return position;
}

function newPosition(first: PlainQuote): PlainPosition {
  return { askPrice: first.bid + ASK_INCREASE, shares: Number.MAX_SAFE_INTEGER, trades: 0, reasons: 0, last: null };
}

function quoteAt(market: MarketColumns, index: number): PlainQuote {
  const at = index & (market.symbol.length - 1);
  const risen = market.rise[at] * Math.floor(index / market.symbol.length);
  return {
    symbol: symbolName(market.symbol[at]),
    bid: market.bid[at] + risen,
    bidSize: market.bidSize[at],
    ask: market.ask[at] + risen,
    askSize: market.askSize[at],
    timeMs: index / 1000,
  };
}

/** Told to the sender every so often, so that the receiver's queue does not fill the memory. */
const ACKNOWLEDGE_EVERY = 10_000;

/** Objects sent to a second thread one by one, a Map of positions there. @returns quotes per second */
export async function postMessageRun(market: MarketColumns, quotes: number): Promise<number> {
  const worker = new Worker(new URL('./plain-worker.js', import.meta.url));
  let acknowledged = 0;
  let wake: () => void = () => undefined;
  worker.on('message', (count: number) => {
    acknowledged = count;
    wake();
  });
  const reaches = async (count: number): Promise<void> => {
    while (acknowledged < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const send = async (start: number, end: number): Promise<void> => {
    for (let index = start; index < end; index += 1) {
      worker.postMessage(quoteAt(market, index));
      if ((index + 1) % ACKNOWLEDGE_EVERY === 0) await reaches(index + 1 - ACKNOWLEDGE_EVERY);
    }
    await reaches(end);
  };
  try {
    await send(0, ACKNOWLEDGE_EVERY * 2);
    const startedMs = performance.now();
    await send(ACKNOWLEDGE_EVERY * 2, ACKNOWLEDGE_EVERY * 2 + quotes);
    return (quotes / (performance.now() - startedMs)) * 1000;
  } finally {
    await worker.terminate();
  }
}

/** One thread, RxJS: groupBy the symbol, scan over its position. @returns quotes per second */
export async function rxjsRun(market: MarketColumns, quotes: number): Promise<number> {
  function* source(): Generator<PlainQuote> {
    for (let index = 0; index < quotes; index += 1) yield quoteAt(market, index);
  }
  const positions: Observable<PlainPosition> = from(source()).pipe(
    groupBy((quote) => quote.symbol),
    mergeMap((group) =>
      group.pipe(scan((position: PlainPosition | null, quote) => apply(position ?? newPosition(quote), quote), null)),
    ),
  ) as Observable<PlainPosition>;
  const startedMs = performance.now();
  await new Promise<void>((resolve, reject) => {
    positions.subscribe({ complete: resolve, error: reject });
  });
  return (quotes / (performance.now() - startedMs)) * 1000;
}

/** The second thread. */
export function receiveQuotes(): void {
  const positions = new Map<string, PlainPosition>();
  let received = 0;
  parentPort?.on('message', (quote: PlainQuote) => {
    const position = positions.get(quote.symbol);
    if (position === undefined) positions.set(quote.symbol, newPosition(quote));
    else apply(position, quote);
    received += 1;
    if (received % ACKNOWLEDGE_EVERY === 0) parentPort?.postMessage(received);
  });
}
