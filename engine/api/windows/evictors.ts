import type { Window } from './window.ts';

/** A record of a window as evictors see it. */
export interface TimestampedValue<T> {
  readonly value: T;
  /** null: it has none. */
  readonly timestamp: number | null;
}

export interface EvictorContext {
  currentProcessingTime(): number;
  currentWatermark(): number;
}

/**
 * Takes records out of a window when it fires, before or after the function has seen them (Flink: Evictor). A window with
 * an evictor keeps every record: nothing is added up on the way.
 */
export interface Evictor<T, W extends Window> {
  /** @returns those that stay, in their order */
  evictBefore(
    elements: readonly TimestampedValue<T>[],
    window: W,
    context: EvictorContext,
  ): readonly TimestampedValue<T>[];
  evictAfter(
    elements: readonly TimestampedValue<T>[],
    window: W,
    context: EvictorContext,
  ): readonly TimestampedValue<T>[];
}

/** Whether an evictor acts before the function sees the records, or after. */
export type EvictionTime = 'before' | 'after';

abstract class TimedEvictor<T> implements Evictor<T, Window> {
  private readonly when: EvictionTime;

  constructor(when: EvictionTime) {
    this.when = when;
  }

  evictBefore(elements: readonly TimestampedValue<T>[]): readonly TimestampedValue<T>[] {
    return this.when === 'before' ? this.keep(elements) : elements;
  }

  evictAfter(elements: readonly TimestampedValue<T>[]): readonly TimestampedValue<T>[] {
    return this.when === 'after' ? this.keep(elements) : elements;
  }

  protected abstract keep(elements: readonly TimestampedValue<T>[]): readonly TimestampedValue<T>[];
}

/** Keeps the last n records (Flink: CountEvictor). */
export class CountEvictor<T> extends TimedEvictor<T> {
  private readonly countMax: number;

  private constructor(countMax: number, when: EvictionTime) {
    super(when);
    this.countMax = countMax;
  }

  static of<T>(countMax: number, when: EvictionTime = 'before'): CountEvictor<T> {
    return new CountEvictor(countMax, when);
  }

  protected keep(elements: readonly TimestampedValue<T>[]): readonly TimestampedValue<T>[] {
    return elements.slice(Math.max(0, elements.length - this.countMax));
  }
}

/** Keeps records younger than `sizeMs`, counted back from the youngest (Flink: TimeEvictor). */
export class TimeEvictor<T> extends TimedEvictor<T> {
  private readonly sizeMs: number;

  private constructor(sizeMs: number, when: EvictionTime) {
    super(when);
    this.sizeMs = sizeMs;
  }

  static of<T>(sizeMs: number, when: EvictionTime = 'before'): TimeEvictor<T> {
    return new TimeEvictor(sizeMs, when);
  }

  protected keep(elements: readonly TimestampedValue<T>[]): readonly TimestampedValue<T>[] {
    if (elements.length === 0 || elements[0].timestamp === null) return elements;
    const timeOf = ({ timestamp }: TimestampedValue<T>): number => timestamp ?? -Infinity;
    const cutoffMs = elements.reduce((latest, element) => Math.max(latest, timeOf(element)), -Infinity) - this.sizeMs;
    return elements.filter((element) => timeOf(element) > cutoffMs);
  }
}

/** Keeps records whose distance to the last one is below a threshold (Flink: DeltaEvictor). */
export class DeltaEvictor<T> extends TimedEvictor<T> {
  private readonly threshold: number;
  private readonly delta: (element: T, last: T) => number;

  private constructor(threshold: number, delta: (element: T, last: T) => number, when: EvictionTime) {
    super(when);
    this.threshold = threshold;
    this.delta = delta;
  }

  static of<T>(
    threshold: number,
    delta: (element: T, last: T) => number,
    when: EvictionTime = 'before',
  ): DeltaEvictor<T> {
    return new DeltaEvictor(threshold, delta, when);
  }

  protected keep(elements: readonly TimestampedValue<T>[]): readonly TimestampedValue<T>[] {
    const last = elements[elements.length - 1]?.value;
    return elements.filter(({ value }) => this.delta(value, last) < this.threshold);
  }
}
