import { randomUUID } from 'node:crypto';
import { StoreError, type DurableStore } from '../../contract/durable-store.ts';
import { readTrades, type StoredTrades, type TradeValue } from '../../connectors/sinks/durable-trades.ts';
import type { Clock } from '../../core/time.ts';
import type { CheckpointRecord } from '../../contract/checkpoint-record.ts';
import {
  CheckpointStorage,
  type RefusedCheckpoint,
  type RestoredCheckpoint,
} from '../../runtime/checkpoint/checkpoint-storage.ts';
import type { ControlRecord } from '../../trading/records.ts';
import type { JobCheckpoints } from '../job/job-checkpoints.node.ts';
import { CHECKPOINT_SETTINGS_DEFAULT } from '../session/checkpoint-settings.ts';
import type { SessionAudit, StoredAudit } from '../session/session-audit.ts';
import { differences, identityOf, sha256Of } from '../session/session-identity.node.ts';
import type { SessionParameters } from '../session/session-parameters.ts';
import type { StoredReader } from '../session/session-reader.node.ts';
import { TrackedStorage } from '../session/tracked-storage.ts';
import {
  controlName,
  CURRENT_NAME,
  SPEC_VERSION,
  specName,
  type CurrentSession,
  type Desk,
  type KeptControl,
  type SessionCheckpoint,
  type SessionLife,
  type SessionSpec,
} from './session-spec.node.ts';
import type { SessionTrades } from './session-trades.node.ts';

/** A checkpoint of a workstation that hangs this long is given up and said. */
export const CHECKPOINT_TIMEOUT_MS = 60_000;
const FOREIGN = 'It belongs to a session that has ended.';

/**
 * One session in the store: what it was opened with, how it is played, its checkpoints, trades and controls. Coordinator
 * thread only. Life: open, then finished or closed; one that is open when the program starts was interrupted.
 */
export class SessionKeeper {
  readonly spec: SessionSpec;
  /** What the session goes on from; null: from its beginning. */
  restored: RestoredCheckpoint | null = null;
  /** Newer checkpoints that cannot be used, and why. */
  refused: readonly RefusedCheckpoint[] = [];
  /** That earlier runs made final. */
  trades: readonly StoredTrades[] = [];
  /** In the order of their numbers. */
  controls: readonly KeptControl[] = [];
  readonly store: DurableStore;
  readonly #clock: Clock;
  readonly #storage: TrackedStorage;
  readonly #sha256: string;
  #desk: Desk;
  #life: SessionLife = 'open';
  #lastControl = 0;
  #firstId = 1;
  #deskWriting: Promise<void> = Promise.resolve();

  private constructor(store: DurableStore, clock: Clock, spec: SessionSpec, sha256: string, desk: Desk) {
    this.store = store;
    this.#clock = clock;
    this.spec = spec;
    this.#sha256 = sha256;
    this.#desk = desk;
    this.#storage = new TrackedStorage(store, sha256Of, CHECKPOINT_SETTINGS_DEFAULT.retained);
  }

  /**
   * Keeps a new session; whatever was kept of an earlier one goes.
   * @throws StoreError; the file system's error for an input that cannot be read, or not twice
   */
  static async begin(
    store: DurableStore,
    clock: Clock,
    opened: Pick<SessionSpec, 'parameters' | 'workers' | 'info'>,
  ): Promise<SessionKeeper> {
    const { parameters, workers, info } = opened;
    const identity = await identityOf(parameters);
    const id = randomUUID();
    const spec: SessionSpec = {
      version: SPEC_VERSION,
      id,
      openedAtMs: clock.wallMs(),
      parameters,
      workers,
      info,
      identity,
    };
    const bytes = bytesOf(spec);
    const desk = { speed: parameters.speed, paused: parameters.startPaused };
    const keeper = new SessionKeeper(store, clock, spec, sha256Of(bytes), desk);
    keeper.#firstId = await keeper.#storage.nextId();
    await store.put(specName(id), bytes);
    await keeper.#putCurrent([]);
    const earlier = ['checkpoints/', 'trades/', 'controls/', 'session/', 'orders/'].map((prefix) => store.list(prefix));
    const names = (await Promise.all(earlier)).flat().filter((name) => name !== CURRENT_NAME && name !== specName(id));
    // Manifests first: what they point at must not go before them.
    await store.remove(names.filter((name) => name.endsWith('/manifest')));
    await store.remove(names.filter((name) => !name.endsWith('/manifest')));
    return keeper;
  }

