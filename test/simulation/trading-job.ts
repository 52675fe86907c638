import { defineJob } from '../../engine/api/job.ts';
import type { BarBuilding } from '../../engine/contract/bars.ts';
import { describeBarHistory } from '../../engine/trading/bars/describe-bars.ts';
import { describeTrading } from '../../engine/trading/job.ts';
import type { Quote, Trade } from '../../engine/trading/records.ts';
import { tradeAsWritten } from '../support/trading-run.ts';
import type { ScriptedSession } from './drawn-session.ts';
import { readResults, type JobResults } from './job-results.ts';
import { ScriptedSource } from './scripted-source.ts';
import type { SimulatedJob } from './simulated-job.ts';
import { byTheBook, judge } from './verdict.ts';

interface TradingParameters {
  readonly session: ScriptedSession;
  readonly historySampleMs: number | null;
  readonly bars: BarBuilding;
  readonly createSource: (context: ConstructorParameters<typeof ScriptedSource>[1]) => ScriptedSource;
}

const tradingJob = defineJob<TradingParameters>((environment, { session, historySampleMs, bars, createSource }) => {
  const streams = describeTrading(environment, createSource, { rules: session.rules, historySampleMs });
  if (bars === 'built') describeBarHistory(streams.session, streams.trades);
});

/** FlinkTrade on a drawn session; its own rules are the oracle. */
export function simulatedTrading(
  session: ScriptedSession,
  parts: () => Pick<TradingParameters, 'historySampleMs' | 'bars'>,
): SimulatedJob<JobResults, null> {
  const book = byTheBook(session);
  return {
    quotes: book.quotes,
    trades: book.result.trades.length,
    sinks: { trades: describeTrade, 'late-quotes': describeLate },
    createWorld: () => null,
    sequenceOf: (record) => ((record as { kind: string }).kind === 'quote' ? (record as Quote).sequence : -1),
    begin: ({ seed, pace }) => {
      let source: ScriptedSource | null = null;
      const parameters: TradingParameters = {
        session,
        ...parts(),
        createSource: (context) => (source = new ScriptedSource(session, context, seed, pace)),
      };
      return {
        job: tradingJob,
        parameters,
        get sequence() {
          return source?.reader.stamper.sequence ?? 0;
        },
        results: (executor) => readResults(executor, (source as ScriptedSource).reader, session),
      };
    },
    judge: ({ log, results }, undisturbed) => judge(log, results, book, undisturbed),
    oddities: () => session.oddities.map((oddity) => `feed-${oddity}`),
  };
}

function describeTrade(trade: Trade, timestampMs: number | null): { id: string; text: string } {
  const written = tradeAsWritten(trade, timestampMs);
  return { id: written.id, text: JSON.stringify(written) };
}

function describeLate({ symbol, sequence }: Quote): { id: string; text: string } {
  return { id: `${sequence}-${symbol}`, text: String(sequence) };
}
