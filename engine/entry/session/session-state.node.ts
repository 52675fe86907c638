import { StoreError, type DurableStore } from '../../contract/durable-store.ts';
import { DurableTrades, readTrades, type TradeValue } from '../../connectors/sinks/durable-trades.ts';
import { TRADE_WORDS } from '../../connectors/sinks/trade-run.ts';
import { tradeMessage } from '../../connectors/sinks/trades-csv.ts';
import type { TradeMessage } from '../../contract/window.ts';
import type { CheckpointRecord } from '../../runtime/checkpoint/checkpoint-coordinator.ts';
import {
  CheckpointStorage,
  type RefusedCheckpoint,
  type RestoredCheckpoint,
} from '../../runtime/checkpoint/checkpoint-storage.ts';
import type { JobCheckpoints, RunningJob } from '../job-runner.node.ts';
import type { CheckpointSettings } from './checkpoint-settings.ts';
import { SessionAudit } from './session-audit.node.ts';
import { differences, sha256Of, type SessionIdentity } from './session-identity.node.ts';
import type { SessionParameters } from './session-parameters.ts';
import type { TradeCollector } from './trade-collector.node.ts';

/** Where a trade's words name its symbol. */
const SYMBOL_WORD = 2;

/** The application's part of a checkpoint. */
interface StoredSessionState {
  readonly identity: SessionIdentity;
  readonly trades: readonly TradeValue[];
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

interface StoredTrades {
  readonly value: TradeValue;
  readonly words: Float64Array;
  readonly symbols: ReadonlyMap<number, string>;
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
  /** null until `startAudit`. */
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

  /** Looks for the newest checkpoint that is whole: at the start, and after a failure in mid session. */
  async reload(): Promise<void> {
    const store = this.store;
    let trades: StoredTrades[] = [];
    const found = await this.#storage.latest(async ({ application }) => {
      trades = [];
      for (const value of (application as StoredSessionState).trades)
        trades.push({ value, ...(await readTrades(store, sha256Of, value)) });
      return null;
    });
    if (found.checkpoint === null && found.refused.length > 0) throw allLost(this.#where, found.refused);
    if (found.checkpoint !== null) {
      const which = differences((found.checkpoint.application as StoredSessionState).identity, this.#identity);
      if (which.length > 0) throw new SessionMismatchError(which);
    }
    this.restored = found.checkpoint;
    this.refused = found.refused;
    this.#trades = trades;
    this.#firstId = await this.#storage.nextId();
  }

  /** From here on the session tells its audit trail what happens. @throws StoreError */
  async startAudit(folder: string, onFailure: (error: unknown) => void): Promise<void> {
    this.#audit = await SessionAudit.open(this.store, folder, onFailure);
  }

  /** The session begins, or goes on after its process was gone. */
  async auditStart(parameters: SessionParameters, workers: number): Promise<void> {
    if (this.restored !== null) return this.auditRecovery('The program was ended in mid session.');
    const inputs = parameters.inputs.kind === 'files' ? parameters.inputs.paths : [parameters.inputs.kind];
    const details = { inputs, workers, rulesVersion: 1, rules: parameters.rules };
    this.#audit?.append({ kind: 'session-start', details, sequence: 0 });
  }

  /** It goes on from the last checkpoint; trades which that one made final and nobody may have told are told. */
  async auditRecovery(reason: string): Promise<void> {
    const details = { checkpoint: this.restored?.id ?? null, replayedQuotes: 0, reason, lost: [] };
    this.#audit?.append({ kind: 'recovery', details });
    const id = this.restored?.id;
    for (const { value, words, symbols } of this.#trades) {
      if (value.level === 0 && Number(/\/(\d+)-/.exec(value.name)?.[1]) === id)
        await this.#audit?.tellUntold(words, value.trades, (symbol) => symbols.get(symbol) as string);
    }
  }

  /** The session is over: the trades since the last checkpoint are final, too. */
  async auditEnd(job: RunningJob<SessionParameters>, trades: TradeCollector, quotes: number): Promise<void> {
    const rest = trades.durable?.rest();
    if (rest !== undefined) {
      await this.#audit?.tellUntold(rest.words, rest.trades, (id) => job.symbolText(id));
      this.#tellFinal(rest.words, rest.trades, job);
    }
    const details = { outcome: 'finished', quotes, trades: trades.count };
    this.#audit?.append({ kind: 'session-end', details, sequence: quotes });
    await this.#audit?.flush();
  }

  /** Gives a run the trades that earlier ones made final, and makes its own final with each checkpoint. */
  attach(job: RunningJob<SessionParameters>, trades: TradeCollector): void {
    const stored = this.restored === null ? [] : (this.restored.application as StoredSessionState).trades;
    trades.durable = new DurableTrades(this.store, sha256Of, (id) => job.symbolText(id), stored);
    trades.durable.onFinal = (words, count) => {
      this.#audit?.tellTrades(words, count, (id) => job.symbolText(id));
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
        // What was final before is told for good before anything else becomes so: after a crash, only the newest is in doubt.
        await this.#audit?.flush();
        const values = (await trades.durable?.prepare(checkpointId)) ?? [];
        const application: StoredSessionState = { identity: this.#identity, trades: values };
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

  async close(): Promise<void> {
    await this.#audit?.close();
    await this.store.close();
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
