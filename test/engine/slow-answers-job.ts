import { AsyncDataStream, RichAsyncFunction, type ResultFuture } from '../../engine/api/async.ts';
import { fixedDelayRetry, HAS_EXCEPTION_PREDICATE } from '../../engine/api/async-retry.ts';
import { defineJob } from '../../engine/api/job.ts';
import { externalSink } from '../../engine/api/sink.ts';
import type { InputStatus, ReaderOutput, SourceReader } from '../../engine/api/source.ts';
import { WatermarkStrategy } from '../../engine/api/watermark-strategy.ts';

/** Numbers, each doubled by a service that takes its time. */
export interface SlowAnswersParameters {
  readonly count: number;
  readonly latencyMs: number;
  readonly capacity: number;
  readonly mode: 'ordered' | 'unordered';
  readonly timeoutMs: number;
  /** After the last number the source waits for any event before it ends. */
  readonly staysOpen?: boolean;
  /** What becomes of the number `at`: `hang`: no answer; `throw`, `reject`, `null`: a wrong one; `open`: there is no service. */
  readonly trouble?: 'hang' | 'throw' | 'reject' | 'null' | 'open';
  readonly at?: number;
  /** The number `at` is answered at this attempt. */
  readonly attempts?: number;
}

/** 0, 1, 2 ... at their own time. */
class NumberReader implements SourceReader<number> {
  private readonly count: number;
  private isOpen: boolean;
  private next: number;
  private letGo: () => void = () => undefined;

  constructor(count: number, staysOpen: boolean, next: number) {
    this.count = count;
    this.isOpen = staysOpen;
    this.next = next;
  }

  pollNext(output: ReaderOutput<number>, recordsMax: number): InputStatus {
    for (let count = 0; count < recordsMax && this.next < this.count; count += 1, this.next += 1)
      output.collect(this.next, this.next);
    if (this.next < this.count) return 'more-available';
    if (this.isOpen) return 'nothing-available';
    output.emitWatermark(Infinity);
    return 'end-of-input';
  }
  isAvailable(): Promise<void> {
    return new Promise((resolve) => {
      this.letGo = resolve;
    });
  }
  /** Whatever it is: the numbers end. */
  handleSourceEvent(): void {
    this.isOpen = false;
    this.letGo();
  }
  snapshotState(): number {
    return this.next;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

class Doubled extends RichAsyncFunction<number, number> {
  private readonly parameters: SlowAnswersParameters;
  private attempts = 0;

  constructor(parameters: SlowAnswersParameters) {
    super();
    this.parameters = parameters;
  }

  override open(): void {
    if (this.parameters.trouble === 'open') throw new Error('the service is closed');
  }

  async asyncInvoke(input: number, future: ResultFuture<number>): Promise<void> {
    const { latencyMs, trouble, at, attempts = Infinity } = this.parameters;
    await new Promise((resolve) => {
      setTimeout(resolve, latencyMs);
    });
    if (input === at && (this.attempts += 1) < attempts) {
      if (trouble === 'hang') return;
      if (trouble === 'throw') throw new Error('no answer today');
      if (trouble === 'reject') return future.completeExceptionally(new Error('no answer today'));
      if (trouble === 'null') return future.complete(null as never);
    }
    future.complete([input * 2]);
  }
}

export const slowAnswers = defineJob<SlowAnswersParameters>((env, parameters) => {
  const { count, capacity, mode, timeoutMs, attempts } = parameters;
  const numbers = env.fromSource<number>(
    ({ restoredState }) =>
      new NumberReader(count, parameters.staysOpen ?? false, (restoredState as number | null) ?? 0),
    WatermarkStrategy.forMonotonousTimestamps(),
    'numbers',
  );
  const retry = fixedDelayRetry<number>({ maxAttempts: 5, delayMs: 5 }, { ifException: HAS_EXCEPTION_PREDICATE });
  const options = { timeoutMs, capacity, ...(attempts !== undefined && { retry }) };
  const doubled =
    mode === 'ordered'
      ? AsyncDataStream.orderedWait(numbers, new Doubled(parameters), options)
      : AsyncDataStream.unorderedWait(numbers, new Doubled(parameters), options);
  doubled.name('double').uid('double').sinkTo(externalSink<number>('doubled'));
});
