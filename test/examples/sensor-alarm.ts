import type { BroadcastContext, Collector, KeyedReadOnlyContext, RuntimeContext } from '../../engine/api/functions.ts';
import { KeyedBroadcastProcessFunction } from '../../engine/api/functions.ts';
import { defineJob } from '../../engine/api/job.ts';
import { OutputTag } from '../../engine/api/output-tag.ts';
import { externalSink } from '../../engine/api/sink.ts';
import type { InputStatus, ReaderOutput, SourceReader } from '../../engine/api/source.ts';
import { mapState, valueState, type ValueState } from '../../engine/api/state.ts';
import { struct, type ViewOf } from '../../engine/api/struct.ts';
import { WatermarkStrategy } from '../../engine/api/watermark-strategy.ts';

/**
 * Sensors raise an alarm when a reading is above the threshold of their kind, and lower it when it is below again.
 * Thresholds change while the job runs: they are broadcast at a place in the stream, and every sensor that has a state is
 * looked at again there. Shows the broadcast pattern, a source with a side output, records of plain data, a tuple key.
 */
export interface SensorAlarmParameters {
  readonly events: readonly SensorEvent[];
}
export type SensorEvent =
  | {
      readonly event: 'reading';
      readonly site: string;
      readonly sensor: number;
      readonly kindOf: string;
      readonly value: number;
      readonly timeMs: number;
    }
  | { readonly event: 'threshold'; readonly kindOf: string; readonly value: number; readonly timeMs: number };

const READING = struct('reading', { site: 'symbol', kindOf: 'symbol', sensor: 'i32', value: 'f64' });
type Reading = ViewOf<typeof READING>;
interface Threshold {
  readonly kindOf: string;
  readonly value: number;
}
export interface Alarm {
  readonly sensor: string;
  readonly on: boolean;
  readonly because: string;
}

const THRESHOLDS = new OutputTag<Threshold>('thresholds');
const THRESHOLD_STATE = mapState<string, number>('thresholds');
const LAST = valueState<{ readonly kindOf: string; readonly value: number; readonly on: boolean }>('last');

/** Reads the events in their order, thresholds to the side. */
class EventReader implements SourceReader<Reading> {
  private readonly events: readonly SensorEvent[];
  private next: number;

  /** @param next the first event that was not emitted before the checkpoint the job goes on from */
  constructor(events: readonly SensorEvent[], next: number) {
    this.events = events;
    this.next = next;
  }

  snapshotState(): number {
    return this.next;
  }

  pollNext(output: ReaderOutput<Reading>, recordsMax: number): InputStatus {
    const end = Math.min(this.events.length, this.next + recordsMax);
    for (; this.next < end; this.next += 1) {
      const event = this.events[this.next];
      output.emitWatermark(event.timeMs - 1);
      if (event.event === 'threshold')
        output.output(THRESHOLDS, { kindOf: event.kindOf, value: event.value }, event.timeMs);
      else
        output.collect(
          { kind: 'reading', site: event.site, kindOf: event.kindOf, sensor: event.sensor, value: event.value },
          event.timeMs,
        );
    }
    return this.next === this.events.length ? 'end-of-input' : 'more-available';
  }

  isAvailable(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

type SensorKey = readonly [site: string, sensor: number];

class Alarms extends KeyedBroadcastProcessFunction<SensorKey, Reading, Threshold, Alarm> {
  private last!: ValueState<{ readonly kindOf: string; readonly value: number; readonly on: boolean }>;

  override open(context: RuntimeContext): void {
    this.last = context.getState(LAST);
  }

  processElement(reading: Reading, context: KeyedReadOnlyContext<SensorKey>, out: Collector<Alarm>): void {
    const threshold = context.getBroadcastState(THRESHOLD_STATE).get(reading.kindOf) ?? Infinity;
    const on = reading.value > threshold;
    if (on !== (this.last.value()?.on ?? false)) {
      out.collect({ sensor: context.getCurrentKey().join('/'), on, because: `reading ${reading.value}` });
    }
    this.last.update({ kindOf: reading.kindOf, value: reading.value, on });
  }

  processBroadcastElement(threshold: Threshold, context: BroadcastContext<SensorKey>, out: Collector<Alarm>): void {
    context.getBroadcastState(THRESHOLD_STATE).put(threshold.kindOf, threshold.value);
    context.applyToKeyedState<ValueState<{ readonly kindOf: string; readonly value: number; readonly on: boolean }>>(
      LAST,
      (key, state) => {
        const last = state.value();
        if (last === null || last.kindOf !== threshold.kindOf) return;
        const on = last.value > threshold.value;
        if (on === last.on) return;
        state.update({ ...last, on });
        out.collect({ sensor: key.join('/'), on, because: `threshold ${threshold.value}` });
      },
    );
  }
}

export const sensorAlarm = defineJob<SensorAlarmParameters>((env, { events }) => {
  const readings = env
    .fromSource<Reading>(
      ({ restoredState }) => new EventReader(events, (restoredState as number | null) ?? 0),
      WatermarkStrategy.noWatermarks(),
      'sensor events',
    )
    .returns(READING);
  readings
    .keyBy((reading): SensorKey => [reading.site, reading.sensor])
    .connect(readings.getSideOutput(THRESHOLDS).broadcast())
    .process(new Alarms())
    .name('alarms')
    .uid('alarms')
    .sinkTo(externalSink<Alarm>('alarms'));
});