  /**
   * The session that was interrupted; null: there is none.
   * @throws StoreError when there was one and it cannot be had back; nothing was changed
   */
  static async find(store: DurableStore, clock: Clock): Promise<SessionKeeper | null> {
    const current = await readCurrent(store);
    if (current === null || current.life !== 'open') return null;
    const bytes = await store.get(specName(current.id));
    if (bytes === null || sha256Of(bytes) !== current.sha256) {
      const found = bytes === null ? 'is not there' : 'is not what was written';
      throw new StoreError('damaged', specName(current.id), `What the session was opened with ${found}.`);
    }
    const spec = JSON.parse(textOf(bytes)) as SessionSpec;
    if (spec.version !== SPEC_VERSION) throw newer(specName(current.id), spec.version);
    const keeper = new SessionKeeper(store, clock, spec, current.sha256, current.desk);
    await keeper.reload();
    return keeper;
  }

  /** For whoever asks what a checkpoint holds. */
  get storage(): CheckpointStorage {
    return this.#storage;
  }

  get desk(): Desk {
    return this.#desk;
  }

  /** Where the source stood at the checkpoint; null: at the beginning. */
  get reader(): StoredReader | null {
    const sources = Object.values(this.restored?.source.sources ?? {});
    return (sources[0]?.reader as StoredReader | null | undefined) ?? null;
  }

  /** What it is opened with this time. */
  get parameters(): SessionParameters {
    const { speed, paused } = this.#desk;
    return { ...this.spec.parameters, speed, startPaused: paused, controls: this.controls };
  }

  /** Names of inputs that are gone or not what they were. */
  async changedInputs(): Promise<readonly string[]> {
    try {
      return differences(this.spec.identity, await identityOf(this.spec.parameters));
    } catch (error) {
      return [(error as Error).message];
    }
  }

