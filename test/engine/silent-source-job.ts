import type { Collector, KeyedContext, OnTimerContext } from '../../engine/api/functions.ts';
import { KeyedCoProcessFunction } from '../../engine/api/functions.ts';
import { defineJob } from '../../engine/api/job.ts';
import { externalSink } from '../../engine/api/sink.ts';
import type { InputStatus, SourceReader } from '../../engine/api/source.ts';
import { WatermarkStrategy } from '../../engine/api/watermark-strategy.ts';

/** One source ends with watermark 9 and a timer at 5; the other is silent until it is told to end, and idle after 30 ms. */
class SilentReader implements SourceReader<string> {
  private mayEnd = false;
  pollNext(): InputStatus {
    return this.mayEnd ? 'end-of-input' : 'nothing-available';
  }
  isAvailable(): Promise<void> {
    return new Promise(() => undefined);
  }
  handleSourceEvent(): void {
    this.mayEnd = true;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

class TimerAtFive extends KeyedCoProcessFunction<string, string, string, string> {
  processElement1(_: string, context: KeyedContext<string>): void {
    context.timerService().registerEventTimeTimer(5);
  }
  processElement2(): void {}
  override onTimer(timestampMs: number, _: OnTimerContext<string>, out: Collector<string>): void {
    out.collect(`timer ${timestampMs}`);
  }
}

export const silentSource = defineJob((env) => {
  const spoken = env.fromCollection(['a', 'b'], (_, index) => index * 10).keyBy((word) => word);
  const silent = env
    .fromSource(
      () => new SilentReader(),
      WatermarkStrategy.forMonotonousTimestamps().withIdleness(30).withPeriodicEmit(10),
      'silent',
    )
    .keyBy((word) => word);
  spoken.connect(silent).process(new TimerAtFive()).uid('timer').sinkTo(externalSink<string>('timers'));
});
