import { describe, expect, test } from 'vitest';
import {
  AsyncDataStream,
  AsyncFunction,
  RichAsyncFunction,
  type AsyncWaitOptions,
  type ResultFuture,
} from '../../engine/api/async.ts';
import { exponentialBackoffRetry, fixedDelayRetry, HAS_EXCEPTION_PREDICATE } from '../../engine/api/async-retry.ts';
import { StreamExecutionEnvironment } from '../../engine/api/environment.ts';
import { AsyncWaitOperatorTestHarness } from '../../engine/runtime/harness/async-harness.ts';

/** Every call and every timeout, for a test to end as it likes. */
class Recorded extends AsyncFunction<string, string> {
  readonly calls: { readonly input: string; readonly future: ResultFuture<string>; readonly atMs: number }[] = [];
  readonly timeouts: string[] = [];
  nowMs = 0;
  onTimeout: ((input: string, future: ResultFuture<string>) => void) | null = null;

  asyncInvoke(input: string, future: ResultFuture<string>): void {
    this.calls.push({ input, future, atMs: this.nowMs });
  }
  override timeout(input: string, future: ResultFuture<string>): void {
    this.timeouts.push(input);
    if (this.onTimeout === null) super.timeout(input, future);
    else this.onTimeout(input, future);
  }
}

function started(options: AsyncWaitOptions<string>, mode: 'ordered' | 'unordered' = 'unordered') {
  const calls = new Recorded();
  const harness = new AsyncWaitOperatorTestHarness<string, string>(calls, mode, options);
  const at = (timeMs: number): void => {
    calls.nowMs = timeMs;
    harness.setProcessingTime(timeMs);
  };
  at(0);
  const fail = (index: number): void => {
    calls.calls[index].future.completeExceptionally(new Error('cut'));
    harness.runMail();
  };
  return {
    calls,
    harness,
    at,
    fail,
    timesOf: (input: string) => calls.calls.flatMap((call) => (call.input === input ? [call.atMs] : [])),
  };
}

const onErrors = { ifException: HAS_EXCEPTION_PREDICATE };

