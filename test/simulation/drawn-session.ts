import type {
  OracleClock,
  OracleControl,
  OraclePosition,
  OracleQuote,
  OracleRules,
  OracleSession,
} from '../support/oracle/session.ts';
import type { Draws } from './draws.ts';
import { drawRules, drawSessionRules } from './drawn-rules.ts';

/** A quote of an input, what stands ahead of it, and how many rows it is made of. */
export interface ScriptedItem {
  readonly quote: OracleQuote;
  readonly rows: number;
  readonly controls: readonly (OracleControl | OracleClock)[];
  /** Rows ahead of it that are no quotes. */
  readonly ignoredRows: number;
  readonly malformedRows: number;
}

type Oddity = 'duplicated' | 'shuffled' | 'live';

export interface ScriptedSession {
  readonly rules: OracleRules;
  readonly positions: readonly OraclePosition[];
  readonly inputs: readonly (readonly ScriptedItem[])[];
  /** Behind the last quote of each input. */
  readonly trailing: readonly (readonly OracleControl[])[];
  /** What was done to the feed. */
  readonly oddities: readonly Oddity[];
  /** The recording of a live session: quotes bring the processing clock, some are stale, time goes on without any. */
  readonly isLive: boolean;
}

const SYMBOLS = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L'] as const;
/** 2013-11-02 23:59:58 in New York, where the clocks go back in the night: days begin and differ from UTC's. */
const START_MS = 1_383_451_198_000;

/** A session: a few symbols, quotes close to the ask and in the same milliseconds, so that rules and ties are met often. */
export function drawSession(draws: Draws): ScriptedSession {
  const symbols = SYMBOLS.slice(0, draws.int(1, draws.chance(0.3) ? 12 : 5));
  const ofSession = drawSessionRules(draws, symbols);
  const rules = drawRules(draws, ofSession, symbols);
  const quotes = drawQuotes(draws, symbols);
  const oddities: Oddity[] = [];
  if (draws.chance(0.15)) {
    oddities.push('shuffled');
    shuffleRuns(draws, quotes);
  }
  const inputCount = draws.weighted([
    [5, 1],
    [3, 2],
    [2, 3],
  ]);
  const inputs: ScriptedItem[][] = Array.from({ length: inputCount }, () => []);
  for (const quote of quotes) draws.of(inputs).push(drawItem(draws, quote, ofSession, symbols));
  const isLive = inputCount === 1 && draws.chance(0.3);
  if (isLive) {
    oddities.push('live');
    inputs[0] = asTheyCame(draws, inputs[0]);
  } else if (draws.chance(0.12)) {
    oddities.push('duplicated');
    inputs.push(draws.of(inputs).map((item) => ({ ...item, controls: [] })));
  }
  return {
    rules,
    positions: drawPositions(draws, symbols),
    inputs,
    trailing: inputs.map(() => (draws.chance(0.1) ? [drawControl(draws, ofSession, symbols)] : [])),
    oddities,
    isLive,
  };
}

/** When each quote came by the processing clock, and what that clock did between them. */
function asTheyCame(draws: Draws, items: readonly ScriptedItem[]): ScriptedItem[] {
  let processingMs = START_MS + draws.int(-2_000, 2_000);
  let newestMs = START_MS;
  return items.map((item) => {
    const ahead: (OracleControl | OracleClock)[] = [...item.controls];
    while (draws.chance(0.12)) {
      processingMs += draws.of([0, 1, 100, 1_000, 4_000]);
      const eventTimeMs = draws.chance(0.3) ? null : newestMs + draws.of([-5, 0, 1, 60, 999, 1_000, 3_500]);
      ahead.splice(draws.int(0, ahead.length), 0, { kind: 'clock', processingMs, eventTimeMs });
    }
    // The clock stands where the last step or quote left it, or goes on; steps are told in its order.
    const sorted = inOrderOfClock(ahead);
    processingMs += draws.of([0, 0, 1, 7, 120]);
    newestMs = Math.max(newestMs, item.quote.timeMs);
    const quote = { ...item.quote, receivedMs: processingMs, ...(draws.chance(0.06) && { isStale: true }) };
    return { ...item, quote, controls: sorted };
  });
}

/** Steps of the clock, wherever they were put between the controls, one after the other in time. */
function inOrderOfClock(ahead: readonly (OracleControl | OracleClock)[]): (OracleControl | OracleClock)[] {
  const clocks = ahead.filter((next) => next.kind === 'clock').sort((a, b) => a.processingMs - b.processingMs);
  return ahead.map((next) => (next.kind === 'clock' ? (clocks.shift() as OracleClock) : next));
}

function drawQuotes(draws: Draws, symbols: readonly string[]): OracleQuote[] {
  const quotes: OracleQuote[] = [];
  const count = draws.int(30, draws.chance(0.15) ? 200 : 80);
  let timeMs = START_MS + draws.of([0, 0, 500, 1_999, 3_600_000, 86_398_000]);
  // Most quotes of a second, so that limits are met; now and then a session of single ones.
  const slow = draws.chance(0.3);
  while (quotes.length < count) {
    const gapMs = drawGap(draws, slow);
    timeMs += gapMs;
    quotes.push({ ...drawQuote(draws, symbols), timeMs });
    // A step back is one quote's own mistake as often as it is a new time; one far ahead mostly is.
    if (gapMs < 0 || (gapMs >= 150_000 && draws.chance(0.6))) timeMs -= gapMs;
  }
  return quotes;
}

