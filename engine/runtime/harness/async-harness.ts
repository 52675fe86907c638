import { describeAsyncWait, type AsyncFunction, type AsyncWaitOptions, type AsyncWaitWork } from '../../api/async.ts';
import { InThreadAsyncLink } from '../async/async-link.ts';
import { createAsyncStatisticsMemory, readAsyncStatistics, type AsyncStatistics } from '../async/async-statistics.ts';
import { AsyncWaitOperator } from '../operators/async-wait-operator.ts';
import { NO_TIMESTAMP } from '../operators/output.ts';
import { KeyedOperatorTestHarness, type HarnessOptions } from './operator-test-harness.ts';

/**
 * An AsyncFunction under test, called in this thread, on a clock that only `setProcessingTime` moves. What the function
 * completes on its own time is taken in by the next call of the harness, or by `runMail`.
 */
export class AsyncWaitOperatorTestHarness<IN, OUT> extends KeyedOperatorTestHarness<OUT> {
  private readonly async: AsyncWaitOperator;
  private readonly statistics: SharedArrayBuffer;

  constructor(
    asyncFunction: AsyncFunction<IN, OUT>,
    mode: AsyncWaitWork['mode'],
    waitOptions: AsyncWaitOptions<OUT>,
    options: HarnessOptions = {},
  ) {
    const work = describeAsyncWait(asyncFunction, mode, waitOptions);
    const statistics = createAsyncStatisticsMemory(options.parallelism ?? 1);
    let nowMs = 0;
    const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs };
    super(
      options,
      (environment, output) =>
        new AsyncWaitOperator(
          environment,
          output,
          work,
          { link: new InThreadAsyncLink(work), statistics, clock },
          clock.wallMs(),
        ),
    );
    this.async = this.operator as AsyncWaitOperator;
    this.statistics = statistics;
    this.setNow = (timeMs) => {
      nowMs = timeMs;
    };
  }

  private readonly setNow: (timeMs: number) => void;

  /** Whether the next record would go into the queue; others wait outside of it. */
  get hasRoom(): boolean {
    return this.async.hasRoom;
  }

  /** @param timestampMs null: a record without a timestamp */
  processElement(value: IN, timestampMs: number | null = null): void {
    this.open();
    this.async.processElement1(value, timestampMs ?? NO_TIMESTAMP);
    this.runMail();
  }

  processWatermark(watermarkMs: number): void {
    this.open();
    this.async.processWatermark(watermarkMs);
    this.runMail();
  }

  override setProcessingTime(timeMs: number): void {
    this.open();
    this.setNow(timeMs);
    this.async.advanceTime(timeMs);
    this.runMail();
  }

  /** Takes in what was completed meanwhile, and goes on until nothing is left to do now. */
  runMail(): void {
    this.open();
    while (this.async.run());
  }

  /** No more input. @returns whether everything has left; if not, call it again after `runMail` */
  endInput(): boolean {
    this.open();
    this.async.endInput();
    this.runMail();
    return this.async.endInput();
  }

  asyncStatistics(): AsyncStatistics {
    return readAsyncStatistics(this.statistics);
  }

  /** What a checkpoint would store now, to restore a harness from. */
  snapshotInFlight(): string {
    this.open();
    return this.async.operatorStateText();
  }

  /** @param snapshots of all old subtasks, in their order */
  restoreInFlight(snapshots: readonly string[]): void {
    this.async.restore({ keyGroups: [], broadcast: '{}', operatorStates: snapshots });
  }
}
