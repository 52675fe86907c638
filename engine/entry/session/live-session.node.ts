import { fastCrc32 } from '../../connectors/files/fast-crc32.node.ts';
import { JournalKeeper } from '../../connectors/journal/journal-keeper.ts';
import { JournalReader, type FoundJournal } from '../../connectors/journal/journal-reader.ts';
import { publicAddress } from '../../connectors/live/web-socket.node.ts';
import type { FeedStatus } from '../../connectors/live/live-feed-input.ts';
import type { LiveSettings } from '../../connectors/recording/recording-format.ts';
import type { SessionTotals } from '../../connectors/sources/session-totals.ts';
import type { AuditTrail } from '../../connectors/audit/audit-trail.ts';
import { DurableTrades } from '../../connectors/sinks/durable-trades.ts';
import type { PlannedPosition } from '../../connectors/sources/session-records.ts';
import type { SinkWriter } from '../../api/sink.ts';
import type { DurableStore, StoreError } from '../../contract/durable-store.ts';
import { resolveRules } from '../../contract/rules-resolve.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import { CONFIRMING_QUOTES } from '../../connectors/sources/held-quotes.ts';
import { machineClock, startMachineTimer } from '../../core/machine.node.ts';
import type { CheckpointRecord } from '../../contract/checkpoint-record.ts';
import type { Trade } from '../../trading/records.ts';
import type { JobCheckpoints } from '../job/job-checkpoints.node.ts';
import { CheckpointRhythm } from './checkpoint-rhythm.node.ts';
import { CHECKPOINT_SETTINGS_DEFAULT } from './checkpoint-settings.ts';
import { liveCheckpoint, LiveState } from './live-state.node.ts';
import { lostTexts, SessionAudit } from './session-audit.ts';
import { sha256Of } from './session-identity.node.ts';
import type { LiveInputs, SessionCommand, SessionEvent } from './session-parameters.ts';
import { TradeGate } from './trade-gate.ts';

/** A quote that was two seconds on its way is of another market. */
export const STALE_MS_DEFAULT = 2_000;

export interface LiveRequest {
  readonly url: string;
  readonly subscribe: string | null;
  readonly profile: string;
  readonly positions: readonly PlannedPosition[];
  readonly rules: RulesDocument;
  /** null: the default. */
  readonly staleMs: number | null;
  readonly idleMs: number | null;
  readonly outOfOrdernessMs: number | null;
  readonly maxFutureMs: number | null;
}

/** Why a session cannot go on with a state: it was begun with something else. */
export class OtherSessionError extends Error {
  override readonly name = 'OtherSessionError';
}

export interface PreparedLive {
  readonly inputs: LiveInputs;
  /** Those the session began with; `request.rules` come as a change, where they differ from the ones in force. */
  readonly rules: RulesDocument;
  readonly reader: JournalReader;
  readonly found: FoundJournal;
  /** What it goes on from, and where its checkpoints go. */
  readonly state: LiveState;
}

/**
 * Looks at what a store has of the session, and decides how it goes on.
 * @param retained complete checkpoints kept
 * @throws StoreError when the journal is damaged; OtherSessionError when it is of other positions
 */
export async function prepareLive(
  store: DurableStore,
  request: LiveRequest,
  retained: number = CHECKPOINT_SETTINGS_DEFAULT.retained,
): Promise<PreparedLive> {
  const reader = new JournalReader(store, fastCrc32);
  const found = await reader.open(true);
  const positionsDigest = digestOf(request.positions);
  const settings = found.settings ?? newSettings(request, positionsDigest);
  if (settings.positionsDigest !== positionsDigest) {
    throw new OtherSessionError(
      `The session in this state began ${new Date(settings.startedAtMs).toISOString()} with other starting positions. Give the same positions file to go on with it, or begin a new session with another --state.`,
    );
  }
  const state = await LiveState.find(store, reader, found.settings, retained);
  if (found.settings === null && state.firstId > 1)
    throw new OtherSessionError(
      'This state has checkpoints, but no journal of a live session: it is of a replay, or its journal is lost. Give another --state, or bring the journal back from a copy.',
    );
  const { url, subscribe, profile } = request;
  const recovers = found.settings !== null;
  return {
    inputs: { kind: 'live', url, subscribe, profile, settings, recovers, nextPart: found.nextPart },
    rules: settings.rules,
    reader,
    found,
    state,
  };
}

