import fc from 'fast-check';
import type { OracleControl, OraclePosition, OracleQuote, OracleRules, OracleSession } from './oracle/session.ts';

/** A few symbols, quotes close to the ask and in the same milliseconds, so that every rule and every tie is met often. */
const SYMBOLS = ['A', 'B', 'C'] as const;
/** 2013-11-02 23:59:58 in New York, where the clocks go back in the night: days begin and differ from UTC's. */
const START_MS = 1_383_451_198_000;

const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const cents = (min: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map((value) => (value / 100).toFixed(2));

const amount = fc.oneof(
  oneOf('0.10', '0.01', '0.125', '0', '0.5'),
  fc.record({ percent: oneOf('0.5', '0.01', '1', '0.125', '100') }),
);

const symbolRules = fc.record(
  {
    priceStep: oneOf('0.01', '0.05', '1', '0.00000001'),
    tradeWhen: oneOf('above', 'at-or-above'),
    askOffset: oneOf('0.10', '0', '0.05', '1'),
    askIncrease: fc.record({ from: oneOf('trade-price', 'ask'), amount }),
    fill: oneOf('partial', 'partial', 'all-or-none'),
    maxSharesPerTrade: oneOf<string | null>(null, '10', '3.5'),
    ttlMs: oneOf(0, 1, 50, 1_000, 60_000),
    decayEveryMs: oneOf(1, 7, 100, 3_000),
    decayAmount: amount,
    askFloor: fc.oneof(
      oneOf<unknown>('none', { price: '99.95' }, { price: '0' }),
      fc.record({ percentOfBuy: oneOf('95', '99.97', '0.001', '100', '101') }),
    ),
    tradeResetsTtl: fc.boolean(),
    ignoreCrossedQuotes: fc.boolean(),
    time: oneOf('event', 'event', 'processing'),
  },
  { requiredKeys: [] },
);

const limits = fc.record(
  {
    maxTradesPerSecond: oneOf(0, 1, 2, 3),
    maxTradesPerDay: oneOf(1, 3, 10, 20),
    maxNotionalPerTrade: oneOf('500', '2000.5'),
    maxNotionalPerDay: oneOf('0', '300', '2000'),
    maxLossPerDay: oneOf('0', '0.05', '2'),
  },
  { requiredKeys: [] },
);

interface RulesShape {
  defaults: Record<string, unknown>;
  symbols: Record<string, Record<string, unknown>>;
  limits: Record<string, unknown>;
}
/** What stays the same through a session: the session's own rules, the zone, and who drops late quotes. */
const fixedRules = fc.record({
  outOfOrdernessMs: oneOf(0, 0, 5, 1_500),
  maxFutureMs: oneOf(100_000, 100_000, 2_000, 50),
  lateQuotes: oneOf('drop', 'process'),
  timeZone: oneOf('UTC', 'America/New_York'),
});
const changingRules: fc.Arbitrary<RulesShape> = fc.record({
  defaults: symbolRules,
  symbols: fc.dictionary(oneOf(...SYMBOLS), symbolRules, { maxKeys: 2 }),
  limits: fc.oneof(fc.constant({}), limits),
});

type Item = {
  readonly gapMs: number;
  readonly item:
    OracleQuote | { readonly kind: 'halt' | 'rearm' } | { readonly kind: 'change'; readonly rules: RulesShape };
};

const quote: fc.Arbitrary<OracleQuote> = fc.record({
  kind: fc.constant('quote' as const),
  symbol: fc.oneof({ weight: 9, arbitrary: oneOf<string>(...SYMBOLS) }, { weight: 1, arbitrary: oneOf('NOT HELD') }),
  bid: fc.oneof(
    { weight: 12, arbitrary: cents(9_980, 10_060) },
    { weight: 1, arbitrary: oneOf('', '0', '-1', '99.99999999') },
  ),
  bidSize: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 9 }).map(String) },
    { weight: 2, arbitrary: oneOf('', '0', '0.5', '1000') },
  ),
  ask: fc.oneof({ weight: 3, arbitrary: cents(10_000, 10_100) }, { weight: 1, arbitrary: oneOf('', '0') }),
  askSize: oneOf('', '1', '100'),
  timeMs: fc.constant(0),
});

const item: fc.Arbitrary<Item> = fc.record({
  gapMs: fc.oneof(
    { weight: 4, arbitrary: oneOf(0) },
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 20 }) },
    { weight: 1, arbitrary: oneOf(-1, -5, -6, -1_500, -1_501, -70_000) },
    { weight: 2, arbitrary: oneOf(400, 999, 1_000, 1_001) },
    { weight: 1, arbitrary: oneOf(1_900, 5_000, 70_000, 150_000) },
  ),
  item: fc.oneof(
    { weight: 30, arbitrary: quote },
    { weight: 1, arbitrary: fc.record({ kind: oneOf('halt' as const, 'rearm' as const, 'rearm' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('change' as const), rules: changingRules }) },
  ),
});

const position: fc.Arbitrary<OraclePosition> = fc.record({
  symbol: oneOf<string>(...SYMBOLS, 'NEVER QUOTED'),
  shares: oneOf('10', '25', '0.75', '1000000', '1000000'),
  buyPrice: oneOf('100.00', '100.05', '99.90', '100.12345678', '100.40'),
  ttlMs: oneOf<number | null>(null, null, 0, 10, 1_000),
  openedAt: oneOf<number | null>(
    null,
    null,
    START_MS - 100_000,
    START_MS,
    START_MS + 7,
    START_MS + 1_990,
    START_MS + 9e9,
  ),
});

/** A whole session with its rules. */
export const randomSession: fc.Arbitrary<OracleSession> = fc
  .record({
    fixed: fixedRules,
    first: changingRules,
    positions: fc.array(position, { minLength: 1, maxLength: 6 }),
    items: fc.array(item, { minLength: 1, maxLength: 120, size: 'max' }),
  })
  .map(({ fixed, first, positions, items }) => {
    const { timeZone, ...ofSession } = fixed;
    const rules = (shape: RulesShape): OracleRules => ({
      version: 1,
      defaults: { ...shape.defaults, ...ofSession },
      symbols: shape.symbols,
      limits: { ...shape.limits, timeZone },
    });
    let timeMs = START_MS;
    const input = items.map(({ gapMs, item: next }): OracleQuote | OracleControl => {
      if (next.kind === 'change') return { kind: 'rules', rules: rules(next.rules) };
      if (next.kind !== 'quote') return next;
      timeMs += gapMs;
      const stamped = { ...next, timeMs };
      // A step back or far ahead is one quote's own mistake as often as it is a new time.
      if (gapMs < 0 || (gapMs === 150_000 && next.bidSize !== '5')) timeMs -= gapMs;
      return stamped;
    });
    return { rules: rules(first), positions, input };
  });
