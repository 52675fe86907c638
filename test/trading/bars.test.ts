import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BAR_INTERVALS_MS,
  BAR_PRICE_OFFSET,
  BAR_PRICES,
  BAR_SHARES_WORD,
  BAR_WORDS,
} from '../../engine/contract/bars.ts';
import { KeyedTwoInputStreamOperatorTestHarness } from '../../engine/runtime/harness/keyed-harnesses.ts';
import { KeyedStreamTestHarness } from '../../engine/runtime/harness/stream-harnesses.ts';
import { TumblingEventTimeWindows } from '../../engine/api/windows/tumbling-windows.ts';
import { BARS_TO_BAR, QUOTES_TO_BAR } from '../../engine/trading/bars/bar-accumulators.ts';
import { decodeBar, encodeBar, startOf } from '../../engine/trading/bars/bar-coding.ts';
import { BARS_KEPT, BarHistory } from '../../engine/trading/bars/bar-history.ts';
import { EveryInterval } from '../../engine/trading/bars/every-interval.ts';
import { FinishBar } from '../../engine/trading/bars/finish-bar.ts';
import type { Volume } from '../../engine/trading/volumes.ts';
import { BAR, TIMED_QUOTE, type Bar, type TimedQuote } from '../../engine/trading/bars/bar-records.ts';

const price = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 99 }) },
);
const quotes: fc.Arbitrary<TimedQuote[]> = fc
  .array(
    fc.record({
      symbol: fc.constantFrom('A', 'B'),
      timeMs: fc.integer({ min: 0, max: 20_000 }),
      bid: price,
      ask: price,
    }),
    {
      maxLength: 60,
    },
  )
  .map((list) => list.map((quote, sequence) => ({ kind: 'timed-quote', sequence, ...quote })));

/** Open, high, low, close of what is left of a list, in the plainest way. */
function rangeOf(values: readonly number[]): readonly number[] {
  const there = values.filter((value) => value > 0);
  if (there.length === 0) return [0, 0, 0, 0];
  return [there[0], Math.max(...there), Math.min(...there), there[there.length - 1]];
}

/** The bars of one length of some quotes, by sorting and looking. */
function plainBars(given: readonly TimedQuote[], intervalMs: number): string[] {
  const inTime = [...given].sort((left, right) => left.timeMs - right.timeMs || left.sequence - right.sequence);
  const groups = new Map<string, TimedQuote[]>();
  for (const quote of inTime) {
    const name = `${quote.symbol} ${Math.floor(quote.timeMs / intervalMs) * intervalMs}`;
    groups.set(name, [...(groups.get(name) ?? []), quote]);
  }
  return [...groups]
    .map(([name, list]) => {
      const bid = rangeOf(list.map((quote) => quote.bid * 2));
      const ask = rangeOf(list.map((quote) => quote.ask * 2));
      const mid = rangeOf(list.map((quote) => (quote.bid > 0 && quote.ask > 0 ? quote.bid + quote.ask : 0)));
      return `${name}: ${[...bid, ...ask, ...mid].join(' ')} ${list.length}`;
    })
    .sort();
}

function textOf(bar: Bar): string {
  const fields = bar as unknown as Record<string, number>;
  const prices = BAR_PRICES.flatMap((one) => ['Open', 'High', 'Low', 'Close'].map((part) => fields[`${one}${part}`]));
  return `${bar.symbol} ${bar.startMs}: ${prices.join(' ')} ${bar.quotes}`;
}

/** Bars of a second of quotes that arrive in any order within the session. */
function secondsOf(given: readonly TimedQuote[]): Bar[] {
  const harness = new KeyedStreamTestHarness<string, TimedQuote, Bar>(
    (stream) => stream.window(TumblingEventTimeWindows.of(1000)).aggregate(QUOTES_TO_BAR, new FinishBar('first')),
    'symbol',
    { structs: [TIMED_QUOTE] },
  );
  for (const quote of given) harness.processElement(quote, quote.timeMs);
  harness.processWatermark(Infinity);
  return harness.extractOutputValues();
}

