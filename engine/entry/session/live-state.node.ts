import type { JournalReader } from '../../connectors/journal/journal-reader.ts';
import type { JournalPlace } from '../../connectors/journal/journal-writer.ts';
import type { LiveSettings } from '../../connectors/recording/recording-format.ts';
import { readTrades, type StoredTrades, type TradeValue } from '../../connectors/sinks/durable-trades.ts';
import type { DurableStore } from '../../contract/durable-store.ts';
import type { RefusedCheckpoint, RestoredCheckpoint } from '../../runtime/checkpoint/checkpoint-storage.ts';
import type { StoredAudit } from './session-audit.ts';
import { sha256Of } from './session-identity.node.ts';
import type { StoredReader } from './session-reader.node.ts';
import { TrackedStorage } from './tracked-storage.ts';

const STATE_VERSION = 1;
const FOREIGN = 'It belongs to another session.';

/** The application's part of a live session's checkpoint. */
export interface LiveCheckpoint {
  readonly version: number;
  /** Of the session, as its journal has it: no two began at the same moment. */
  readonly startedAtMs: number;
  readonly trades: readonly TradeValue[];
  /** null: nothing was told. */
  readonly audit: StoredAudit | null;
}

/**
 * The checkpoints of a live session, beside its journal in one store. One is used only when its place lies within what can
 * be read of the journal; the journal is played from there. Coordinator thread only.
 */
export class LiveState {
  /** What the session goes on from; null: from the beginning of its journal. */
  readonly restored: RestoredCheckpoint | null;
  /** Newer checkpoints that cannot be used, and why. */
  readonly refused: readonly RefusedCheckpoint[];
  /** That the restored checkpoint points at. */
  readonly trades: readonly StoredTrades[];
  readonly storage: TrackedStorage;
  /** Greater than every id that was ever used. */
  readonly firstId: number;

  private constructor(
    storage: TrackedStorage,
    firstId: number,
    found: Pick<LiveState, 'restored' | 'refused' | 'trades'>,
  ) {
    this.storage = storage;
    this.firstId = firstId;
    this.restored = found.restored;
    this.refused = found.refused;
    this.trades = found.trades;
  }

  /**
   * The newest checkpoint that is whole and whose place the journal has: there the journal's reader stands then.
   * @param settings of the session; null: it has no journal yet, and so no checkpoint
   * @throws StoreError when the store cannot be read
   */
  static async find(
    store: DurableStore,
    journal: JournalReader,
    settings: LiveSettings | null,
    retained: number,
  ): Promise<LiveState> {
    const storage = new TrackedStorage(store, sha256Of, retained);
    let trades: StoredTrades[] = [];
    const found = await storage.latest(async (checkpoint) => {
      const { startedAtMs, trades: values } = checkpoint.application as LiveCheckpoint;
      const place = placeOf(checkpoint);
      if (startedAtMs !== settings?.startedAtMs || place === null) return FOREIGN;
      trades = [];
      for (const value of values) trades.push(await readTrades(store, sha256Of, value));
      return journal.seek(place);
    });
    return new LiveState(storage, await storage.nextId(), {
      restored: found.checkpoint,
      refused: found.refused.filter(({ problem }) => problem !== FOREIGN),
      trades: found.checkpoint === null ? [] : trades,
    });
  }

  /** Quotes of the session at the checkpoint it goes on from. */
  get quotes(): number {
    return this.restored === null ? 0 : (placeOf(this.restored)?.state.quotes ?? 0);
  }

  /** Values of trades that the restored checkpoint points at. */
  get tradeValues(): readonly TradeValue[] {
    return (this.restored?.application as LiveCheckpoint | undefined)?.trades ?? [];
  }

  /** What the restored checkpoint keeps for the audit trail. */
  get audit(): StoredAudit | null {
    return (this.restored?.application as LiveCheckpoint | undefined)?.audit ?? null;
  }
}

export function liveCheckpoint(
  { startedAtMs }: LiveSettings,
  kept: Pick<LiveCheckpoint, 'trades' | 'audit'>,
): LiveCheckpoint {
  return { version: STATE_VERSION, startedAtMs, ...kept };
}

function placeOf({ source }: RestoredCheckpoint): JournalPlace | null {
  const [session] = Object.values(source.sources);
  return (session?.reader as StoredReader | null | undefined)?.live?.place ?? null;
}