  /** Looks for the newest checkpoint that is whole: at the start, and after a failure in mid session. @throws StoreError */
  async reload(): Promise<void> {
    await this.#storage.settled;
    await this.#deskWriting;
    const { store } = this;
    let trades: StoredTrades[] = [];
    const found = await this.#storage.latest(async (checkpoint) => {
      const application = checkpoint.application as SessionCheckpoint;
      if (application.id !== this.spec.id) return FOREIGN;
      trades = [];
      for (const value of application.trades) trades.push(await readTrades(store, sha256Of, value));
      return null;
    });
    this.restored = found.checkpoint;
    this.refused = found.refused.filter(({ problem }) => problem !== FOREIGN);
    if (this.restored === null && this.refused.length > 0) throw allLost(this.refused);
    this.trades = trades;
    this.controls = await this.#readControls();
    const kept = (this.restored?.application as SessionCheckpoint | undefined)?.lastControl ?? 0;
    this.#lastControl = Math.max(this.#lastControl, kept, ...this.controls.map(({ number }) => number));
    this.#firstId = Math.max(this.#firstId, await this.#storage.nextId());
  }

  /** Values of trades that the restored checkpoint points at. */
  get tradeValues(): readonly TradeValue[] {
    return (this.restored?.application as SessionCheckpoint | undefined)?.trades ?? [];
  }

  /** What the restored checkpoint keeps for the audit trail. */
  get audit(): StoredAudit | null {
    return (this.restored?.application as SessionCheckpoint | undefined)?.audit ?? null;
  }

  checkpoints(
    trades: () => SessionTrades,
    audit: SessionAudit | null,
    onRecord: (record: CheckpointRecord) => void,
  ): JobCheckpoints {
    return {
      storage: this.#storage,
      firstId: this.#firstId,
      // The session asks for them: while it is paused nothing changes.
      intervalMs: null,
      timeoutMs: CHECKPOINT_TIMEOUT_MS,
      prepare: async (checkpointId) => {
        const told = (await audit?.prepare(checkpointId)) ?? null;
        const values = await trades().prepare(checkpointId);
        const application: SessionCheckpoint = {
          version: SPEC_VERSION,
          id: this.spec.id,
          sha256: this.#sha256,
          desk: this.#desk,
          trades: values,
          lastControl: this.#lastControl,
          audit: told,
        };
        return { application, values: [...values.map(({ name }) => name), specName(this.spec.id)] };
      },
      onRecord: (record) => {
        // Also of one that came to nothing: a value of it may be there.
        this.#firstId = Math.max(this.#firstId, record.id + 1);
        onRecord(record);
      },
    };
  }

  /** A number for a control that is about to be sent. */
  nextControl(): number {
    this.#lastControl += 1;
    return this.#lastControl;
  }

  /** Resolves once the control would enter at that place again after a crash. @throws StoreError */
  async keepControl(
    control: ControlRecord,
    entered: { readonly number: number; readonly sequence: number; readonly recordedTaken: number },
    superseded: readonly number[],
  ): Promise<void> {
    const { number, sequence, recordedTaken } = entered;
    const session = this.spec.id;
    const kept: KeptControl = {
      version: SPEC_VERSION,
      session,
      number,
      sequence,
      recordedTaken,
      control,
      atMs: this.#clock.wallMs(),
    };
    // First: a rearm that a new halt took the place of must be gone before the halt counts as kept.
    if (superseded.length > 0) await this.store.remove(superseded.map(controlName));
    await this.store.put(controlName(number), bytesOf(kept));
  }

  /** Takes note of how the session is played; the newest counts. */
  keepDesk(desk: Partial<Desk>): void {
    this.#desk = { ...this.#desk, ...desk };
    if (this.#life !== 'open') return;
    this.#deskWriting = this.#deskWriting.then(() => this.#putCurrent([])).catch(() => undefined);
  }

  /** It came to its end; its last trades are final now. @throws StoreError */
  async finish(trades: SessionTrades): Promise<void> {
    await this.#storage.settled;
    const id = this.#firstId;
    this.#firstId += 1;
    trades.prepareCommit(id);
    const values = await trades.prepare(id);
    await this.#end('finished', values);
    trades.commit(id);
  }

  /** Somebody closed it, or opened another: it is not gone on with. @throws StoreError */
  async close(): Promise<void> {
    if (this.#life === 'open') await this.#end('closed', []);
  }

  async #end(life: SessionLife, trades: readonly TradeValue[]): Promise<void> {
    await this.#deskWriting;
    this.#life = life;
    await this.#putCurrent(trades);
  }

  async #putCurrent(trades: readonly TradeValue[]): Promise<void> {
    const current: CurrentSession = {
      version: SPEC_VERSION,
      id: this.spec.id,
      life: this.#life,
      desk: this.#desk,
      sha256: this.#sha256,
      trades,
    };
    await this.store.put(CURRENT_NAME, bytesOf(current));
  }

  async #readControls(): Promise<KeptControl[]> {
    const controls: KeptControl[] = [];
    for (const name of await this.store.list('controls/')) {
      const bytes = await this.store.get(name);
      if (bytes === null) continue;
      const control = JSON.parse(textOf(bytes)) as KeptControl;
      if (control.version !== SPEC_VERSION) throw newer(name, control.version);
      if (control.session === this.spec.id) controls.push(control);
    }
    return controls;
  }
}

/** Without it the newest checkpoint says which session was open: it is never taken for a fresh start. */
async function readCurrent(store: DurableStore): Promise<CurrentSession | null> {
  const bytes = await store.get(CURRENT_NAME);
  if (bytes !== null) {
    const current = JSON.parse(textOf(bytes)) as CurrentSession;
    if (current.version !== SPEC_VERSION) throw newer(CURRENT_NAME, current.version);
    return current;
  }
  const { checkpoint } = await new CheckpointStorage(store, sha256Of, CHECKPOINT_SETTINGS_DEFAULT.retained).latest();
  if (checkpoint === null) return null;
  const { version, id, sha256, desk } = checkpoint.application as SessionCheckpoint;
  return { version, id, life: 'open', desk, sha256, trades: [] };
}

function newer(name: string, version: number): StoreError {
  return new StoreError(
    'newer',
    name,
    `${name} has version ${version}; this program reads version ${SPEC_VERSION}. It was left as it is: use the program that wrote it, or a newer one.`,
  );
}

function allLost(refused: readonly RefusedCheckpoint[]): StoreError {
  const why = refused.map(({ id, problem }) => `checkpoint ${id}: ${problem}`).join('\n  ');
  return new StoreError(
    'lost',
    'the session',
    `None of the session's ${refused.length} checkpoints can be used:\n  ${why}\nThis is not treated as a fresh start, and nothing was removed. Opening another session gives the old one up.`,
  );
}

function bytesOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
