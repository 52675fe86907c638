import { createHash } from 'node:crypto';
import { fastCrc32 } from '../../connectors/files/fast-crc32.node.ts';
import { JournalKeeper } from '../../connectors/journal/journal-keeper.ts';
import { JournalReader, type FoundJournal } from '../../connectors/journal/journal-reader.ts';
import { publicAddress } from '../../connectors/live/web-socket.node.ts';
import type { FeedStatus } from '../../connectors/live/live-feed-input.ts';
import type { LiveSettings } from '../../connectors/recording/recording-format.ts';
import type { PlannedPosition } from '../../connectors/sources/session-records.ts';
import type { SinkWriter } from '../../api/sink.ts';
import type { DurableStore, StoreError } from '../../contract/durable-store.ts';
import { resolveRules } from '../../contract/rules-resolve.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import { CONFIRMING_QUOTES } from '../../connectors/sources/session-stamper.ts';
import { machineClock, startMachineTimer } from '../../core/machine.node.ts';
import type { Trade } from '../../trading/records.ts';
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
}

/**
 * Looks at what a store has of the session, and decides how it goes on.
 * @throws StoreError when the journal is damaged; OtherSessionError when it is of other positions
 */
export async function prepareLive(store: DurableStore, request: LiveRequest): Promise<PreparedLive> {
  const reader = new JournalReader(store, fastCrc32);
  const found = await reader.open(true);
  const positionsDigest = digestOf(request.positions);
  const settings = found.settings ?? newSettings(request, positionsDigest);
  if (settings.positionsDigest !== positionsDigest) {
    throw new OtherSessionError(
      `The session in this state began ${new Date(settings.startedAtMs).toISOString()} with other starting positions. Give the same positions file to go on with it, or begin a new session with another --state.`,
    );
  }
  const { url, subscribe, profile } = request;
  const recovers = found.settings !== null;
  return {
    inputs: { kind: 'live', url, subscribe, profile, settings, recovers, nextPart: found.nextPart },
    rules: settings.rules,
    reader,
    found,
  };
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
  const hash = createHash('sha256');
  for (const { symbol, shares, buyPrice, ttlMs, openedAt } of positions)
    hash.update(`${JSON.stringify([symbol, shares, buyPrice, ttlMs, openedAt])}\n`);
  return hash.digest('hex');
}

export interface LiveCoordinatorOptions {
  readonly store: DurableStore;
  readonly prepared: PreparedLive;
  /** The rules that are asked for now. */
  readonly rules: RulesDocument;
  /** Gets final trades. */
  readonly trades: SinkWriter<Trade>;
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
  readonly halted: boolean;
  /** Of the rules that hold from here on. */
  readonly rulesVersion: number;
}

/** The coordinator's part of a live session: the journal's way to the store and back, and what is final. */
export class LiveCoordinator {
  readonly gate: TradeGate;
  readonly keeper: JournalKeeper;
  readonly #options: LiveCoordinatorOptions;
  #reading: Promise<void> = Promise.resolve();

  constructor(options: LiveCoordinatorOptions) {
    this.#options = options;
    this.gate = new TradeGate(options.trades);
    this.keeper = new JournalKeeper({
      store: options.store,
      startTimer: startMachineTimer,
      onStored: ({ part, nextSequence, undecided }) => {
        this.gate.release(nextSequence, undecided);
        options.send({ kind: 'journal-stored', part });
      },
      onFull: options.onFull,
      onFailed: options.onFailed,
    });
  }

  /** @returns whether the event was of a live session, and is done with */
  take(event: SessionEvent): boolean {
    switch (event.kind) {
      case 'journal-part':
        this.keeper.add(event.part);
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
    onRecovered({ quotes: event.quotes, halted: event.halted, rulesVersion });
  }
}
