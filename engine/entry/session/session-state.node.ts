import { join } from 'node:path';
import { AUDIT_ANCHOR } from '../../connectors/audit/audit-anchor-file.node.ts';
import type { AuditTrail } from '../../connectors/audit/audit-trail.ts';
import { openAuditTrail } from '../../connectors/audit/open-audit-trail.node.ts';
import type { SessionTotals } from '../../connectors/sources/session-totals.ts';
import { StoreError, type DurableStore } from '../../contract/durable-store.ts';
import {
  DurableTrades,
  readTrades,
  type StoredTrades,
  type TradeValue,
} from '../../connectors/sinks/durable-trades.ts';
import { SYMBOL_WORD, TRADE_WORDS } from '../../connectors/sinks/trade-run.ts';
import { tradeMessage } from '../../connectors/sinks/trades-csv.ts';
import type { RescaleInfo, TradeMessage } from '../../contract/window.ts';
import type { CheckpointRecord } from '../../contract/checkpoint-record.ts';
import {
  CheckpointStorage,
  type RefusedCheckpoint,
  type RestoredCheckpoint,
} from '../../runtime/checkpoint/checkpoint-storage.ts';
import type { JobCheckpoints } from '../job/job-checkpoints.node.ts';
import type { RunningJob } from '../job-runner.node.ts';
import type { CheckpointSettings } from './checkpoint-settings.ts';
import { lostTexts, SessionAudit, type StoredAudit } from './session-audit.ts';
import { differences, sha256Of, type SessionIdentity } from './session-identity.node.ts';
import type { SessionEvent, SessionParameters } from './session-parameters.ts';
import type { TradeCollector } from './trade-collector.node.ts';

/** Enough to tell the sessions of a folder apart. */
const SESSION_NAME_CHARACTERS = 16;

/** The application's part of a checkpoint. */
interface StoredSessionState {
  readonly identity: SessionIdentity;
  readonly trades: readonly TradeValue[];
  /** null: nothing was told. */
  readonly audit: StoredAudit | null;
}

/** What is in the store belongs to another session. `which` names what differs. */
export class SessionMismatchError extends Error {
  override readonly name = 'SessionMismatchError';
  readonly which: readonly string[];

  constructor(which: readonly string[]) {
    super(`differs in: ${which.join(', ')}`);
    this.which = which;
  }
}

/**
 * A session that outlives its process: its checkpoints, and the trades that they made final, in one store. Coordinator
 * thread only; whoever opens it closes it.
 */
export class SessionState {
  /** What the session goes on from; null: it begins. */
  restored: RestoredCheckpoint | null = null;
  /** Newer checkpoints that cannot be used, and why. */
  refused: readonly RefusedCheckpoint[] = [];
  /** Told of trades that nothing takes back any more, each at least once. */
  onFinalTrades: ((trades: readonly TradeMessage[]) => void) | null = null;
  readonly store: DurableStore;
  readonly #storage: CheckpointStorage;
  readonly #where: string;
  readonly #identity: SessionIdentity;
  #firstId = 1;
  #trades: readonly StoredTrades[] = [];
  /** null until `openTrail`. */
  #trail: AuditTrail | null = null;
  /** Of the run. */
  #audit: SessionAudit | null = null;

  private constructor(store: DurableStore, where: string, identity: SessionIdentity, retained: number) {
    this.store = store;
    this.#where = where;
    this.#storage = new CheckpointStorage(store, sha256Of, retained);
    this.#identity = identity;
  }

  /**
   * @param store closed with the session, and when this fails
   * @throws StoreError when the store holds checkpoints of which none is whole: that is no fresh start
   * @throws SessionMismatchError when it holds another session
   */
  static async open(
    store: DurableStore,
    where: string,
    identity: SessionIdentity,
    retained: number,
  ): Promise<SessionState> {
    try {
      const state = new SessionState(store, where, identity, retained);
      await state.reload();
      return state;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** For whoever asks what a checkpoint holds. */
  get storage(): CheckpointStorage {
    return this.#storage;
  }

  /** What the run tells the audit trail; null: nothing yet. */
  get audit(): SessionAudit | null {
    return this.#audit;
  }

  /** Looks for the newest checkpoint that is whole: at the start, and after a failure in mid session. */
  async reload(): Promise<void> {
    const store = this.store;
    let trades: StoredTrades[] = [];
    const found = await this.#storage.latest(async ({ application }) => {
      trades = [];
      for (const value of (application as StoredSessionState).trades)
        trades.push(await readTrades(store, sha256Of, value));
      return null;
    });
    if (found.checkpoint === null && found.refused.length > 0) throw allLost(this.#where, found.refused);
    if (found.checkpoint !== null) {
      // Of a live session there is none.
      const { identity } = found.checkpoint.application as Partial<StoredSessionState>;
      const which = differences(identity ?? {}, this.#identity);
      if (which.length > 0) throw new SessionMismatchError(which);
    }
    this.restored = found.checkpoint;
    this.refused = found.refused;
    this.#trades = trades;
    this.#firstId = await this.#storage.nextId();
  }

  /** From here on the session tells its audit trail what happens. @throws StoreError */
  async openTrail(folder: string, onFailure: (error: unknown) => void): Promise<void> {
    this.#trail = await openAuditTrail(this.store, join(folder, AUDIT_ANCHOR), onFailure);
  }

  /** The session begins, or goes on after its process was gone. @throws StoreError */
  async auditStart(parameters: SessionParameters, workers: number): Promise<void> {
    if (this.restored !== null) return this.auditRecovery('The program was ended in mid session.');
    const inputs = parameters.inputs.kind === 'files' ? parameters.inputs.paths : [parameters.inputs.kind];
    this.#audit = this.#newAudit();
    await this.#audit?.begin({ inputs, workers, rules: parameters.rules });
  }

  /** It goes on from the last checkpoint. @throws StoreError */
  async auditRecovery(reason: string): Promise<void> {
    const application = this.restored?.application as StoredSessionState | undefined;
    this.#audit = this.#newAudit();
    await this.#audit?.goOn(application?.audit ?? null, this.#trades, {
      checkpoint: this.restored?.id ?? null,
      replayedQuotes: 0,
      reason,
      lost: lostTexts(this.refused),
    });
  }