/** Of quarantined rows the journal has those that were quotes; the others never come again. */
const JOURNALED_REASONS: readonly string[] = ['future', 'stale'];

/**
 * The trail of a live session that begins or goes on.
 * @param reason why it goes on, if it does
 * @throws StoreError
 */
export async function auditLive(
  trail: AuditTrail,
  { inputs, rules, found, state }: PreparedLive,
  { workers, reason }: { readonly workers: number; readonly reason: string },
): Promise<SessionAudit> {
  const { settings, recovers } = inputs;
  const session = `live ${settings.startedAtMs}`;
  const audit = new SessionAudit(trail, session, (row) => JOURNALED_REASONS.includes(row));
  if (!recovers) await audit.begin({ inputs: [settings.feed], workers, rules });
  else {
    const refused = lostTexts(state.refused);
    await audit.goOn(state.audit, state.trades, {
      checkpoint: state.restored?.id ?? null,
      replayedQuotes: Math.max(0, found.quotes - state.quotes),
      reason,
      lost: found.cutOff === null ? refused : [...refused, found.cutOff],
    });
  }
  return audit;
}

function newSettings(request: LiveRequest, positionsDigest: string): LiveSettings {
  const { outOfOrdernessMs, maxFutureMs, idleMs } = resolveRules(request.rules, 'live').defaults;
  return {
    feed: publicAddress(request.url),
    startedAtMs: Math.floor(machineClock.wallMs()),
    outOfOrdernessMs: request.outOfOrdernessMs ?? outOfOrdernessMs,
    maxFutureMs: request.maxFutureMs ?? maxFutureMs,
    staleMs: request.staleMs ?? STALE_MS_DEFAULT,
    idleMs: request.idleMs ?? idleMs,
    rules: request.rules,
    positionsDigest,
  };
}

function digestOf(positions: readonly PlannedPosition[]): string {
  const lines = positions.map(
    ({ symbol, shares, buyPrice, ttlMs, openedAt }) =>
      `${JSON.stringify([symbol, shares, buyPrice, ttlMs, openedAt])}\n`,
  );
  return sha256Of(lines.join(''));
}

export interface LiveCoordinatorOptions {
  readonly store: DurableStore;
  readonly prepared: PreparedLive;
  /** The rules that are asked for now. */
  readonly rules: RulesDocument;
  /** Gets final trades. */
  readonly trades: SinkWriter<Trade>;
  /** Name of a symbol in a trade. */
  readonly symbolText: (id: number) => string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Asks the job for one. */
  readonly checkpoint: () => Promise<CheckpointRecord>;
  readonly onCheckpoint: (record: CheckpointRecord) => void;
  /** null: there is no trail. */
  readonly audit: SessionAudit | null;
  readonly send: (command: SessionCommand) => void;
  readonly onFeed: (status: FeedStatus) => void;
  readonly onRecovered: (recovered: RecoveredLive) => void;
  /** The store is full and the session waits; null: it goes on. */
  readonly onFull: (problem: StoreError | null) => void;
  /** The journal can be neither read nor written: the session cannot go on. */
  readonly onFailed: (error: unknown) => void;
}

/** What a session was found to be when its journal had been played. */
export interface RecoveredLive {
  readonly quotes: number;
  /** Quotes, controls and marks that were read from the journal: those behind the checkpoint. */
  readonly records: number;
  readonly halted: boolean;
  /** Of the rules that hold from here on. */
  readonly rulesVersion: number;
}

/** A silent feed is journaled step by step; so many parts of it are worth a checkpoint. */
const QUIET_PARTS = 64;

/**
 * The coordinator's part of a live session: the journal's way to the store and back, what is final, and checkpoints. One
 * is complete only once the journal is durable up to its place: so what it holds beyond any other is never lost.
 */
export class LiveCoordinator {
  readonly gate: TradeGate;
  readonly keeper: JournalKeeper;
  readonly #options: LiveCoordinatorOptions;
  readonly #trades: DurableTrades;
  readonly #rhythm: CheckpointRhythm;
  /** By checkpoint: the part of the journal behind its barrier; null: the session was not live yet. */
  readonly #barriers = new Map<number, number | null>();
  #changes = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor(options: LiveCoordinatorOptions) {
    this.#options = options;
    const { store, prepared, symbolText, intervalMs, checkpoint } = options;
    this.#trades = new DurableTrades(store, sha256Of, symbolText, prepared.state.tradeValues);
    this.#trades.onFinal = (checkpointId, words, trades) =>
      options.audit?.complete(checkpointId, { words, trades, nameOf: symbolText });
    this.gate = new TradeGate(options.trades, this.#trades);
    this.keeper = new JournalKeeper({
      store,
      startTimer: startMachineTimer,
      nextPart: prepared.inputs.nextPart,
      onStored: ({ part, nextSequence, undecided }) => {
        this.gate.release(nextSequence, undecided);
        options.send({ kind: 'journal-stored', part });
      },
      onFull: options.onFull,
      onFailed: options.onFailed,
    });
    this.#rhythm = new CheckpointRhythm({ intervalMs, changes: () => this.#changes, checkpoint });
  }

