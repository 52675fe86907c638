import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatPrice, formatShares } from '../../engine/core/decimal.ts';
import { readyProfiles } from '../../engine/connectors/profiles/ready-profiles.ts';
import { InputError } from '../../engine/connectors/sources/input-error.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import { inputToCsv } from '../../engine/connectors/simulator/quotes-to-csv.ts';
import { MarketSimulator } from '../../engine/connectors/simulator/market-simulator.ts';
import { createRandom } from '../../engine/connectors/simulator/prng.ts';
import { decode, drain, profileWith, type PlainQuote } from './session-kit.ts';

const PRICE_MAX = 2 ** 52 - 1;

const quote: fc.Arbitrary<PlainQuote> = fc.record({
  symbol: fc.oneof(
    fc.stringMatching(/^[A-Z]{1,6}$/),
    fc
      .stringMatching(/^[ -~]{1,12}$/)
      .map((text) => text.trim())
      .filter((text) => text.length > 0 && !text.startsWith('#')),
    fc.constantFrom('ÄÖ', '株式', 'BRK.B'),
  ),
  time: fc.oneof(
    fc.integer({ min: 0, max: 600_000_000 }),
    fc.integer({ min: 700_000_000_000, max: 4_000_000_000_000 }),
  ),
  bid: fc.option(fc.integer({ min: 1, max: PRICE_MAX }).map((units) => formatPrice(units))),
  bidSize: fc.option(fc.nat(Number.MAX_SAFE_INTEGER).map((units) => formatShares(units))),
  ask: fc.option(fc.integer({ min: 1, max: PRICE_MAX }).map((units) => formatPrice(units))),
  askSize: fc.option(fc.nat(Number.MAX_SAFE_INTEGER).map((units) => formatShares(units))),
  rows: fc.constant(1),
});

/** What reading gives back: nobody can sell at no price. */
function asRead(each: PlainQuote): PlainQuote {
  return {
    ...each,
    bidSize: each.bid === null ? null : each.bidSize,
    askSize: each.ask === null ? null : each.askSize,
  };
}

