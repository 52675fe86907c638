/**
 * What Little's law needs of the subtasks of one asynchronous operator, in memory that all threads share. A row of 64-bit
 * numbers per subtask, all but the first two ever growing:
 *
 *   [0] records in flight now    [1] capacity              [2] records that left        [3] their time here, summed, ms
 *   [4] records x time, ms       [5] since the start, ms   [6] calls made again         [7] timeouts
 *
 * Between two readings: occupancy = d[4] / d[5], throughput = d[2] / d[5], latency = d[3] / d[2], and occupancy =
 * throughput x latency, but for what was in flight at both ends.
 */
const ROW = 8;
const IN_FLIGHT = 0;
const CAPACITY = 1;
const LEFT = 2;
const LATENCY_MS = 3;
const OCCUPANCY_MS = 4;
const ELAPSED_MS = 5;
const RETRIES = 6;
const TIMEOUTS = 7;

export interface AsyncStatistics {
  readonly inFlight: number;
  readonly capacity: number;
  readonly completed: number;
  readonly latencyMsSum: number;
  /** Records in flight, summed over time: records x ms. */
  readonly occupancyMs: number;
  /** Of the subtask that runs longest. */
  readonly elapsedMs: number;
  readonly retries: number;
  readonly timeouts: number;
}

/** @param subtasksMax as many as the job can ever have */
export function createAsyncStatisticsMemory(subtasksMax: number): SharedArrayBuffer {
  return new SharedArrayBuffer(subtasksMax * ROW * 8);
}

/**
 * Plain reads of other threads' numbers: each is whole, together they are of about one moment.
 * @param subtask null: all of them together
 */
export function readAsyncStatistics(memory: SharedArrayBuffer, subtask: number | null = null): AsyncStatistics {
  const numbers = subtask === null ? new Float64Array(memory) : new Float64Array(memory, subtask * ROW * 8, ROW);
  const sum = (word: number): number => {
    let total = 0;
    for (let at = word; at < numbers.length; at += ROW) total += numbers[at];
    return total;
  };
  let elapsedMs = 0;
  for (let at = ELAPSED_MS; at < numbers.length; at += ROW) elapsedMs = Math.max(elapsedMs, numbers[at]);
  return {
    inFlight: sum(IN_FLIGHT),
    capacity: sum(CAPACITY),
    completed: sum(LEFT),
    latencyMsSum: sum(LATENCY_MS),
    occupancyMs: sum(OCCUPANCY_MS),
    elapsedMs,
    retries: sum(RETRIES),
    timeouts: sum(TIMEOUTS),
  };
}

/** What happened between two readings. */
export interface AsyncRates {
  /** Records in flight, on average. */
  readonly occupancy: number;
  readonly throughputPerSecond: number;
  /** Of records that left, in and before the calls, on average; NaN: none left. */
  readonly latencyMs: number;
}

export function ratesBetween(before: AsyncStatistics, after: AsyncStatistics): AsyncRates {
  const elapsedMs = after.elapsedMs - before.elapsedMs;
  const completed = after.completed - before.completed;
  return {
    occupancy: elapsedMs > 0 ? (after.occupancyMs - before.occupancyMs) / elapsedMs : after.inFlight,
    throughputPerSecond: elapsedMs > 0 ? (completed / elapsedMs) * 1000 : 0,
    latencyMs: completed > 0 ? (after.latencyMsSum - before.latencyMsSum) / completed : NaN,
  };
}

/** One subtask's row, as the subtask writes it. */
export class AsyncStatisticsRow {
  private readonly row: Float64Array;
  private lastMs: number;

  constructor(memory: SharedArrayBuffer, subtaskIndex: number, capacity: number, nowMs: number) {
    this.row = new Float64Array(memory, subtaskIndex * ROW * 8, ROW);
    this.row[CAPACITY] = capacity;
    this.row[IN_FLIGHT] = 0;
    this.lastMs = nowMs;
  }

  /** Counts what was in flight until now. Before anything enters or leaves, and now and then. */
  advance(nowMs: number): void {
    const passedMs = nowMs - this.lastMs;
    this.lastMs = nowMs;
    this.row[OCCUPANCY_MS] += this.row[IN_FLIGHT] * passedMs;
    this.row[ELAPSED_MS] += passedMs;
  }

  entered(): void {
    this.row[IN_FLIGHT] += 1;
  }
  left(latencyMs: number): void {
    this.row[IN_FLIGHT] -= 1;
    this.row[LEFT] += 1;
    this.row[LATENCY_MS] += latencyMs;
  }
  retried(): void {
    this.row[RETRIES] += 1;
  }
  timedOut(): void {
    this.row[TIMEOUTS] += 1;
  }
  /** The subtask begins anew: what was in flight will enter again. */
  emptied(): void {
    this.row[IN_FLIGHT] = 0;
  }
  /** The subtask is no more. */
  closed(): void {
    this.row[IN_FLIGHT] = 0;
    this.row[CAPACITY] = 0;
  }
}
