import { AsyncDataStream, RichAsyncFunction, type ResultFuture } from '../../engine/api/async.ts';
import {
  EMPTY_RESULT_PREDICATE,
  exponentialBackoffRetry,
  HAS_EXCEPTION_PREDICATE,
} from '../../engine/api/async-retry.ts';
import {
  KeyedProcessFunction,
  type Collector,
  type KeyedContext,
  type OnTimerContext,
  type RuntimeContext,
} from '../../engine/api/functions.ts';
import { defineJob } from '../../engine/api/job.ts';
import { OutputTag } from '../../engine/api/output-tag.ts';
import { externalSink } from '../../engine/api/sink.ts';
import { mapState, type MapState } from '../../engine/api/state.ts';
import { WatermarkStrategy } from '../../engine/api/watermark-strategy.ts';

/**
 * Parcels are weighed; a directory outside knows to which region a postcode belongs, and another which van takes a
 * parcel. Weights are summed per region and hour of event time: answers come in any order, the sums never change. Shows
 * unordered and ordered calls, retries, and that no answer passes a watermark.
 */
export interface ParcelParameters {
  readonly parcels: readonly Parcel[];
  readonly outOfOrdernessMs: number;
  readonly capacity: number;
}
export interface Parcel {
  readonly id: number;
  readonly postcode: string;
  readonly grams: number;
  readonly timeMs: number;
}
interface LocatedParcel extends Parcel {
  readonly region: string;
}
export interface RegionHour {
  readonly region: string;
  readonly hour: number;
  readonly parcels: number;
  readonly grams: number;
}

export const HOUR_MS = 1000;
const LATE = new OutputTag<LocatedParcel>('late');

/** What the functions ask. Each thread has its own; a test may put one in its place that answers when it likes. */
export interface Directory {
  /** @param answer none: it does not know at the moment; an Error: the line was cut */
  find(question: string, answer: (found: string | null | Error) => void): void;
}

/** Parcels from here on are found at once: after the end of the input no call is made again. */
export const LAST_UNCERTAIN_ID = 200;

/** Answers after a moment, the first parcels sometimes only the second time. */
class PromptDirectory implements Directory {
  private asked = 0;

  find(question: string, answer: (found: string | null | Error) => void): void {
    this.asked += 1;
    const { asked } = this;
    const mayFail = Number(question.split(' of ')[1]) < LAST_UNCERTAIN_ID;
    setTimeout(
      () =>
        answer(
          !mayFail
            ? answerTo(question)
            : asked % 7 === 0
              ? null
              : asked % 11 === 0
                ? new Error('cut')
                : answerTo(question),
        ),
      asked % 4,
    );
  }
}

/** What a directory says in the end. */
export function answerTo(question: string): string {
  return question.slice(0, 2);
}

let directory: Directory = new PromptDirectory();

export function useDirectory(other: Directory): void {
  directory = other;
}

class FindRegion extends RichAsyncFunction<Parcel, LocatedParcel> {
  private isOpen = false;

  override open(): void {
    this.isOpen = true;
  }
  override close(): void {
    this.isOpen = false;
  }

  asyncInvoke(parcel: Parcel, future: ResultFuture<LocatedParcel>): void {
    if (!this.isOpen) throw new Error('A call was made before the function was opened.');
    directory.find(`${parcel.postcode} of ${parcel.id}`, (found) => {
      if (found instanceof Error) future.completeExceptionally(found);
      else future.complete(found === null ? [] : [{ ...parcel, region: found }]);
    });
  }
}

/** The van depends on the parcel alone; heavy parcels take two. */
class FindVans extends RichAsyncFunction<Parcel, { readonly id: number; readonly van: string }> {
  asyncInvoke({ id, grams }: Parcel, future: ResultFuture<{ readonly id: number; readonly van: string }>): void {
    directory.find(`v${id % 5} of ${id}`, (found) => {
      if (found instanceof Error) return future.completeExceptionally(found);
      if (found === null) return future.complete([]);
      const vans = grams > 800 ? [`${found}a`, `${found}b`] : [found];
      future.complete(vans.map((van) => ({ id, van })));
    });
  }
}

class SumHours extends KeyedProcessFunction<string, LocatedParcel, RegionHour> {
  private sums!: MapState<number, { readonly parcels: number; readonly grams: number }>;

  override open(context: RuntimeContext): void {
    this.sums = context.getMapState(mapState<number, { readonly parcels: number; readonly grams: number }>('sums'));
  }

  processElement(parcel: LocatedParcel, context: KeyedContext<string>): void {
    const hour = Math.floor(context.eventTimeMs() / HOUR_MS);
    const endMs = (hour + 1) * HOUR_MS - 1;
    if (endMs <= context.timerService().currentWatermark()) return context.output(LATE, { ...parcel });
    const { parcels, grams } = this.sums.get(hour) ?? { parcels: 0, grams: 0 };
    this.sums.put(hour, { parcels: parcels + 1, grams: grams + parcel.grams });
    context.timerService().registerEventTimeTimer(endMs);
  }

  override onTimer(timestampMs: number, context: OnTimerContext<string>, out: Collector<RegionHour>): void {
    const hour = Math.floor(timestampMs / HOUR_MS);
    const sum = this.sums.get(hour);
    if (sum === null || sum === undefined) return;
    this.sums.remove(hour);
    out.collect({ region: context.getCurrentKey(), hour, ...sum });
  }
}

export const parcelRegions = defineJob<ParcelParameters>((env, { parcels, outOfOrdernessMs, capacity }) => {
  const scanned = env
    .fromCollection(parcels, (parcel) => parcel.timeMs, WatermarkStrategy.forBoundedOutOfOrderness(outOfOrdernessMs))
    .uid('parcels');
  const retry = exponentialBackoffRetry<LocatedParcel>(
    { maxAttempts: 20, initialMs: 1, maxMs: 8, multiplier: 2 },
    { ifResult: EMPTY_RESULT_PREDICATE, ifException: HAS_EXCEPTION_PREDICATE },
  );
  const hours = AsyncDataStream.unorderedWait(scanned, new FindRegion(), { timeoutMs: 60_000, capacity, retry })
    .name('find region')
    .uid('find-region')
    .keyBy('region')
    .process(new SumHours())
    .uid('sum-hours');
  hours.sinkTo(externalSink<RegionHour>('regions'));
  hours.getSideOutput(LATE).sinkTo(externalSink<LocatedParcel>('late'));
  AsyncDataStream.orderedWaitWithRetry(scanned.keyBy('postcode'), new FindVans(), {
    timeoutMs: 60_000,
    capacity,
    retry: exponentialBackoffRetry(
      { maxAttempts: 20, initialMs: 1, maxMs: 8, multiplier: 2 },
      { ifResult: EMPTY_RESULT_PREDICATE, ifException: HAS_EXCEPTION_PREDICATE },
    ),
  })
    .name('find vans')
    .uid('find-vans')
    .sinkTo(externalSink<{ readonly id: number; readonly van: string }>('vans'));
});
