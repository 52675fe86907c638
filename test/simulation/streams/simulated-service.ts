import { AsyncFunction, type ResultFuture } from '../../../engine/api/async.ts';
import type { Draws } from '../draws.ts';
import type { Scheduler } from '../scheduler.ts';
import type { DrawnCalls } from './drawn-streams.ts';

/** What the service says about a number: the same however often it is asked. */
export const answerTo = (sequence: number): string => `answer ${(sequence * 7919) % 1000}`;

/** The world outside: what it has done stays done, whatever becomes of those who asked. */
export class ServiceBooks {
  /** Orders by number: how often each was asked for. It is carried out at the first time. */
  readonly asked = new Map<number, number>();
  readonly executed: number[] = [];
}

/** What happened to calls, by name. */
export type CallEvent = 'call-failed' | 'call-answer-lost' | 'call-timed-out' | 'call-asked-again';

interface OpenCall {
  readonly dueMs: number;
  readonly end: () => void;
}

/**
 * A service that carries each order out once and answers it as often as it is asked (an idempotent gateway), as one life of
 * the process sees it: with failures ahead of the deed, answers that are lost after it, and answers that come too late.
 */
export class SimulatedService {
  readonly events: { add(event: CallEvent): unknown };
  readonly #books: ServiceBooks;
  readonly #scheduler: Scheduler;
  readonly #draws: Draws;
  readonly #calls: DrawnCalls;
  readonly #isCalm: () => boolean;
  #open: OpenCall[] = [];

  /** @param isCalm whether the service must not fail any more */
  constructor(
    books: ServiceBooks,
    scheduler: Scheduler,
    draws: Draws,
    calls: DrawnCalls,
    told: { readonly events: { add(event: CallEvent): unknown }; readonly isCalm: () => boolean },
  ) {
    this.#books = books;
    this.#scheduler = scheduler;
    this.#draws = draws;
    this.#calls = calls;
    this.events = told.events;
    this.#isCalm = told.isCalm;
  }

  ask(sequence: number, answer: (outcome: string | Error) => void): void {
    const draws = this.#draws;
    const { failRate, loseRate, slowRate, timeoutMs } = this.#calls;
    const fails = draws.chance(failRate);
    this.#later(draws.int(0, 3), () => {
      // Behind the end of the input nothing is asked for again: a failure would be the job's.
      if (fails && !this.#isCalm()) {
        this.events.add('call-failed');
        return answer(new Error('the service is not there'));
      }
      this.#execute(sequence);
      if (draws.chance(loseRate) && !this.#isCalm()) {
        this.events.add('call-answer-lost');
        return answer(new Error('the connection was cut'));
      }
      const delayMs = draws.chance(slowRate) ? timeoutMs + draws.int(1, 10) : draws.int(0, 3);
      this.#later(delayMs, () => answer(answerTo(sequence)));
    });
  }

  /** Before each step: what is due happens, in an order that is drawn. */
  pass(): void {
    const nowMs = this.#scheduler.monotonicMs();
    for (;;) {
      const due = this.#open.filter(({ dueMs }) => dueMs <= nowMs);
      if (due.length === 0) return;
      this.#end(this.#draws.of(due));
    }
  }

  /** Everybody waits for the service: one of its calls goes on. @returns whether there was one */
  goOn(): boolean {
    if (this.#open.length === 0) return false;
    this.#end(this.#draws.of(this.#open));
    return true;
  }

  #later(delayMs: number, end: () => void): void {
    this.#open.push({ dueMs: this.#scheduler.monotonicMs() + delayMs, end });
  }

  #end(call: OpenCall): void {
    this.#open = this.#open.filter((other) => other !== call);
    call.end();
  }

  #execute(sequence: number): void {
    const times = (this.#books.asked.get(sequence) ?? 0) + 1;
    this.#books.asked.set(sequence, times);
    if (times > 1) this.events.add('call-asked-again');
    else this.#books.executed.push(sequence);
  }
}

export interface Answered {
  readonly key: string;
  readonly sequence: number;
  readonly answer: string;
}

/** Asks the service until it answers. When its time is over it says what it knows by itself: the answer is no secret. */
export class AskService extends AsyncFunction<{ readonly key: string; readonly sequence: number }, Answered> {
  readonly #service: SimulatedService;

  constructor(service: SimulatedService) {
    super();
    this.#service = service;
  }

  asyncInvoke({ key, sequence }: Answered, future: ResultFuture<Answered>): void {
    this.#service.ask(sequence, (outcome) => {
      if (outcome instanceof Error) future.completeExceptionally(outcome);
      else future.complete([{ key, sequence, answer: outcome }]);
    });
  }

  override timeout({ key, sequence }: Answered, future: ResultFuture<Answered>): void {
    this.#service.events.add('call-timed-out');
    future.complete([{ key, sequence, answer: answerTo(sequence) }]);
  }
}
