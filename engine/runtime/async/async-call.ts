import {
  RichAsyncFunction,
  type AsyncFunctionContext,
  type AsyncWaitWork,
  type ResultFuture,
} from '../../api/async.ts';
import { IllegalArgumentError } from '../../core/errors.ts';

/** How a call ended, as plain data: it crosses threads. */
export type CallOutcome = {
  readonly callId: number;
  /** The retry strategy's predicates would have the call made again. */
  readonly isRetryable: boolean;
} & ({ readonly results: readonly unknown[] } | { readonly error: CallError });

export interface CallError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

type CallEnd = { readonly results: readonly unknown[] } | { readonly error: unknown };

/** One call under way. The first completion counts, whether of the call or of its time being over. */
class CallFuture implements ResultFuture<unknown> {
  /** What comes now is the last word: a call whose time is over is not made again. */
  isTimedOut = false;
  private isDone = false;
  private readonly finish: (end: CallEnd) => void;

  constructor(finish: (end: CallEnd) => void) {
    this.finish = finish;
  }

  complete(results: readonly unknown[]): void {
    if (!Array.isArray(results))
      return this.completeExceptionally(
        new IllegalArgumentError('Results must not be null, use an empty collection to emit nothing.'),
      );
    this.end({ results });
  }

  completeExceptionally(error: unknown): void {
    this.end({ error });
  }

  private end(end: CallEnd): void {
    if (this.isDone) return;
    this.isDone = true;
    this.finish(end);
  }
}

/**
 * Makes the calls of one subtask's function, where the function lives: on the thread for asynchronous calls, or, without
 * threads, in the only one. It keeps nothing but the calls under way.
 */
export class AsyncCalls {
  private readonly work: AsyncWaitWork;
  private readonly deliver: (outcome: CallOutcome) => void;
  private readonly underWay = new Map<number, CallFuture>();

  constructor(work: AsyncWaitWork, deliver: (outcome: CallOutcome) => void) {
    this.work = work;
    this.deliver = deliver;
  }

  open(context: AsyncFunctionContext): void {
    if (this.work.userFunction instanceof RichAsyncFunction) this.work.userFunction.open(context);
  }

  close(): void {
    this.underWay.clear();
    if (this.work.userFunction instanceof RichAsyncFunction) this.work.userFunction.close();
  }

  invoke(callId: number, input: unknown): void {
    const future = this.begin(callId);
    try {
      const made = this.work.userFunction.asyncInvoke(input, future);
      if (made instanceof Promise) made.catch((error: unknown) => future.completeExceptionally(error));
    } catch (error) {
      future.completeExceptionally(error);
    }
  }

  /** The time for the record is over. A call that has just ended is left alone: its outcome is on the way. */
  timeout(callId: number, input: unknown, isCallUnderWay: boolean): void {
    if (isCallUnderWay && !this.underWay.has(callId)) return;
    const future = this.underWay.get(callId) ?? this.begin(callId);
    future.isTimedOut = true;
    try {
      this.work.userFunction.timeout(input, future);
    } catch (error) {
      future.completeExceptionally(error);
    }
  }

  private begin(callId: number): CallFuture {
    const future: CallFuture = new CallFuture((end) => {
      // Closed meanwhile.
      if (this.underWay.get(callId) !== future) return;
      this.underWay.delete(callId);
      this.deliver(this.outcomeOf(callId, end, future.isTimedOut));
    });
    this.underWay.set(callId, future);
    return future;
  }

  private outcomeOf(callId: number, end: CallEnd, isTimedOut: boolean): CallOutcome {
    const { retry } = this.work;
    if ('results' in end) {
      const { results } = end;
      return { callId, results, isRetryable: !isTimedOut && (retry?.ifResult?.(results) ?? false) };
    }
    const isRetryable = !isTimedOut && (retry?.ifException?.(end.error) ?? false);
    return { callId, error: errorOf(end.error), isRetryable };
  }
}

function errorOf(error: unknown): CallError {
  return error instanceof Error
    ? { name: error.name, message: error.message, stack: error.stack ?? '' }
    : { name: 'Error', message: String(error), stack: '' };
}
