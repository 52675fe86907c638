import type { Clock } from '../../core/time.ts';
import type { OperatorTakeover } from '../operators/keyed-handover.ts';
import type { Acknowledgement, HandoverAcknowledgement } from './acknowledgement.ts';

/** Whose wish it was. */
export type RescaleCause =
  | { readonly cause: 'asked'; readonly reason: null }
  /** What the policy measured, in a sentence. */
  | { readonly cause: 'autoscale'; readonly reason: string };

export const ASKED: RescaleCause = { cause: 'asked', reason: null };

/** Where a pause went, ms. */
export interface RescaleSteps {
  /** Until the last task had the barrier: the source stopped, and what was in its rings was worked off. */
  readonly drainMs: number;
  /** Until the coordinator had the keys that move. */
  readonly giveMs: number;
  /** Until they were dealt out. */
  readonly dealMs: number;
  /** Until the last thread had what is its own now. */
  readonly takeMs: number;
}

/** A change of parallelism, as it is shown and kept in the history. */
export interface RescaleRecord {
  /** Wall clock. */
  readonly atMs: number;
  readonly from: number;
  readonly to: number;
  readonly cause: RescaleCause['cause'];
  readonly reason: string | null;
  readonly status: 'completed' | 'failed';
  /** No record was taken in for so long. */
  readonly pauseMs: number;
  /** null: it came to no pause, or not to its end. */
  readonly steps: RescaleSteps | null;
  /** With the start of new threads, records going on meanwhile. */
  readonly durationMs: number;
  readonly movedKeyGroups: number;
  readonly movedKeys: number;
  readonly problem: string | null;
}

/** The barrier behind which the parallelism changes, and what has come of it. Coordinator thread only. */
export class RescaleBarrier {
  readonly from: number;
  readonly to: number;
  /** Of the barrier, once it was sent. */
  private barrierId = NaN;
  refusal: string | null = null;
  readonly passed: Promise<void>;
  readonly allMoved: Promise<void>;
  private readonly handovers: HandoverAcknowledgement[] = [];
  private sinksPassed = false;
  private movesLeft = Infinity;
  /** Monotonic times; NaN: not yet. */
  private sentMs = NaN;
  private passedMs = NaN;
  private dealtMs = NaN;
  private movedMs = NaN;
  private tellPassed!: () => void;
  private tellMoved!: () => void;
  private readonly clock: Clock;
  private readonly sinceMs: number;
  private readonly atMs: number;
  private readonly why: RescaleCause;

  constructor(from: number, to: number, why: RescaleCause, clock: Clock) {
    this.from = from;
    this.to = to;
    this.why = why;
    this.clock = clock;
    this.sinceMs = clock.monotonicMs();
    this.atMs = clock.wallMs();
    this.passed = new Promise((resolve) => {
      this.tellPassed = resolve;
    });
    this.allMoved = new Promise((resolve) => {
      this.tellMoved = resolve;
    });
  }

  get id(): number {
    return this.barrierId;
  }

  /** The sources are asked to stop. @param id of the barrier */
  sent(id: number): void {
    this.barrierId = id;
    this.sentMs = this.clock.monotonicMs();
  }

  get given(): readonly HandoverAcknowledgement[] {
    return this.handovers;
  }

  acknowledge(part: Acknowledgement): void {
    if (part.kind === 'handover') this.handovers.push(part);
    if (part.kind === 'sinks') this.sinksPassed = true;
    if (!this.hasPassed) return;
    this.passedMs = this.clock.monotonicMs();
    this.tellPassed();
  }

  /** The barrier cannot be sent. Without effect when it is through already. */
  refuse(problem: string): void {
    if (this.hasPassed) return;
    this.refusal = problem;
    this.tellPassed();
  }

  /** Every task has given away what others own behind it. */
  get hasPassed(): boolean {
    return this.sinksPassed && this.handovers.length === this.from;
  }

  awaitMoved(threads: number): void {
    this.dealtMs = this.clock.monotonicMs();
    this.movesLeft = threads;
  }

  moved(): void {
    this.movesLeft -= 1;
    if (this.movesLeft > 0) return;
    this.movedMs = this.clock.monotonicMs();
    this.tellMoved();
  }

  /** Every thread goes on. */
  completed(): RescaleRecord {
    const barrierMs = Math.max(...this.handovers.map(({ barrierMs: at }) => at));
    return this.record(null, this.movedMs - this.sentMs, {
      drainMs: barrierMs - this.sentMs,
      giveMs: this.passedMs - barrierMs,
      dealMs: this.dealtMs - this.passedMs,
      takeMs: this.movedMs - this.dealtMs,
    });
  }

  failed(problem: string): RescaleRecord {
    const hasPaused = this.refusal === null && !Number.isNaN(this.passedMs);
    return this.record(problem, hasPaused ? this.clock.monotonicMs() - this.sentMs : 0, null);
  }

  private record(problem: string | null, pauseMs: number, steps: RescaleSteps | null): RescaleRecord {
    const operators = this.handovers.flatMap((handover) => handover.operators);
    return {
      atMs: this.atMs,
      from: this.from,
      to: this.to,
      ...this.why,
      status: problem === null ? 'completed' : 'failed',
      pauseMs,
      steps,
      durationMs: this.clock.monotonicMs() - this.sinceMs,
      movedKeyGroups: new Set(operators.flatMap(({ keyGroups }) => keyGroups)).size,
      movedKeys: operators.reduce((sum, { keys }) => sum + keys, 0),
      problem,
    };
  }
}

/** By task of the new parallelism, then by uid: what the old tasks gave away for it, and what belongs to no key. */
export function dealHandovers(
  handovers: readonly HandoverAcknowledgement[],
  parallelism: number,
): Record<string, OperatorTakeover>[] {
  const ordered = [...handovers].sort((left, right) => left.taskIndex - right.taskIndex);
  const uids = ordered[0].operators.map(({ uid }) => uid);
  return Array.from({ length: parallelism }, (_, index) => {
    const taken: Record<string, OperatorTakeover> = {};
    for (const uid of uids) {
      const given = ordered.flatMap(({ operators }) => operators.filter((operator) => operator.uid === uid));
      taken[uid] = {
        parts: given.flatMap(({ parts }) => parts[index] ?? []),
        broadcast: given[0].broadcast,
        operatorStates: given.map(({ operatorState }) => operatorState),
      };
    }
    return taken;
  });
}