function drawGap(draws: Draws, slow: boolean): number {
  return draws.weighted<() => number>([
    [4, () => 0],
    [6, () => draws.int(1, 20)],
    [slow ? 6 : 1.5, () => draws.of([400, 999, 1_000, 1_001])],
    [1, () => draws.of([-1, -5, -6, -1_500, -1_501, -70_000])],
    [0.8, () => draws.of([1_900, 5_000, 70_000])],
    [0.6, () => draws.of([150_000, 150_000, 7_200_000])],
  ])();
}

function drawQuote(draws: Draws, symbols: readonly string[]): OracleQuote {
  const cents = (min: number, max: number): string => (draws.int(min, max) / 100).toFixed(2);
  return {
    kind: 'quote',
    symbol: draws.chance(0.05) ? 'NOT HELD' : draws.of(symbols),
    bid: draws.chance(0.92) ? cents(9_990, 10_080) : draws.of(['', '0', '-1', '99.99999999', '250.5']),
    bidSize: draws.chance(0.75) ? String(draws.int(1, 9)) : draws.of(['', '0', '0.5', '1000']),
    ask: draws.chance(0.7) ? cents(10_000, 10_100) : draws.of(['', '0']),
    askSize: draws.of(['', '1', '100']),
    timeMs: 0,
  };
}

function drawItem(draws: Draws, quote: OracleQuote, ofSession: OracleRules, symbols: readonly string[]): ScriptedItem {
  const controls: OracleControl[] = [];
  while (draws.chance(0.05)) controls.push(drawControl(draws, ofSession, symbols));
  return {
    quote,
    rows: draws.chance(0.1) ? 2 : 1,
    controls,
    ignoredRows: draws.chance(0.05) ? draws.int(1, 3) : 0,
    malformedRows: draws.chance(0.05) ? 1 : 0,
  };
}

function drawControl(draws: Draws, ofSession: OracleRules, symbols: readonly string[]): OracleControl {
  return draws.weighted<() => OracleControl>([
    [4, () => ({ kind: 'rules', rules: drawRules(draws, ofSession, symbols) })],
    [1, () => ({ kind: 'halt' })],
    [4, () => ({ kind: 'rearm' })],
  ])();
}

/** Most symbols have one, some several after each other. */
function drawPositions(draws: Draws, symbols: readonly string[]): OraclePosition[] {
  const held = symbols.filter(() => draws.chance(0.8)).map((symbol) => drawPosition(draws, symbol));
  while (held.length === 0 || draws.chance(0.4))
    held.push(drawPosition(draws, draws.chance(0.1) ? 'NEVER QUOTED' : draws.of(symbols)));
  return held;
}

function drawPosition(draws: Draws, symbol: string): OraclePosition {
  return {
    symbol,
    shares: draws.of(['10', '25', '0.75', '1000000', '1000000', '1000000']),
    buyPrice: draws.of(['100.00', '100.05', '99.90', '100.12345678', '100.40']),
    ttlMs: draws.of([null, null, 0, 10, 1_000]),
    openedAt: draws.of([
      null,
      null,
      null,
      START_MS - 100_000,
      START_MS,
      START_MS + 7,
      START_MS + 1_990,
      START_MS + 9e9,
    ]),
  };
}

/** Runs of quotes arrive in another order than they were stamped. */
function shuffleRuns(draws: Draws, quotes: OracleQuote[]): void {
  for (let from = 0; from < quotes.length; from += draws.int(2, 12)) {
    const to = Math.min(quotes.length - 1, from + draws.int(1, 8));
    for (let index = to; index > from; index -= 1) {
      const other = draws.int(from, index);
      [quotes[index], quotes[other]] = [quotes[other], quotes[index]];
    }
  }
}

/** The session as the oracle reads it: several inputs merged by the event time of their next quote, ties as they were named. */
export function asOneInput({ rules, positions, inputs, trailing, isLive }: ScriptedSession): OracleSession {
  const next = inputs.map(() => 0);
  const input: OracleSession['input'] = [];
  for (;;) {
    let best = -1;
    inputs.forEach((items, index) => {
      if (next[index] === items.length) return;
      if (best < 0 || items[next[index]].quote.timeMs < inputs[best][next[best]].quote.timeMs) best = index;
    });
    if (best < 0) break;
    const { controls, quote } = inputs[best][next[best]];
    next[best] += 1;
    input.push(...controls, quote);
  }
  return { rules, positions: [...positions], input: [...input, ...trailing.flat()], isLive };
}

/** Rows of the quotes in the order of their sequence. */
export function rowsBySequence({ inputs, ...session }: ScriptedSession): number[] {
  const rows = new Map(inputs.flat().map(({ quote, rows: count }) => [quote, count]));
  // A duplicated input has the same quotes with the same rows.
  return asOneInput({ inputs, ...session }).input.flatMap((item) =>
    item.kind === 'quote' ? [rows.get(item) as number] : [],
  );
}