  auditRescale(rescale: RescaleInfo): void {
    this.#audit?.rescaled(rescale);
  }

  /** What a run tells of itself. */
  take(event: SessionEvent): void {
    this.#audit?.take(event);
  }

  /** The session is over: the trades since the last checkpoint are final, too. @throws StoreError */
  async auditEnd(
    job: RunningJob<SessionParameters>,
    trades: TradeCollector,
    { quotes, quarantinedByReason }: SessionTotals,
  ): Promise<void> {
    const rest = trades.durable?.rest() ?? { words: new Float64Array(0), trades: 0 };
    const nameOf = (id: number): string => job.symbolText(id);
    this.#tellFinal(rest.words, rest.trades, job);
    const details = { outcome: 'finished', quotes, trades: trades.count };
    await this.#audit?.end(details, { ...rest, nameOf }, quarantinedByReason);
  }

  #newAudit(): SessionAudit | null {
    const session = sha256Of(JSON.stringify(this.#identity)).slice(0, SESSION_NAME_CHARACTERS);
    return this.#trail === null ? null : new SessionAudit(this.#trail, session);
  }

  /** Gives a run the trades that earlier ones made final, and makes its own final with each checkpoint. */
  attach(job: RunningJob<SessionParameters>, trades: TradeCollector): void {
    const stored = this.restored === null ? [] : (this.restored.application as StoredSessionState).trades;
    const nameOf = (id: number): string => job.symbolText(id);
    trades.durable = new DurableTrades(this.store, sha256Of, nameOf, stored);
    trades.durable.onFinal = (checkpointId, words, count) => {
      this.#audit?.complete(checkpointId, { words, trades: count, nameOf });
      this.#tellFinal(words, count, job);
    };
    for (const { words, symbols } of this.#trades) {
      trades.restore(words, symbols, (text) => job.symbolId(text));
      this.#tellFinal(words, words.length / TRADE_WORDS, job);
    }
  }

  checkpoints(
    settings: CheckpointSettings,
    trades: TradeCollector,
    onRecord: (record: CheckpointRecord) => void,
  ): JobCheckpoints {
    return {
      storage: this.#storage,
      firstId: this.#firstId,
      intervalMs: settings.intervalMs,
      timeoutMs: settings.timeoutMs,
      prepare: async (checkpointId) => {
        const audit = (await this.#audit?.prepare(checkpointId)) ?? null;
        const values = (await trades.durable?.prepare(checkpointId)) ?? [];
        const application: StoredSessionState = { identity: this.#identity, trades: values, audit };
        return { application, values: values.map(({ name }) => name) };
      },
      onRecord,
    };
  }

  #tellFinal(words: Float64Array, count: number, job: RunningJob<SessionParameters>): void {
    this.onFinalTrades?.(
      Array.from({ length: count }, (_, index) => {
        const at = index * TRADE_WORDS;
        return tradeMessage(words, at, job.symbolText(words[at + SYMBOL_WORD]));
      }),
    );
  }

  /** @throws StoreError for what was told and could not be stored; the store is closed all the same */
  async close(): Promise<void> {
    try {
      await this.#trail?.close();
    } finally {
      await this.store.close();
    }
  }
}

function allLost(where: string, refused: readonly RefusedCheckpoint[]): StoreError {
  const why = refused.map(({ id, problem }) => `checkpoint ${id}: ${problem}`).join('\n  ');
  return new StoreError(
    'lost',
    where,
    `None of the ${refused.length} checkpoints in ${where} can be used:\n  ${why}\nThis is not treated as a fresh start. Bring the folder back from a copy, or name another one to start over.`,
  );
}
