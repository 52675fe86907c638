import type { Clock } from '../../engine/core/time.ts';
import type { Draws } from './draws.ts';

interface PlannedEvent {
  readonly atMs: number;
  readonly run: () => void;
}

/** Wall clock of the simulated machine at its start. */
const WALL_START_MS = 1_700_000_000_000;

/** Every promise that could go on has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/**
 * Time of a simulated machine, and all that happens in it outside of the job's own steps: answers of the store, timers,
 * messages between threads. Which of several due events comes first is drawn.
 */
export class Scheduler implements Clock {
  readonly #draws: Draws;
  #nowMs = 0;
  #wallOffsetMs = WALL_START_MS;
  #events: PlannedEvent[] = [];

  constructor(draws: Draws) {
    this.#draws = draws;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }
  wallMs(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
  }

  /** Somebody sets the wall clock. */
  jump(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** @returns takes it back */
  after(delayMs: number, run: () => void): () => void {
    const event = { atMs: this.#nowMs + delayMs, run };
    this.#events.push(event);
    return () => {
      this.#events = this.#events.filter((other) => other !== event);
    };
  }

  get hasDue(): boolean {
    const { length } = this.#events;
    for (let index = 0; index < length; index += 1) if (this.#events[index].atMs <= this.#nowMs) return true;
    return false;
  }

  /** Runs what is due, one after the other, each to where it waits for something else. */
  async turn(): Promise<void> {
    for (;;) {
      const due = this.#events.filter(({ atMs }) => atMs <= this.#nowMs);
      if (due.length === 0) return;
      const event = this.#draws.of(due);
      this.#events.splice(this.#events.indexOf(event), 1);
      event.run();
      await settled();
    }
  }

  /** Waits for a promise while time goes on. @throws what it rejects with, or `whenHung` when nothing will ever happen */
  async drive<T>(promise: Promise<T>, whenHung: () => Error): Promise<T> {
    const outcome: { value: Promise<T> | null } = { value: null };
    const done = (): void => {
      outcome.value = promise;
    };
    promise.then(done, done);
    await settled();
    while (outcome.value === null) {
      if (this.#events.length === 0) throw whenHung();
      this.#nowMs = Math.max(this.#nowMs, Math.min(...this.#events.map(({ atMs }) => atMs)));
      await this.turn();
      await settled();
    }
    return outcome.value;
  }

  /** The process is gone. */
  forgetAll(): void {
    this.#events = [];
  }
}
