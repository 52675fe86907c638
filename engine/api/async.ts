import { IllegalArgumentError } from '../core/errors.ts';
import type { RetryStrategy } from './async-retry.ts';
import type { DataStream, KeyedStream, SingleOutputStreamOperator } from './data-stream.ts';

/** Where an asynchronous call puts its results. Only the first completion of a call counts. */
export interface ResultFuture<OUT> {
  /**
   * @param results what the record becomes: none, one or many, all with the record's timestamp; plain data, because it
   *   comes from another thread. null and undefined fail the call.
   */
  complete(results: readonly OUT[]): void;
  /** The call failed: it is made again where a retry strategy says so, else the job fails. */
  completeExceptionally(error: unknown): void;
}

/** Text of Flink's TimeoutException. */
export const TIMEOUT_TEXT = 'Async function call has timed out.';

/** The default end of a call that takes longer than `timeoutMs`. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  constructor() {
    super(TIMEOUT_TEXT);
  }
}

/**
 * Asks the world outside for each record (Flink: AsyncFunction), many records at a time.
 *
 * It runs on a thread of its own with an event loop, one object per subtask, so that neither slow answers nor the work
 * of a protocol are ever in the way of records. It has no keys, and so no state and no timers. After a crash, or a change
 * of parallelism, records that were in flight are asked for again: what is asked must bear being asked twice.
 */
export abstract class AsyncFunction<IN, OUT> {
  /**
   * Starts a call and returns. A promise may be returned: when it rejects, so does the call.
   * @param input plain data; completing `resultFuture` ends the call, now or later
   */
  abstract asyncInvoke(input: IN, resultFuture: ResultFuture<OUT>): void | Promise<void>;

  /** The time for all attempts together is over. By default the call fails with a TimeoutError. */
  timeout(_input: IN, resultFuture: ResultFuture<OUT>): void {
    resultFuture.completeExceptionally(new TimeoutError());
  }
}

/** Where an AsyncFunction runs. */
export interface AsyncFunctionContext {
  readonly taskName: string;
  readonly subtaskIndex: number;
}

/** An AsyncFunction with a beginning and an end: connections are opened and closed here (Flink: RichAsyncFunction). */
export abstract class RichAsyncFunction<IN, OUT> extends AsyncFunction<IN, OUT> {
  /** Before the first call. */
  open(_context: AsyncFunctionContext): void {}
  /** After the last call, also when the job failed; calls may be under way still. */
  close(): void {}
}

export interface AsyncWaitOptions<OUT> {
  /** From the moment a record comes in to its results, all attempts together, ms; 0: for ever. */
  readonly timeoutMs: number;
  /** Records and watermarks under way at a time, per subtask; default 100. When it is reached, the input waits. */
  readonly capacity?: number;
  readonly retry?: RetryStrategy<OUT>;
}

export const ASYNC_CAPACITY_DEFAULT = 100;

type Asked<T> = DataStream<T> | KeyedStream<unknown, T>;

/**
 * Asynchronous calls for the records of a stream (Flink: AsyncDataStream). A keyed stream keeps its distribution, so that
 * records of one key are asked for in one subtask; any other is spread evenly over the subtasks.
 *
 * `orderedWait`: results come in the order of the records, so each waits for the slowest before it. `unorderedWait`: they
 * come as they are there, but never across a watermark: a source that moves event time on with every record orders them.
 * Watermarks take capacity, too.
 */
export const AsyncDataStream = {
  orderedWait<IN, OUT>(
    stream: Asked<IN>,
    asyncFunction: AsyncFunction<IN, OUT>,
    options: AsyncWaitOptions<OUT>,
  ): SingleOutputStreamOperator<OUT> {
    return addOperator(stream, asyncFunction, 'ordered', options);
  },

  unorderedWait<IN, OUT>(
    stream: Asked<IN>,
    asyncFunction: AsyncFunction<IN, OUT>,
    options: AsyncWaitOptions<OUT>,
  ): SingleOutputStreamOperator<OUT> {
    return addOperator(stream, asyncFunction, 'unordered', options);
  },

  /** `orderedWait` that must have a retry strategy, and a timeout above 0. */
  orderedWaitWithRetry<IN, OUT>(
    stream: Asked<IN>,
    asyncFunction: AsyncFunction<IN, OUT>,
    options: AsyncWaitOptions<OUT> & { readonly retry: RetryStrategy<OUT> },
  ): SingleOutputStreamOperator<OUT> {
    return addOperator(stream, asyncFunction, 'ordered', options);
  },

  /** `unorderedWait` that must have a retry strategy, and a timeout above 0. */
  unorderedWaitWithRetry<IN, OUT>(
    stream: Asked<IN>,
    asyncFunction: AsyncFunction<IN, OUT>,
    options: AsyncWaitOptions<OUT> & { readonly retry: RetryStrategy<OUT> },
  ): SingleOutputStreamOperator<OUT> {
    return addOperator(stream, asyncFunction, 'unordered', options);
  },
} as const;

function addOperator<IN, OUT>(
  stream: Asked<IN>,
  asyncFunction: AsyncFunction<IN, OUT>,
  mode: AsyncWaitWork['mode'],
  options: AsyncWaitOptions<OUT>,
): SingleOutputStreamOperator<OUT> {
  return stream.asyncWait<OUT>(describeAsyncWait(asyncFunction, mode, options));
}

/** What the engine makes of such a call. */
export interface AsyncWaitWork {
  readonly kind: 'async-wait';
  readonly userFunction: AsyncFunction<unknown, unknown>;
  readonly mode: 'ordered' | 'unordered';
  /** 0: none. */
  readonly timeoutMs: number;
  readonly capacity: number;
  readonly retry: RetryStrategy<unknown> | null;
}

/** @throws IllegalArgumentError naming what is out of range */
export function describeAsyncWait<IN, OUT>(
  asyncFunction: AsyncFunction<IN, OUT>,
  mode: AsyncWaitWork['mode'],
  { timeoutMs, capacity = ASYNC_CAPACITY_DEFAULT, retry }: AsyncWaitOptions<OUT>,
): AsyncWaitWork {
  if (!Number.isFinite(timeoutMs) || timeoutMs < 0)
    throw new IllegalArgumentError(`timeoutMs must be 0 (none) or more milliseconds; found ${timeoutMs}.`);
  if (!Number.isInteger(capacity) || capacity < 1)
    throw new IllegalArgumentError(`The capacity must be a whole number, 1 or more; found ${capacity}.`);
  if (retry !== undefined && timeoutMs === 0)
    throw new IllegalArgumentError('With retries timeoutMs must be above 0: it ends all attempts together.');
  return {
    kind: 'async-wait',
    userFunction: asyncFunction,
    mode,
    timeoutMs,
    capacity,
    retry: (retry as RetryStrategy<unknown> | undefined) ?? null,
  };
}
