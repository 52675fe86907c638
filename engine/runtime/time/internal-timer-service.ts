import type { TimerService } from '../../api/functions.ts';
import { NullPointerError } from '../../core/errors.ts';
import { WATERMARK_MIN } from '../../core/time.ts';
import type { CopyOnWrite } from '../../state/copy-on-write.ts';
import { NO_KEY_SET, type KeyTable } from '../../state/key-table.ts';
import { TimerQueue } from './timer-queue.ts';

/** Called with the timer's key set. */
export interface Triggerable {
  onEventTime(timestampMs: number): void;
  onProcessingTime(timestampMs: number): void;
}

/**
 * Time and timers of one keyed operator on one subtask (Flink: InternalTimerServiceImpl). Task thread only.
 *
 * Watermarks: the current watermark is set first, then every timer at or below it fires, in order of time, those
 * included that are registered meanwhile. A timer registered at or below the current watermark waits for the next
 * watermark call, which may be an equal one. Flink's Long.MIN_VALUE and Long.MAX_VALUE are -Infinity and Infinity here.
 */
export class InternalTimerService implements TimerService {
  watermark = WATERMARK_MIN;
  processingTime = 0;
  readonly eventTimers: TimerQueue;
  readonly processingTimers: TimerQueue;
  /** Time of the timer that is firing; NaN between timers. It stays when one throws, for the error's sake. */
  firingAtMs = NaN;
  /** Timers fired so far, both domains. */
  numFiredTimers = 0;
  private readonly keyTable: KeyTable;
  private readonly copyOnWrite: CopyOnWrite;
  private readonly target: Triggerable;
  private readonly fetchAhead: ((slots: Int32Array, count: number) => void) | null;

  /** @param fetchAhead told of keys whose timers will fire at once, so that their state can be fetched together */
  constructor(
    keyTable: KeyTable,
    target: Triggerable,
    copyOnWrite: CopyOnWrite,
    fetchAhead: ((slots: Int32Array, count: number) => void) | null = null,
  ) {
    this.keyTable = keyTable;
    this.copyOnWrite = copyOnWrite;
    this.target = target;
    this.fetchAhead = fetchAhead;
    this.eventTimers = new TimerQueue(keyTable);
    this.processingTimers = new TimerQueue(keyTable);
  }

  currentWatermark(): number {
    return this.watermark;
  }

  currentProcessingTime(): number {
    return this.processingTime;
  }

  registerEventTimeTimer(timestampMs: number): void {
    this.eventTimers.register(this.slot(), timestampMs);
  }

  registerProcessingTimeTimer(timestampMs: number): void {
    this.processingTimers.register(this.slot(), timestampMs);
  }

  deleteEventTimeTimer(timestampMs: number): void {
    this.eventTimers.remove(this.slot(), timestampMs);
  }

  deleteProcessingTimeTimer(timestampMs: number): void {
    this.processingTimers.remove(this.slot(), timestampMs);
  }

  /** One watermark call. Leaves the key of the last fired timer set. */
  advanceWatermark(watermarkMs: number): void {
    this.watermark = watermarkMs;
    const timers = this.eventTimers;
    let told = 0;
    while (timers.headTime <= watermarkMs && timers.size > 0) {
      if (this.fetchAhead !== null) {
        if (told === 0) told = timers.lookAhead(this.fetchAhead);
        told -= 1;
      }
      const timestamp = timers.headTime;
      const slot = timers.headSlot;
      if (slot < this.copyOnWrite.limit) this.copyOnWrite.touch(slot);
      this.keyTable.currentSlot = slot;
      timers.poll();
      this.numFiredTimers += 1;
      this.firingAtMs = timestamp;
      this.target.onEventTime(timestamp);
      this.firingAtMs = NaN;
    }
  }

  /** The clock stands at `timeMs`; every processing-time timer at or below it fires, in order. */
  advanceProcessingTime(timeMs: number): void {
    this.processingTime = timeMs;
    const timers = this.processingTimers;
    while (timers.headTime <= timeMs && timers.size > 0) {
      const timestamp = timers.headTime;
      const slot = timers.headSlot;
      if (slot < this.copyOnWrite.limit) this.copyOnWrite.touch(slot);
      this.keyTable.currentSlot = slot;
      timers.poll();
      this.numFiredTimers += 1;
      this.firingAtMs = timestamp;
      this.target.onProcessingTime(timestamp);
      this.firingAtMs = NaN;
    }
  }

  private slot(): number {
    const slot = this.keyTable.currentSlot;
    if (slot < 0) throw new NullPointerError(NO_KEY_SET);
    return slot;
  }
}
