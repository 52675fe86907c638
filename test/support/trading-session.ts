import { PRICE_DECIMALS, SHARE_DECIMALS, parseScaled } from '../../engine/core/decimal.ts';
import { NO_PRICE, SIZE_UNKNOWN, type Reason } from '../../engine/trading/records.ts';
import type { PositionRow } from '../../engine/trading/rows.ts';
import type { OracleRules, Step } from './oracle/session.ts';
import { TradeFunction } from '../../engine/trading/trade-function.ts';
import type { OracleResult } from './oracle/trading.ts';
import { TradingRun } from './trading-run.ts';

function scaled(text: string, places: number, absent: number): number {
  if (text === '') return absent;
  const value = parseScaled(text, places);
  if (!value.ok) throw new Error(`The test wrote "${text}", which is ${value.problem}.`);
  return Number(value.value);
}
export const price = (text: string): number => scaled(text, PRICE_DECIMALS, NO_PRICE);
export const shares = (text: string): number => scaled(text, SHARE_DECIMALS, SIZE_UNKNOWN);

export interface HowToRun {
  /** Number of subtasks. */
  readonly subtasks: number;
  /** Snapshot, stop and go on with `subtasks` ahead of step number `atStep`. */
  readonly rescale?: { readonly atStep: number; readonly subtasks: number };
}

/** Runs stamped steps through the trade function, and says what came out in the oracle's words. */
export function runSteps(rules: OracleRules, steps: readonly Step[], how: HowToRun = { subtasks: 1 }): OracleResult {
  const run = new TradingRun(() => new TradeFunction({ rules, historySampleMs: null }), how.subtasks);
  for (const [index, step] of steps.entries()) {
    if (how.rescale?.atStep === index) run.rescale(how.rescale.subtasks);
    switch (step.kind) {
      case 'time':
        run.watermark(step.watermark);
        run.processingTime(step.processing);
        break;
      case 'position':
        run.position(
          step.position.symbol,
          shares(step.position.shares),
          price(step.position.buyPrice),
          step.position.ttlMs,
          step.openedAt,
        );
        break;
      case 'quote': {
        const { symbol, bid, bidSize, ask, askSize, timeMs } = step.quote;
        run.quote(
          {
            symbol,
            bid: price(bid),
            bidSize: shares(bidSize),
            ask: price(ask),
            askSize: shares(askSize),
            sequence: step.sequence,
          },
          timeMs,
        );
        break;
      }
      case 'alignment':
        run.align(step.timeMs);
        break;
      case 'control':
        run.control(
          step.control.kind === 'rules'
            ? { kind: 'rules', rules: step.control.rules, version: 1 }
            : { kind: step.control.kind, by: 'test' },
          step.greatest,
        );
        break;
    }
  }
  return resultOf(run);
}

interface Report {
  readonly position: PositionRow | null;
  readonly reasons: Partial<Record<Reason, number>>;
}

export function resultOf(run: TradingRun): OracleResult {
  const reports = run.symbols.flatMap((symbol) => {
    const report = run.query('report', symbol) as Report | null;
    return report === null ? [] : [{ symbol, ...report }];
  });
  return {
    trades: run.trades,
    rows: reports.flatMap(({ position }) => (position === null ? [] : [position])),
    reasons: Object.fromEntries(
      reports
        .filter(({ reasons }) => Object.keys(reasons).length > 0)
        .map(({ symbol, reasons }) => [symbol, reasons as Record<string, number>]),
    ),
    late: run.late,
  };
}
