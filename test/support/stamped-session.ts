import type { OutputTag } from '../../engine/api/output-tag.ts';
import type { ReaderOutput } from '../../engine/api/source.ts';
import type { RulesDocument } from '../../engine/contract/rules.ts';
import { resolveRules } from '../../engine/contract/rules-resolve.ts';
import { createQuoteBatch } from '../../engine/connectors/sources/quote-batch.ts';
import { RowLedger } from '../../engine/connectors/sources/row-ledger.ts';
import type { SessionRecord } from '../../engine/connectors/sources/session-records.ts';
import { SessionStamper } from '../../engine/connectors/sources/session-stamper.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import type { ControlRecord } from '../../engine/trading/records.ts';
import { TradeFunction } from '../../engine/trading/trade-function.ts';
import type { OracleControl, OracleSession } from './oracle/session.ts';
import type { OracleResult } from './oracle/trading.ts';
import { TradingRun } from './trading-run.ts';
import { price, resultOf, shares } from './trading-session.ts';

/** Whether the rules have a limit over all symbols, for which the source sends alignments. */
export function needsAlignments(rules: RulesDocument): boolean {
  const { limits } = resolveRules(rules);
  return limits.maxNotionalPerDay !== null || limits.maxLossPerDay !== null;
}

/** A session through the product's own stamper and trade function; only files, threads and rings are left out. */
export function runStamped(session: OracleSession, subtasks: number): OracleResult {
  const rules = session.rules as RulesDocument;
  const { defaults } = resolveRules(rules);
  const run = new TradingRun(() => new TradeFunction({ rules, historySampleMs: null }), subtasks);
  const symbols = new SymbolTable();
  const ledger = new RowLedger('test');
  const output = outputTo(run);
  const stamper = new SessionStamper(symbols, {
    outOfOrdernessMs: defaults.outOfOrdernessMs,
    maxFutureMs: defaults.maxFutureMs,
    positions: session.positions.map((position) => ({
      ...position,
      shares: shares(position.shares),
      buyPrice: price(position.buyPrice),
    })),
    alignFullSeconds: needsAlignments(rules),
    drivesProcessingTime: true,
  });
  const batch = createQuoteBatch(1);
  for (const item of session.input) {
    if (item.kind !== 'quote') {
      if (item.kind === 'rules') stamper.setAlignFullSeconds(needsAlignments(item.rules));
      run.control(controlOf(item), stamper.greatestMs);
      continue;
    }
    batch.symbol[0] = symbols.intern(item.symbol);
    batch.time[0] = item.timeMs;
    batch.bid[0] = Math.max(0, price(item.bid));
    batch.bidSize[0] = shares(item.bidSize);
    batch.ask[0] = Math.max(0, price(item.ask));
    batch.askSize[0] = shares(item.askSize);
    batch.rows[0] = 1;
    // Little room, so that it also ends between the positions that one quote lets in.
    while (!stamper.offer(batch, 0, ledger, output, 2));
    while (stamper.releasing) stamper.release(output, 2);
  }
  stamper.end(output);
  return resultOf(run);
}

function controlOf(control: OracleControl): ControlRecord {
  return control.kind === 'rules'
    ? { kind: 'rules', rules: control.rules, version: 1 }
    : { kind: control.kind, by: 'test' };
}

function outputTo(run: TradingRun): ReaderOutput<SessionRecord> {
  return {
    collect: (record, timestampMs) => {
      if (record.kind === 'quote') run.quote({ ...record }, timestampMs);
      else
        run.position(
          record.symbol,
          record.shares,
          record.buyPrice,
          record.ttlMs < 0 ? null : record.ttlMs,
          timestampMs,
        );
    },
    output: (_tag: OutputTag<unknown>) => undefined,
    emitWatermark: (watermarkMs) => run.watermark(watermarkMs),
    emitProcessingTime: (timestampMs) => run.processingTime(timestampMs),
    emitAlignment: (timestampMs) => run.align(timestampMs),
    markIdle: () => undefined,
  };
}
