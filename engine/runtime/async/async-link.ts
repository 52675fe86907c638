import type { AsyncFunctionContext, AsyncWaitWork } from '../../api/async.ts';
import { plainCopy } from '../../state/plain-copy.ts';
import { AsyncCalls, type CallOutcome } from './async-call.ts';

/** What a task asks of a function that lives elsewhere. */
export type CallRequest =
  | { readonly kind: 'invoke'; readonly callId: number; readonly input: unknown }
  | {
      readonly kind: 'timeout';
      readonly callId: number;
      readonly input: unknown;
      /** false: the last call for the record ended, and the next was waited for. */
      readonly isCallUnderWay: boolean;
    };

/**
 * The way from one subtask of an asynchronous operator to its function and back. Never blocks, never calls back: outcomes
 * are fetched. Task thread only.
 */
export interface AsyncLink {
  open(context: AsyncFunctionContext): void;
  request(request: CallRequest): void;
  /** Sends what was requested since the last call. */
  flush(): void;
  /** The next outcome that has come, if any. */
  take(): CallOutcome | undefined;
  close(): void;
}

/** Without threads: the function lives here. What goes to it and comes back is copied all the same. */
export class InThreadAsyncLink implements AsyncLink {
  private readonly calls: AsyncCalls;
  private readonly outcomes: CallOutcome[] = [];

  /** @param onOutcome told that `take` has something */
  constructor(work: AsyncWaitWork, onOutcome: () => void = () => undefined) {
    this.calls = new AsyncCalls(work, (outcome) => {
      this.outcomes.push(plainCopy(outcome));
      onOutcome();
    });
  }

  open(context: AsyncFunctionContext): void {
    this.calls.open(context);
  }

  request(request: CallRequest): void {
    makeCall(this.calls, plainCopy(request));
  }

  flush(): void {}

  take(): CallOutcome | undefined {
    return this.outcomes.shift();
  }

  close(): void {
    this.calls.close();
  }
}

export function makeCall(calls: AsyncCalls, request: CallRequest): void {
  if (request.kind === 'invoke') calls.invoke(request.callId, request.input);
  else calls.timeout(request.callId, request.input, request.isCallUnderWay);
}
