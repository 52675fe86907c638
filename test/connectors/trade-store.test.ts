import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FILE_TRADE_WORDS } from '../../engine/connectors/sinks/trade-run.ts';
import { TradeStore } from '../../engine/connectors/sinks/trade-store.node.ts';
import { csvField, tradeMessage, tradesCsvLine } from '../../engine/connectors/sinks/trades-csv.ts';

function collect(trades: readonly (readonly [number, number])[], runTradesMax: number): [number, number, number][] {
  const store = new TradeStore(runTradesMax);
  try {
    for (const [eventTimeMs, sequence] of trades) {
      const offset = store.claim();
      store.words.fill(0, offset, offset + FILE_TRADE_WORDS);
      store.words[offset] = eventTimeMs;
      store.words[offset + 1] = sequence;
      store.words[offset + 7] = sequence * 3;
    }
    const seen: [number, number, number][] = [];
    for (const { words, offset } of store.sorted()) seen.push([words[offset], words[offset + 1], words[offset + 7]]);
    return seen;
  } finally {
    store.dispose();
    store.dispose();
  }
}

describe('the trades of a session', () => {
  it('come back in order of event time, then quote sequence, whatever was spilled to disk', () => {
    const trades = fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 60 });
    fc.assert(
      fc.property(trades, fc.integer({ min: 1, max: 70 }), (times, runTradesMax) => {
        const given = times.map((time, sequence) => [time, sequence] as const);
        const expected = given
          .toSorted((a, b) => a[0] - b[0] || a[1] - b[1])
          .map(([time, sequence]) => [time, sequence, sequence * 3]);
        expect(collect(given, runTradesMax)).toEqual(expected);
      }),
    );
  });

  it('are written with exact decimals and the id that scripts rely on', () => {
    const words = Float64Array.of(
      1381132800241,
      7,
      0,
      300_000_000,
      18_001_000_000,
      17_999_000_000,
      18_000_000_000,
      18_011_000_000,
    );
    expect(tradesCsvLine(tradeMessage(words, 0, 'IBM'))).toBe(
      '7-IBM,IBM,300,180.01,6.00,1381132800241,7,180.00,180.11',
    );
  });

  it('quote a symbol only when CSV demands it', () => {
    expect(csvField('BRK.A')).toBe('BRK.A');
    expect(csvField('=cmd')).toBe('=cmd');
    expect(csvField('a,"b"')).toBe('"a,""b"""');
  });
});
