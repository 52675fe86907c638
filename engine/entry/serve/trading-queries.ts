import type { TradeExplanation, WatermarkExplanation } from '../../contract/explanations.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import type { TradeMessage } from '../../contract/window.ts';
import type { CheckpointStorage } from '../../runtime/checkpoint/checkpoint-storage.ts';
import { CheckpointReader } from '../../runtime/checkpoint/checkpoint-reader.ts';
import { JobMeter, type MeteredJob, type RunHistory } from '../../runtime/metrics/job-metrics.ts';
import type { StoredKey } from '../../runtime/query/checkpointed-state.ts';
import type { QueryableJob, QueryableJobs, ServedJob } from '../../runtime/query/queryable-job.ts';
import type { QueryableStateClient } from '../../runtime/query/queryable-state-client.ts';
import type { Key } from '../../state/java-hash.ts';
import type { SessionExplainer } from '../session/session-explainer.ts';
import type { WatchedTimes } from '../session/watermark-watch.ts';
import { compileRules, type CompiledRules, type SymbolRulesCompiled } from '../../trading/compiled-rules.ts';
import { explain } from '../../trading/explain.ts';
import { POSITIONS, type PositionState } from '../../trading/position-state.ts';
import type { ControlRecord } from '../../trading/records.ts';
import { positionRow, reasonCounts } from '../../trading/rows.ts';

/** The operator that has the positions (trading/job.ts). */
const TRADE_UID = 'trade';
/** The one job of a program that trades. */
export const SESSION_JOB = 'session';
/** Names of queries (trading/trade-function.ts). */
export const POSITION = 'position';
export const EXPLAIN = 'explain';
export const REASONS = 'reasons';

/** A session as it can be asked: its state, and what came of it. */
export interface ServedSession extends ServedJob {
  /** Why a trade was made as it was; null: there is no such trade. @throws StateQueryError */
  readonly explainTrade: (id: string) => Promise<TradeExplanation | null>;
  /** The latest trades of a symbol up to an event time, newest first. */
  readonly lastTrades: (symbol: string, untilMs: number) => readonly TradeMessage[];
  /** What holds the watermark back. @throws StateQueryError */
  readonly explainWatermark: () => Promise<WatermarkExplanation>;
}

/**
 * What can be asked of a session, live and as of its checkpoints.
 * @param rules that it began with
 * @param runs what is kept of all its runs
 */
export function servedSession(
  job: QueryableJob & MeteredJob & WatchedTimes,
  storage: CheckpointStorage | null,
  rules: RulesDocument,
  explainer: SessionExplainer,
  runs: RunHistory | null = null,
): ServedSession {
  const began = compileRules(rules);
  const query = (
    read: (state: PositionState, own: SymbolRulesCompiled, rules: CompiledRules) => unknown,
  ): ServedJob['checkpointedQueries'][string] => ({
    uid: TRADE_UID,
    read: (key, stored) => {
      const state = stored.state(POSITIONS.name) as PositionState | undefined;
      const inForce = rulesAt(stored, began);
      return state === undefined ? null : read(state, symbolRules(inForce, key), inForce);
    },
  });
  return {
    job,
    meter: new JobMeter(job, runs),
    explainTrade: (id) => explainer.decisions.explain(id),
    lastTrades: (symbol, untilMs) => explainer.decisions.lastTrades(symbol, untilMs),
    explainWatermark: () => explainer.watermark.explain(job),
    checkpoints: storage === null ? null : new CheckpointReader(storage),
    checkpointedQueries: {
      [POSITION]: query(positionRow),
      [EXPLAIN]: query((state, own, { limits }) => explain(state, own, limits, null)),
      [REASONS]: query(reasonCounts),
      report: query((state, own) => ({ position: positionRow(state, own), reasons: reasonCounts(state) })),
    },
  };
}

/** The rules in force at the checkpoint. */
function rulesAt(stored: StoredKey, began: CompiledRules): CompiledRules {
  const control = stored.broadcast('control').get('rules') as ControlRecord | undefined;
  if (control?.kind !== 'rules') return began;
  const compiled = compiledAt.get(control) ?? compileRules(control.rules);
  compiledAt.set(control, compiled);
  return compiled;
}

/** All keys of a key group share the very record: rules are compiled once for them. */
const compiledAt = new WeakMap<ControlRecord, CompiledRules>();

function symbolRules(rules: CompiledRules, key: Key): SymbolRulesCompiled {
  return rules.symbols.get(String(key)) ?? rules.defaults;
}

/** A program has one session at a time, or none. */
export function sessionJobs(current: () => ServedSession | null): QueryableJobs {
  return {
    ids: () => (current() === null ? [] : [SESSION_JOB]),
    find: (id) => (id === SESSION_JOB ? current() : null),
  };
}

/** The session behind a client of `sessionJobs`. @throws StateQueryError `unknown-job`: there is none */
export function sessionOf(client: QueryableStateClient): ServedSession {
  return client.served(SESSION_JOB) as ServedSession;
}