function csvField(text: string, always: boolean): string {
  return always || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

describe('any quotes', () => {
  test('written as CSV, quoted or not, come back as they were, whatever the chunks and the batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(quote, { maxLength: 40 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.boolean(),
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 2, max: 9 }),
        async (quotes, end, quoted, chunkBytes, batchQuotes) => {
          const lines = quotes.map((each) =>
            [each.symbol, String(each.time), each.bid ?? '', each.bidSize ?? '', each.ask ?? '', each.askSize ?? '']
              .map((text) => csvField(text, quoted))
              .join(','),
          );
          const text = ['symbol,eventTimeMs,bid,bidSize,ask,askSize', ...lines].join(end);
          const back = await decode(text, 'csv', { chunkBytes, batchQuotes });

          expect(back.quarantined).toEqual([]);
          expect(back.quotes).toEqual(quotes.map(asRead));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('written as JSON lines come back as they were', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(quote, { maxLength: 20 }),
        fc.integer({ min: 1, max: 90 }),
        async (quotes, chunkBytes) => {
          const text = quotes
            .map(({ symbol, time, bid, bidSize, ask, askSize }) =>
              JSON.stringify({ symbol, eventTimeMs: time, bid, bidSize, ask, askSize }),
            )
            .join('\n');
          fc.pre(text.length > 0);

          expect((await decode(text, 'jsonl', { chunkBytes })).quotes).toEqual(quotes.map(asRead));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('any bytes', () => {
  const csvish = fc.array(
    fc.oneof(
      fc.constantFrom(
        'A,1000,1,1,2,1',
        'A,1001,1.5,,2,',
        '"A",1,"2",3,4,5',
        '"',
        '""',
        ',',
        '\n',
        '\r',
        '\r\n',
        '\0',
        '\ufeff',
        '#',
        'x',
        '"A,1,2\n',
        '-',
        '.',
        '1e5',
        '{',
        '}',
        '[',
        ']',
        '"a":',
        'null',
        '\\u00',
        ' ',
      ),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 40 },
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    csvish.map((parts) => new TextEncoder().encode(parts.join(''))),
    csvish.map((parts) => new TextEncoder().encode(`symbol,eventTimeMs,bid,bidSize,ask,askSize\n${parts.join('')}`)),
  );

  test('a byte order mark is taken off, also when it comes byte by byte', async () => {
    const text = 'symbol,eventTimeMs,bid,bidSize,ask,askSize\nA,1000,1.5,1,1.6,1\n';
    const content = Uint8Array.of(0xef, 0xbb, 0xbf, ...new TextEncoder().encode(text));

    const pieces = await decode(content, 'csv', { chunkBytes: 1 });

    expect(pieces.error).toBeNull();
    expect(pieces.quotes).toHaveLength(1);
  });

  test('never crash a decoder, every row ends somewhere, and the chunks do not matter', async () => {
    const profiles = [...readyProfiles(), profileWith({ pairSides: true, comment: '%', delimiter: '|' })];
    await fc.assert(
      fc.asyncProperty(
        bytes,
        fc.nat(profiles.length - 1),
        fc.integer({ min: 1, max: 40 }),
        async (content, which, chunkBytes) => {
          const profile = profiles[which] ?? 'csv';
          const path = '20131007/20131007_aig_quote_tick.csv';
          const named = typeof profile !== 'string' && 'fileName' in profile.symbol;
          const kind = named ? profile.symbol : null;
          fc.pre(kind === null || JSON.stringify(kind).includes('quote_tick'));
          // Decoders may write into what they are given.
          const whole = await decode(content.slice(), profile, { path });
          const pieces = await decode(content.slice(), profile, { path, chunkBytes, batchQuotes: 3 });

          expect(pieces.quotes).toEqual(whole.quotes);
          expect(pieces.quarantined).toEqual(whole.quarantined);
          expect(pieces.error?.message).toBe(whole.error?.message);
          if (whole.error !== null) expect(whole.error).toBeInstanceOf(InputError);
          else {
            const used = whole.quotes.reduce((sum, { rows }) => sum + rows, 0);
            expect(whole.ledger.rowsRead).toBe(used + whole.ledger.quarantinedRows + whole.ledger.ignoredRows);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });
});

describe('the simulated market', () => {
  test('is the same for the same seed, and another for another', async () => {
    const quotesOf = async (seed: number): Promise<readonly PlainQuote[]> => {
      const symbols = new SymbolTable();
      return (await drain(new MarketSimulator(createRandom(seed), symbols, { durationMs: 3_000 }), symbols)).quotes;
    };

    expect(await quotesOf(1)).toEqual(await quotesOf(1));
    expect(await quotesOf(1)).not.toEqual(await quotesOf(2));
  });

  test('has hundreds of symbols, spreads that grow with the price, quotes in order of time at a lively rate', async () => {
    const symbols = new SymbolTable();
    const { quotes } = await drain(new MarketSimulator(createRandom(5), symbols, { durationMs: 60_000 }), symbols);
    const spread = (low: number, high: number): number => {
      const spreads = quotes
        .filter(({ bid, ask }) => Number(bid) >= low && Number(bid) < high && ask !== null)
        .map(({ bid, ask }) => Number(ask) - Number(bid));
      return spreads.reduce((sum, each) => sum + each, 0) / spreads.length;
    };

    expect(new Set(quotes.map(({ symbol }) => symbol)).size).toBe(240);
    expect(quotes.length / 60).toBeGreaterThan(1_000);
    expect(quotes.length / 60).toBeLessThan(3_500);
    expect(quotes.every(({ time }, index) => index === 0 || time >= (quotes[index - 1]?.time ?? 0))).toBe(true);
    expect(spread(1, 20)).toBeLessThan(spread(100, 500));
    expect(quotes.some(({ bid, ask }) => bid !== null && bid === ask)).toBe(true);
    expect(quotes.some(({ bid, ask }) => bid !== null && ask !== null && Number(bid) > Number(ask))).toBe(true);
  });

  test('brings positions that trade within seconds of its start by the default rules', async () => {
    const symbols = new SymbolTable();
    const market = new MarketSimulator(createRandom(9), symbols, { durationMs: 5_000 });
    const asks = new Map(market.positions().map(({ symbol, buyPrice }) => [symbol, buyPrice / 1e8 + 0.1]));
    const { quotes } = await drain(market, symbols);

    expect(asks.size).toBe(240);
    expect(
      quotes.filter(({ symbol, bid }) => bid !== null && Number(bid) > (asks.get(symbol) ?? Infinity)).length,
    ).toBeGreaterThan(20);
  });

  test('has a different name for each of 100,000 symbols', () => {
    const symbols = new SymbolTable();

    expect(new MarketSimulator(createRandom(1), symbols, { symbolCount: 100_000 }).positions()).toHaveLength(100_000);
    expect(symbols.size).toBe(100_000);
  });

  test('written as CSV is the same market', async () => {
    const symbols = new SymbolTable();
    const options = { durationMs: 2_000, symbolCount: 20 };
    const original = await drain(new MarketSimulator(createRandom(4), symbols, options), symbols);
    const text = [...inputToCsv(new MarketSimulator(createRandom(4), symbols, options), symbols)].join('');

    expect((await decode(text, 'csv')).quotes).toEqual(original.quotes);
  });
});