describe('bars', () => {
  test('of a second are what sorting and looking gives, whatever the order of arrival', () => {
    fc.assert(
      fc.property(quotes, (given) => {
        expect(secondsOf(given).map(textOf).sort()).toEqual(plainBars(given, 1000));
      }),
    );
  });

  test('of longer intervals, made of those of a second, are the same as made of the quotes', () => {
    fc.assert(
      fc.property(quotes, (given) => {
        const harness = new KeyedStreamTestHarness<string, Bar, Bar>(
          (stream) => stream.window(new EveryInterval([5_000, 60_000])).aggregate(BARS_TO_BAR, new FinishBar('first')),
          'symbol',
          { structs: [BAR] },
        );
        for (const bar of secondsOf(given)) harness.processElement(bar, bar.endMs - 1);
        const latest = new Map(
          harness.extractOutputValues().map((bar) => [`${bar.symbol} ${bar.startMs} ${bar.endMs}`, bar]),
        );
        const ofLength = (intervalMs: number): string[] =>
          [...latest.values()]
            .filter(({ startMs, endMs }) => endMs - startMs === intervalMs)
            .map(textOf)
            .sort();

        expect(ofLength(5_000)).toEqual(plainBars(given, 5_000));
        expect(ofLength(60_000)).toEqual(plainBars(given, 60_000));
      }),
    );
  });

  test('of two accumulators that meet are those of all their quotes', () => {
    fc.assert(
      fc.property(quotes, fc.nat(60), (given, cut) => {
        const grow = (list: readonly TimedQuote[]) =>
          list.reduce((bar, quote) => QUOTES_TO_BAR.add(quote, bar), QUOTES_TO_BAR.createAccumulator());

        expect(QUOTES_TO_BAR.merge(grow(given.slice(0, cut)), grow(given.slice(cut)))).toEqual(grow(given));
      }),
    );
  });
});

test('a bar as text comes back as it was', () => {
  const word = fc.oneof(fc.constant(0), fc.maxSafeNat(), fc.integer({ min: 0, max: 99 }));
  fc.assert(
    fc.property(fc.integer(), fc.array(word, { minLength: 1, maxLength: 15 }), (start, words) => {
      expect(decodeBar(encodeBar([start, ...words]))).toEqual([start, ...words]);
      expect(startOf(encodeBar([start, ...words]))).toBe(start);
    }),
  );
});

describe('the history of bars', () => {
  const [first] = secondsOf([{ kind: 'timed-quote', symbol: 'A', timeMs: 0, sequence: 0, bid: 1, ask: 1 }]);
  const barAt = (startMs: number, endMs: number, close: number): Bar => ({
    ...first,
    startMs,
    endMs,
    midClose: close * 2,
  });

  test('gives the newest form of a bar that grows, and forgets the oldest', () => {
    const harness = new KeyedTwoInputStreamOperatorTestHarness<string, Bar, Volume, never>(
      new BarHistory(),
      'symbol',
      'symbol',
      {
        structs: [BAR],
      },
    );
    const { '1m': minuteMs, '1s': secondMs } = BAR_INTERVALS_MS;
    for (let at = 0; at < 2000; at += 1) harness.processElement1(barAt(at * secondMs, (at + 1) * secondMs, 5));
    for (const close of [3, 4]) harness.processElement1(barAt(0, minuteMs, close));

    const seconds = harness.query('bars', 'A', { intervalMs: secondMs, fromMs: 0 }) as number[];
    const newest = harness.query('bars', 'A', { intervalMs: secondMs, fromMs: 1_998 * secondMs }) as number[];
    const minutes = harness.query('bars', 'A', { intervalMs: minuteMs, fromMs: 0 }) as number[];

    expect(seconds.length / BAR_WORDS).toBeGreaterThanOrEqual(BARS_KEPT);
    expect(seconds.length / BAR_WORDS).toBeLessThanOrEqual(BARS_KEPT * 1.25);
    expect(newest.length / BAR_WORDS).toBe(2);
    expect(minutes.length / BAR_WORDS).toBe(1);
    expect(minutes[BAR_PRICE_OFFSET.mid + 3]).toBe(8);
    expect(minutes.slice(BAR_SHARES_WORD)).toEqual([0, 0]);
  });

  test('sets what was traded beside the bar in which it was, however late it is told', () => {
    const harness = new KeyedTwoInputStreamOperatorTestHarness<string, Bar, Volume, never>(
      new BarHistory(),
      'symbol',
      'symbol',
      { structs: [BAR] },
    );
    const volume = (startMs: number, shares: number, priceHalves: number): Volume => ({
      ...{ kind: 'volume', symbol: 'A', startMs, endMs: startMs + 1000, trades: 1 },
      ...{ shares, priceHalves, price: 0 },
    });
    for (const startMs of [0, 1000, 3000]) harness.processElement1(barAt(startMs, startMs + 1000, 5));

    harness.processElement2(volume(1000, 2, 20));
    harness.processElement2(volume(1000, 3, 21));
    harness.processElement2(volume(3000, 4, 21));
    harness.processElement2(volume(1000, 5, 22));

    const bars = harness.query('bars', 'A', { intervalMs: 1000, fromMs: 0 }) as number[];
    const traded = [0, 1, 2].map((index) => bars.slice(index * BAR_WORDS + BAR_SHARES_WORD, (index + 1) * BAR_WORDS));
    expect(traded).toEqual([
      [0, 0],
      [5, 22],
      [4, 21],
    ]);
  });
});
