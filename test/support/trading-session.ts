import type { RulesDocument } from '../../engine/contract/rules.ts';
import { PRICE_DECIMALS, SHARE_DECIMALS, parseScaled } from '../../engine/core/decimal.ts';
import { NO_PRICE, SIZE_UNKNOWN, type Reason } from '../../engine/trading/records.ts';
import type { PositionRow } from '../../engine/trading/rows.ts';
import type { OracleRules, Step } from './oracle/session.ts';
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

/** Runs stamped steps through the trade function, and says what came out in the oracle's words. */
export function runSteps(rules: OracleRules, steps: readonly Step[]): OracleResult {
  const run = new TradingRun(rules);
  for (const step of steps) {
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

export function resultOf(run: TradingRun): OracleResult {
  const reports = run.symbols.map(
    (symbol) =>
      [
        symbol,
        run.query('report', symbol) as { position: PositionRow | null; reasons: Partial<Record<Reason, number>> },
      ] as const,
  );
  return {
    trades: [...run.trades].sort((a, b) => a.eventTimeMs - b.eventTimeMs || a.quoteSequence - b.quoteSequence),
    rows: reports.flatMap(([, report]) => (report.position === null ? [] : [report.position])),
    reasons: Object.fromEntries(
      reports
        .filter(([, report]) => Object.keys(report.reasons).length > 0)
        .map(([symbol, report]) => [symbol, report.reasons as Record<string, number>]),
    ),
    late: run.late,
  };
}
