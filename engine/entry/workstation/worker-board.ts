import type { WorkerInfo } from '../../contract/window.ts';
import { RateMeter } from '../../runtime/metrics/rate-meter.ts';
import { TimeMeter, type ThreadTimes } from '../../runtime/metrics/thread-times.ts';
import {
  assignToKeyGroup,
  computeKeyGroupRangeForOperatorIndex,
  computeOperatorIndexForKeyGroup,
} from '../../state/key-groups.ts';
import type { RowCache } from './row-cache.ts';

/** What is asked of a running job. */
export interface WatchedJob {
  readonly graph: { readonly parallelism: number; readonly maxParallelism: number };
  /** The source thread has no task index. */
  metrics(): readonly (ThreadTimes & {
    readonly taskIndex: number | null;
    readonly recordsIn: number;
    readonly watermarkMs: number;
  })[];
  symbolText(symbol: number): string;
}

interface WorkerMeters {
  readonly rate: RateMeter;
  readonly time: TimeMeter;
  recordsIn: number;
}

/** What the window is told of each worker, whose number may change. Coordinator thread only. */
export class WorkerBoard {
  readonly #job: WatchedJob;
  readonly #rows: RowCache;
  #meters: WorkerMeters[] = [];
  /** Keys of each worker, as of so many published symbols. */
  #keys: number[] = [];
  #counted = 0;
  /** By symbol number; -1: not looked at yet. */
  #keyGroups = new Int32Array(0);

  constructor(job: WatchedJob, rows: RowCache) {
    this.#job = job;
    this.#rows = rows;
  }

  read(nowMs: number): WorkerInfo[] {
    const { parallelism, maxParallelism } = this.#job.graph;
    if (this.#keys.length !== parallelism || this.#counted !== this.#rows.publishedCount) this.#countKeys();
    const metrics = this.#job.metrics();
    return this.#keys.map((keys, index) => {
      const { start, end } = computeKeyGroupRangeForOperatorIndex(maxParallelism, parallelism, index);
      const own = metrics.find(({ taskIndex }) => taskIndex === index);
      const meters = this.#metersOf(index, own?.recordsIn ?? 0);
      const { busyMs, idleMs, backPressuredMs } = meters.time.read(own ?? NOTHING_DONE);
      return {
        index,
        firstKeyGroup: start,
        lastKeyGroup: end,
        keys,
        quotesPerSecond: meters.rate.read(nowMs, own?.recordsIn ?? 0),
        watermarkMs: own !== undefined && Number.isFinite(own.watermarkMs) ? own.watermarkMs : null,
        busyMsPerSecond: busyMs,
        idleMsPerSecond: idleMs,
        backPressuredMsPerSecond: backPressuredMs,
      };
    });
  }

  /** A count that fell belongs to another thread, which came in the place of one that ended. */
  #metersOf(index: number, recordsIn: number): WorkerMeters {
    const known = this.#meters[index] as WorkerMeters | undefined;
    const meters =
      known !== undefined && known.recordsIn <= recordsIn
        ? known
        : { rate: new RateMeter(), time: new TimeMeter(), recordsIn };
    meters.recordsIn = recordsIn;
    this.#meters[index] = meters;
    return meters;
  }

  #countKeys(): void {
    const { parallelism, maxParallelism } = this.#job.graph;
    const keys = new Array<number>(parallelism).fill(0);
    this.#meters.length = Math.min(this.#meters.length, parallelism);
    this.#rows.forEachPublished((symbol) => {
      keys[computeOperatorIndexForKeyGroup(maxParallelism, parallelism, this.#keyGroupOf(symbol))] += 1;
    });
    this.#keys = keys;
    this.#counted = this.#rows.publishedCount;
  }

  #keyGroupOf(symbol: number): number {
    if (symbol >= this.#keyGroups.length) {
      const wider = new Int32Array(Math.max(symbol + 1, this.#keyGroups.length * 2)).fill(-1);
      wider.set(this.#keyGroups);
      this.#keyGroups = wider;
    }
    if (this.#keyGroups[symbol] < 0)
      this.#keyGroups[symbol] = assignToKeyGroup(this.#job.symbolText(symbol), this.#job.graph.maxParallelism);
    return this.#keyGroups[symbol];
  }
}

const NOTHING_DONE: ThreadTimes = { busyMs: 0, idleMs: 0, backPressuredMs: 0 };