describe('an asynchronous operator', () => {
  test('delays each record by its own failures, not by those of others', () => {
    const retry = exponentialBackoffRetry<string>(
      { maxAttempts: 9, initialMs: 10, maxMs: 1000, multiplier: 2 },
      onErrors,
    );
    const { harness, at, fail, timesOf } = started({ timeoutMs: 10_000, retry });
    harness.processElement('a', 1);
    fail(0);
    for (let timeMs = 1; timeMs <= 10; timeMs += 1) at(timeMs);
    fail(1);
    harness.processElement('b', 2);
    fail(2);
    for (let timeMs = 11; timeMs <= 40; timeMs += 1) at(timeMs);
    expect(timesOf('a')).toEqual([0, 10, 30]);
    expect(timesOf('b')).toEqual([10, 20]);
  });

  test('counts only the first completion of a call', () => {
    const { calls, harness } = started({ timeoutMs: 0 });
    harness.processElement('a', 1);
    calls.calls[0].future.complete(['first']);
    calls.calls[0].future.complete(['second']);
    calls.calls[0].future.completeExceptionally(new Error('third'));
    harness.runMail();
    expect(harness.extractOutputValues()).toEqual(['first']);
  });

  test('asks the function what becomes of a record whose time is over while its retry is waited for', () => {
    const retry = fixedDelayRetry<string>({ maxAttempts: 5, delayMs: 50 }, onErrors);
    const { calls, harness, at, fail } = started({ timeoutMs: 30, retry });
    calls.onTimeout = (input, future) => future.complete([`${input} gave up`]);
    harness.processElement('a', 1);
    fail(0);
    at(30);
    at(200);
    expect(calls.timeouts).toEqual(['a']);
    expect(calls.calls).toHaveLength(1);
    expect(harness.extractOutputValues()).toEqual(['a gave up']);
  });

  test('asks it, too, when the call failed in the very moment in which its time was over', () => {
    const retry = fixedDelayRetry<string>({ maxAttempts: 5, delayMs: 50 }, onErrors);
    const { calls, harness, at } = started({ timeoutMs: 30, retry });
    calls.onTimeout = (input, future) => future.complete([`${input} gave up`]);
    harness.processElement('a', 1);
    // The failure is on its way when the clock strikes.
    calls.calls[0].future.completeExceptionally(new Error('cut'));
    at(30);
    expect(calls.timeouts).toEqual(['a']);
    expect(harness.extractOutputValues()).toEqual(['a gave up']);
  });

  test('does not make a call again that failed by its timeout, though failures are retried', () => {
    const retry = fixedDelayRetry<string>({ maxAttempts: 5, delayMs: 5 }, onErrors);
    const { harness, at } = started({ timeoutMs: 30, retry });
    harness.processElement('a', 1);
    expect(() => at(30)).toThrow(
      'Could not complete the stream element: "a". TimeoutError: Async function call has timed out.',
    );
  });

  test('makes pending retries at once when the input ends, for the last time', () => {
    const retry = fixedDelayRetry<string>({ maxAttempts: 5, delayMs: 1_000 }, onErrors);
    const { calls, harness, fail } = started({ timeoutMs: 60_000, retry });
    harness.processElement('a', 1);
    harness.processElement('b', 2);
    fail(0);
    fail(1);
    expect(harness.endInput()).toBe(false);
    expect(calls.calls.map(({ input }) => input)).toEqual(['a', 'b', 'a', 'b']);
    calls.calls[2].future.complete(['A']);
    harness.runMail();
    expect(harness.endInput()).toBe(false);
    expect(() => fail(3)).toThrow('Could not complete the stream element: "b". Error: cut');
  });

  test('lets a watermark through only behind the records before it, and keeps capacity for it', () => {
    const { calls, harness } = started({ timeoutMs: 0, capacity: 2 });
    harness.processElement('a', 1);
    harness.processWatermark(1);
    expect(harness.hasRoom).toBe(false);
    harness.processElement('b', 2);
    expect(calls.calls).toHaveLength(1);
    expect(harness.takeOutput()).toEqual([]);
    calls.calls[0].future.complete(['A', 'AA']);
    harness.runMail();
    expect(harness.takeOutput()).toEqual([
      { kind: 'record', value: 'A', timestamp: 1 },
      { kind: 'record', value: 'AA', timestamp: 1 },
      { kind: 'watermark', timestamp: 1 },
    ]);
    expect(calls.calls).toHaveLength(2);
  });

  test('deals what was in flight to another number of subtasks, in runs, without watermarks that would pass records', () => {
    const { calls, harness } = started({ timeoutMs: 0, capacity: 100 });
    for (let record = 1; record <= 5; record += 1) {
      harness.processElement(`r${record}`, record);
      harness.processWatermark(record);
    }
    expect(calls.calls).toHaveLength(5);
    const stored = harness.snapshotInFlight();
    const asked = [0, 1, 2].map((subtaskIndex) => {
      const again = new Recorded();
      const other = new AsyncWaitOperatorTestHarness<string, string>(
        again,
        'unordered',
        { timeoutMs: 0 },
        { parallelism: 3, subtaskIndex },
      );
      other.restoreInFlight([stored]);
      other.runMail();
      for (const { input, future } of again.calls) future.complete([input]);
      other.runMail();
      expect(other.getOutput().filter(({ kind }) => kind === 'watermark')).toEqual([]);
      return other.extractOutputValues();
    });
    expect(asked).toEqual([['r1', 'r2'], ['r3', 'r4'], ['r5']]);
  });

  test('keeps every watermark where it was when the number of subtasks is the same', () => {
    const { harness } = started({ timeoutMs: 0, capacity: 1 });
    for (const record of ['a', 'b', 'c']) harness.processElement(record, 1);
    harness.processWatermark(7);
    const again = new Recorded();
    const restored = new AsyncWaitOperatorTestHarness<string, string>(again, 'ordered', { timeoutMs: 0, capacity: 10 });
    restored.restoreInFlight([harness.snapshotInFlight()]);
    restored.runMail();
    for (const { input, future } of again.calls.reverse()) future.complete([input]);
    restored.runMail();
    expect(restored.takeOutput().map((one) => (one.kind === 'record' ? one.value : one.kind))).toEqual([
      'a',
      'b',
      'c',
      'watermark',
    ]);
  });

  test('tells what it is doing: occupancy, latency and throughput belong together', () => {
    const { calls, harness, at } = started({ timeoutMs: 0, capacity: 10 });
    harness.processElement('a', 1);
    at(10);
    harness.processElement('b', 1);
    at(30);
    for (const { input, future } of calls.calls) future.complete([input]);
    harness.runMail();
    // 1 record for 10 ms, then 2 for 20 ms.
    expect(harness.asyncStatistics()).toMatchObject({
      completed: 2,
      latencyMsSum: 50,
      occupancyMs: 50,
      elapsedMs: 30,
      inFlight: 0,
      capacity: 10,
    });
  });

  test('opens its function before the first call and closes it after the last', () => {
    const log: string[] = [];
    class Opened extends RichAsyncFunction<string, string> {
      override open({ subtaskIndex }: { readonly subtaskIndex: number }): void {
        log.push(`open ${subtaskIndex}`);
      }
      override close(): void {
        log.push('close');
      }
      asyncInvoke(input: string, future: ResultFuture<string>): void {
        log.push(input);
        future.complete([]);
      }
    }
    const harness = new AsyncWaitOperatorTestHarness<string, string>(new Opened(), 'ordered', { timeoutMs: 0 });
    harness.processElement('a', 1);
    expect(harness.endInput()).toBe(true);
    harness.close();
    expect(log).toEqual(['open 0', 'a', 'close']);
  });

  test.each([
    [{ timeoutMs: -1 }, 'timeoutMs must be 0 (none) or more milliseconds; found -1.'],
    [{ timeoutMs: 1, capacity: 0 }, 'The capacity must be a whole number, 1 or more; found 0.'],
    [
      { timeoutMs: 0, retry: fixedDelayRetry<string>({ maxAttempts: 1, delayMs: 1 }, onErrors) },
      'With retries timeoutMs must be above 0',
    ],
  ] as const)('refuses %j', (options, text) => {
    const stream = new StreamExecutionEnvironment().fromCollection(['a']);
    expect(() => AsyncDataStream.orderedWait(stream, new Recorded(), options)).toThrow(text);
  });
});
