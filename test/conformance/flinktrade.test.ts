import { expect, test } from 'vitest';
import { PRESETS } from '../../engine/contract/rules-presets.ts';
import type { RulesDocument } from '../../engine/contract/rules.ts';
import { SHARE_DECIMALS } from '../../engine/core/decimal.ts';
import type { PositionRow } from '../../engine/trading/rows.ts';
import { TradeFunction } from '../../engine/trading/trade-function.ts';
import { OriginalDemoFunction } from '../support/original-demo-function.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { TradingRun } from '../support/trading-run.ts';
import { price } from '../support/trading-session.ts';
import { readTraces } from './traces.ts';

interface TracePosition {
  readonly symbol: string;
  readonly shares: number;
  readonly buyPrice: string;
  readonly askPrice: string;
  readonly lastTradePrice: string;
  readonly profit: string;
  readonly expirationMillis: number;
}
type TraceOperation =
  | { readonly op: 'processingTime'; readonly ms: number }
  | {
      readonly op: 'position';
      readonly symbol: string;
      readonly quantity: number;
      readonly buyPrice: string;
      readonly ttlMillis: number;
    }
  | { readonly op: 'bid'; readonly symbol: string; readonly quantity: number; readonly price: string }
  | { readonly op: 'snapshotAndRestore'; readonly processingTimeAfter: number };
type TraceStep = TraceOperation & {
  readonly trades: readonly { readonly symbol: string; readonly quantity: number; readonly price: string }[];
  readonly positions: readonly (TracePosition | { readonly symbol: string; readonly position: null })[];
};
interface Scenario {
  readonly name: string;
  readonly comparator: '>=' | '>';
  readonly steps: readonly TraceStep[];
}

const ONE_SHARE = 10 ** SHARE_DECIMALS;

/** The preset; the talk's wording has its comparator changed and nothing else. */
function rulesOf(comparator: '>=' | '>'): RulesDocument {
  const demo = PRESETS['original-demo'];
  return comparator === '>=' ? demo : { ...demo, defaults: { ...demo.defaults, tradeWhen: 'above' } };
}

class TraceReplay {
  readonly #run: TradingRun;
  #sequence = 0;
  #taken = 0;

  constructor(scenario: Scenario, Function: typeof TradeFunction) {
    this.#run = new TradingRun(() => new Function({ rules: rulesOf(scenario.comparator), historySampleMs: null }));
  }

  /** Event time stands still: the demo knows processing time only. */
  apply(step: TraceStep): void {
    switch (step.op) {
      case 'processingTime':
        return this.#run.processingTime(step.ms);
      case 'position':
        return this.#run.position(step.symbol, step.quantity * ONE_SHARE, price(step.buyPrice), step.ttlMillis, 0);
      case 'bid':
        return this.#run.quote(
          {
            symbol: step.symbol,
            bid: price(step.price),
            bidSize: step.quantity * ONE_SHARE,
            ask: 0,
            askSize: -1,
            sequence: this.#sequence++,
          },
          0,
        );
      case 'snapshotAndRestore':
        this.#run.rescale(1);
        return this.#run.processingTime(step.processingTimeAfter);
    }
  }

  /** What the step brought, in the words of the trace. */
  seen(step: TraceStep): Pick<TraceStep, 'trades' | 'positions'> {
    const { trades } = this.#run;
    const since = trades.slice(this.#taken);
    this.#taken = trades.length;
    return {
      trades: since.map((trade) => ({ symbol: trade.symbol, quantity: Number(trade.shares), price: trade.price })),
      positions: step.positions.map(({ symbol }) => this.#position(symbol)),
    };
  }

  /** There a closed position is a missing one, and one that never expires says 0. */
  #position(symbol: string): TracePosition | { readonly symbol: string; readonly position: null } {
    const row = this.#run.query('position', symbol) as PositionRow | null;
    if (row === null || row.status === 'closed') return { symbol, position: null };
    const { buyPrice, askPrice, lastTradePrice, profit } = row;
    return {
      symbol,
      shares: Number(row.shares),
      buyPrice,
      askPrice,
      lastTradePrice,
      profit,
      expirationMillis: row.expiresAt ?? 0,
    };
  }
}

/** Number of the first step that differs, or null. */
function firstDifference(scenario: Scenario, Function: typeof TradeFunction): number | null {
  const replay = new TraceReplay(scenario, Function);
  for (const [index, step] of scenario.steps.entries()) {
    replay.apply(step);
    try {
      expect(replay.seen(step)).toEqual({ trades: step.trades, positions: step.positions });
    } catch {
      return index;
    }
  }
  return null;
}

/** Whether a position is sent while an earlier one of its symbol may still have a timer: there, trading-rules.md differs. */
function firstReplacement(scenario: Scenario): number {
  const sent = new Set<string>();
  const index = scenario.steps.findIndex((step) => step.op === 'position' && sent.size === sent.add(step.symbol).size);
  return index === -1 ? Infinity : index;
}

describeWithSharedData('the original demo', ['conformance/flinktrade.json'], ([file]) => {
  const { scenarios } = readTraces<{ scenarios: readonly Scenario[] }>(file);

  test.each(scenarios.map((scenario) => ({ scenario, title: `${scenario.comparator} ${scenario.name}` })))(
    '$title: every step is as it was recorded',
    ({ scenario }) => {
      const replay = new TraceReplay(scenario, OriginalDemoFunction);

      for (const [index, step] of scenario.steps.entries()) {
        replay.apply(step);
        expect({ index, ...replay.seen(step) }).toEqual({ index, trades: step.trades, positions: step.positions });
      }
    },
  );

  test('differs from the preset original-demo only after a position was replaced, whose timer the rules delete', () => {
    const differing = scenarios.map((scenario) => ({ scenario, at: firstDifference(scenario, TradeFunction) }));

    for (const { scenario, at } of differing) {
      const where = firstReplacement(scenario);
      expect([scenario.name, at === null || at > where]).toEqual([scenario.name, true]);
    }
    expect(differing.filter(({ at }) => at === null).length).toBeGreaterThan(0);
  });
});
