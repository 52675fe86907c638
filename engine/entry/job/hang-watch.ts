import { ACTIVITY, type ThreadControl } from '../../runtime/thread-control.ts';

/** A thread, as far as its signs of life go. */
export interface WatchedThread {
  readonly block: number;
  /** Monotonic; null: it is still being started. */
  readonly readyMs: number | null;
  readonly isFinished: boolean;
}

export interface HungThread<T extends WatchedThread> {
  readonly thread: T;
  /** It has shown no sign of life for so long. */
  readonly silentMs: number;
}

interface Beat {
  count: number;
  /** When it was last another, or when silence proved nothing. */
  sinceMs: number;
}

/** A thread that starts compiles its bundle and builds the job; on a busy machine that is slow, not hung. */
const START_MS_MAX = 60_000;
const STALL_MS = 1_000;

/** Finds threads that hang: their heartbeat stands still though they have work. Coordinator thread only. */
export class HangWatch<T extends WatchedThread> {
  private readonly control: ThreadControl;
  private readonly hangMs: number;
  private readonly beats = new WeakMap<T, Beat>();
  private lastLookMs: number;

  /** @param hangMs a thread that is ready shows a sign of life at least this often */
  constructor(control: ThreadControl, hangMs: number, nowMs: number) {
    this.control = control;
    this.hangMs = hangMs;
    this.lastLookMs = nowMs;
  }

  /**
   * To be called often.
   * @param hasStarted records flow; before, threads that are ready wait for the others
   * @returns the first thread that hangs; null: none does
   */
  look(threads: readonly T[], hasStarted: boolean, nowMs: number): HungThread<T> | null {
    // This thread itself stood still (the machine slept, a debugger held it): what it did not see proves nothing.
    const stoodStill = nowMs - this.lastLookMs > STALL_MS;
    this.lastLookMs = nowMs;
    for (const thread of threads) {
      const beat = this.beatOf(thread, nowMs);
      if (stoodStill) beat.sinceMs = nowMs;
    }
    for (const thread of threads) {
      const silentMs = this.silenceOf(thread, hasStarted, nowMs);
      if (silentMs > (thread.readyMs === null ? START_MS_MAX : this.hangMs)) return { thread, silentMs };
    }
    return null;
  }

  private silenceOf(thread: T, hasStarted: boolean, nowMs: number): number {
    const beat = this.beatOf(thread, nowMs);
    const count = this.control.heartbeat(thread.block);
    const activity = this.control.activity(thread.block);
    const mayBeSilent = thread.isFinished || activity === ACTIVITY.waiting || (thread.readyMs !== null && !hasStarted);
    if (count !== beat.count || mayBeSilent) {
      beat.count = count;
      beat.sinceMs = nowMs;
    }
    return nowMs - beat.sinceMs;
  }

  private beatOf(thread: T, nowMs: number): Beat {
    const known = this.beats.get(thread);
    if (known !== undefined) return known;
    const beat = { count: -1, sinceMs: nowMs };
    this.beats.set(thread, beat);
    return beat;
  }
}