  /** What the job is started with. */
  jobCheckpoints(): JobCheckpoints {
    const { prepared, timeoutMs, onCheckpoint, audit } = this.#options;
    const { storage, firstId } = prepared.state;
    return {
      storage,
      firstId,
      // By its own rhythm, from when the session is live.
      intervalMs: null,
      timeoutMs,
      prepare: async (checkpointId) => {
        const part = this.#barriers.get(checkpointId) ?? null;
        this.#barriers.clear();
        if (part === null) throw new Error('The session is still being brought back from its journal.');
        await this.keeper.whenStored(part - 1);
        const trades = await this.#trades.prepare(checkpointId);
        const told = (await audit?.prepare(checkpointId)) ?? null;
        const application = liveCheckpoint(prepared.inputs.settings, { trades, audit: told });
        return { application, values: trades.map(({ name }) => name) };
      },
      onRecord: onCheckpoint,
    };
  }

  /** It has ended, or is closed: what became final since the last checkpoint is told. @throws StoreError */
  async tellEnd(outcome: string, { quotes, quarantinedByReason }: SessionTotals, trades: number): Promise<void> {
    const nameOf = this.#options.symbolText;
    // Of trades that did not become final the next run tells.
    const rest = this.gate.pending > 0 ? { words: new Float64Array(0), trades: 0 } : this.#trades.rest();
    await this.#options.audit?.end({ outcome, quotes, trades }, { ...rest, nameOf }, quarantinedByReason);
  }

  /** Nothing is written to the store any more once this resolves. */
  async close(): Promise<void> {
    this.#rhythm.stop();
    this.keeper.close();
    await this.#options.prepared.state.storage.settled;
  }

  /** @returns whether the event was of a live session, and is done with */
  take(event: SessionEvent): boolean {
    if (this.#options.audit?.take(event) === true) return true;
    switch (event.kind) {
      case 'opened':
        if (!this.#options.prepared.inputs.recovers) this.#rhythm.start();
        return false;
      case 'barrier':
        this.#barriers.set(event.checkpointId, event.part);
        return true;
      case 'journal-part':
        this.keeper.add(event.part);
        this.#changes = event.part.nextSequence + Math.floor(event.part.part / QUIET_PARTS);
        return true;
      case 'journal-wanted':
        this.#reading = this.#reading.then(() => this.#giveNext());
        return true;
      case 'recovered':
        this.#recovered(event);
        return true;
      case 'feed':
        this.#options.onFeed(event.status);
        return true;
      case 'ended':
        this.#rhythm.stop();
        return false;
      default:
        return false;
    }
  }

  async #giveNext(): Promise<void> {
    const { prepared, send, onFailed } = this.#options;
    try {
      const bytes = await prepared.reader.next();
      // Trades of what is in the journal are final: they were, or would have been, before the crash.
      // The last ones may be held back; that is told when it has been played.
      this.gate.release(Math.max(0, prepared.reader.sequence - CONFIRMING_QUOTES), []);
      send({ kind: 'journal-bytes', bytes });
    } catch (error) {
      onFailed(error);
    }
  }

  #recovered(event: Extract<SessionEvent, { kind: 'recovered' }>): void {
    const { rules, prepared, send, onRecovered } = this.#options;
    this.keeper.recovered(event.quotes);
    this.gate.release(event.quotes, event.undecided);
    const inForce = event.rules ?? { rules: prepared.rules, version: 1 };
    const differs = JSON.stringify(resolveRules(inForce.rules)) !== JSON.stringify(resolveRules(rules));
    const rulesVersion = differs ? inForce.version + 1 : inForce.version;
    if (differs) send({ kind: 'control', control: { kind: 'rules', rules, version: rulesVersion } });
    this.#rhythm.start();
    onRecovered({ quotes: event.quotes, records: event.records, halted: event.halted, rulesVersion });
  }
}
