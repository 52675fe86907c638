/** Time one thread has spent since it was ready, ms; the three together are its whole life. */
export interface ThreadTimes {
  readonly busyMs: number;
  readonly idleMs: number;
  /** Waiting for room in a ring: somebody behind it is too slow. */
  readonly backPressuredMs: number;
}

/** One thread, from its start to now. */
export interface ThreadMetrics extends ThreadTimes {
  readonly thread: string;
  /** Of the task; null: the source thread's. */
  readonly taskIndex: number | null;
  readonly recordsIn: number;
  readonly watermarkMs: number;
  /** From its start until it could take records; null: it is being started. */
  readonly initializationMs: number | null;
  /** Messages to it so far. */
  readonly mails: number;
}

/** With what only the job knows of it. */
export interface MeteredThread extends ThreadMetrics {
  /** Of its mails: questions that wait for an answer. */
  readonly mailsWaiting: number;
}

/**
 * What a task did in each second (Flink: busyTimeMsPerSecond, idleTimeMsPerSecond, backPressuredTimeMsPerSecond). The
 * three add up to 1000.
 */
export interface TimePerSecond {
  readonly busyMs: number;
  readonly idleMs: number;
  readonly backPressuredMs: number;
}

const MS_PER_SECOND = 1_000;
/** Before anything was measured a thread counts as idle, as Flink's does. */
const NOTHING_YET: TimePerSecond = { busyMs: 0, idleMs: MS_PER_SECOND, backPressuredMs: 0 };
/** A shorter time says little: a thread sleeps up to 20 ms at a stretch. */
const SPAN_MS_MIN = 500;

/** One thread's time per second, over the latest half second or more. Whoever shows it owns one for each thread. */
export class TimeMeter {
  private before: ThreadTimes | null = null;
  private latest: TimePerSecond = NOTHING_YET;

  read(times: ThreadTimes): TimePerSecond {
    const { before } = this;
    if (before === null || lifeMs(times) < lifeMs(before)) {
      this.before = times;
      return this.latest;
    }
    const span = lifeMs(times) - lifeMs(before);
    if (span < SPAN_MS_MIN) return this.latest;
    this.before = times;
    const perSecond = (from: number, to: number): number =>
      Math.min(MS_PER_SECOND, (Math.max(0, to - from) / span) * MS_PER_SECOND);
    const idleMs = perSecond(before.idleMs, times.idleMs);
    const backPressuredMs = Math.min(MS_PER_SECOND - idleMs, perSecond(before.backPressuredMs, times.backPressuredMs));
    this.latest = { busyMs: MS_PER_SECOND - idleMs - backPressuredMs, idleMs, backPressuredMs };
    return this.latest;
  }
}

export function lifeMs({ busyMs, idleMs, backPressuredMs }: ThreadTimes): number {
  return busyMs + idleMs + backPressuredMs;
}
