import { IllegalArgumentError } from '../core/errors.ts';
import { WATERMARK_MIN } from '../core/time.ts';

/** Where a generator puts its watermarks. Watermarks that do not rise are ignored; one that rises ends idleness. */
export interface WatermarkOutput {
  emitWatermark(watermarkMs: number): void;
  markIdle(): void;
  markActive(): void;
}

/** Makes watermarks from what it sees of a stream (Flink: WatermarkGenerator). Source thread only. */
export interface WatermarkGenerator {
  onEvent(timestampMs: number, output: WatermarkOutput): void;
  onPeriodicEmit(output: WatermarkOutput): void;
}

/** A clock for idleness: monotonic ms. */
export type MonotonicReading = () => number;

/** W(t) promises that nothing at or before t comes any more: the greatest time seen - bound - 1. */
export class BoundedOutOfOrdernessWatermarks implements WatermarkGenerator {
  private maxTimestamp = WATERMARK_MIN;
  private readonly outOfOrdernessMs: number;

  constructor(outOfOrdernessMs: number) {
    if (!(outOfOrdernessMs >= 0))
      throw new IllegalArgumentError(`maxOutOfOrderness cannot be negative; found ${outOfOrdernessMs} ms.`);
    this.outOfOrdernessMs = outOfOrdernessMs;
  }

  onEvent(timestampMs: number): void {
    if (timestampMs > this.maxTimestamp) this.maxTimestamp = timestampMs;
  }

  onPeriodicEmit(output: WatermarkOutput): void {
    output.emitWatermark(this.maxTimestamp - this.outOfOrdernessMs - 1);
  }
}

/** For streams whose times never fall. */
export class AscendingTimestampsWatermarks extends BoundedOutOfOrdernessWatermarks {
  constructor() {
    super(0);
  }
}

/**
 * Marks a stream idle that was silent for longer than `timeoutMs` (Flink: WatermarksWithIdleness). The clock starts at
 * the first periodic call that saw no event since the one before.
 */
export class WatermarksWithIdleness implements WatermarkGenerator {
  private readonly inner: WatermarkGenerator;
  private readonly timeoutMs: number;
  private readonly now: MonotonicReading;
  private events = 0;
  private eventsAtLastCheck = 0;
  private silentSinceMs: number | null = null;
  private idle = false;

  constructor(inner: WatermarkGenerator, timeoutMs: number, now: MonotonicReading) {
    if (!(timeoutMs > 0))
      throw new IllegalArgumentError(`idleTimeout must be greater than zero; found ${timeoutMs} ms.`);
    this.inner = inner;
    this.timeoutMs = timeoutMs;
    this.now = now;
  }

  onEvent(timestampMs: number, output: WatermarkOutput): void {
    this.inner.onEvent(timestampMs, output);
    this.events += 1;
    if (this.idle) output.markActive();
    this.idle = false;
  }

  onPeriodicEmit(output: WatermarkOutput): void {
    if (!this.isSilentForTooLong()) {
      this.idle = false;
      this.inner.onPeriodicEmit(output);
      return;
    }
    if (!this.idle) output.markIdle();
    this.idle = true;
  }

  private isSilentForTooLong(): boolean {
    if (this.events !== this.eventsAtLastCheck) {
      this.eventsAtLastCheck = this.events;
      this.silentSinceMs = null;
      return false;
    }
    if (this.silentSinceMs === null) {
      this.silentSinceMs = this.now();
      return false;
    }
    return this.now() - this.silentSinceMs > this.timeoutMs;
  }
}

/**
 * How a source's watermarks are made (Flink: WatermarkStrategy). By default a generator is asked after every record, so
 * that a watermark depends on records alone and a replay is exact; `withPeriodicEmit` asks by the clock, as Flink does.
 */
export class WatermarkStrategy {
  private readonly generator: (() => WatermarkGenerator) | null;
  private readonly idleTimeoutMs: number | null;
  /** 0: after every record. */
  readonly periodicEmitMs: number;

  private constructor(
    generator: (() => WatermarkGenerator) | null,
    idleTimeoutMs: number | null,
    periodicEmitMs: number,
  ) {
    this.generator = generator;
    this.idleTimeoutMs = idleTimeoutMs;
    this.periodicEmitMs = periodicEmitMs;
  }

  /** The reader emits watermarks itself, or none at all. */
  static noWatermarks(): WatermarkStrategy {
    return new WatermarkStrategy(null, null, 0);
  }

  static forBoundedOutOfOrderness(outOfOrdernessMs: number): WatermarkStrategy {
    return WatermarkStrategy.forGenerator(() => new BoundedOutOfOrdernessWatermarks(outOfOrdernessMs));
  }

  static forMonotonousTimestamps(): WatermarkStrategy {
    return WatermarkStrategy.forGenerator(() => new AscendingTimestampsWatermarks());
  }

  static forGenerator(generator: () => WatermarkGenerator): WatermarkStrategy {
    return new WatermarkStrategy(generator, null, 0);
  }

  /** A source silent for longer is idle: it no longer holds back operators that have other inputs. */
  withIdleness(timeoutMs: number): WatermarkStrategy {
    return new WatermarkStrategy(this.generator, timeoutMs, this.periodicEmitMs);
  }

  /** Asks the generator every `intervalMs` of the source thread's clock (Flink's default is 200). */
  withPeriodicEmit(intervalMs: number): WatermarkStrategy {
    if (!(intervalMs > 0))
      throw new IllegalArgumentError(
        `The interval of periodic watermarks must be greater than zero; found ${intervalMs} ms.`,
      );
    return new WatermarkStrategy(this.generator, this.idleTimeoutMs, intervalMs);
  }

  get isByClock(): boolean {
    return this.periodicEmitMs > 0 || this.idleTimeoutMs !== null;
  }

  /** @returns null when watermarks are the reader's business */
  createGenerator(now: MonotonicReading): WatermarkGenerator | null {
    if (this.generator === null) return null;
    const generator = this.generator();
    return this.idleTimeoutMs === null ? generator : new WatermarksWithIdleness(generator, this.idleTimeoutMs, now);
  }
}
