import type { Clock } from '../../core/time.ts';
import type { OperatorTakeover } from '../operators/keyed-handover.ts';
import type { Acknowledgement, HandoverAcknowledgement } from './acknowledgement.ts';

/** Whose wish it was. */
export type RescaleCause =
  | { readonly cause: 'asked'; readonly reason: null }
  /** What the policy measured, in a sentence. */
  | { readonly cause: 'autoscale'; readonly reason: string };

export const ASKED: RescaleCause = { cause: 'asked', reason: null };

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
  id = NaN;
  refusal: string | null = null;
  readonly passed: Promise<void>;
  readonly allMoved: Promise<void>;
  private readonly handovers: HandoverAcknowledgement[] = [];
  private sinksPassed = false;
  private movesLeft = Infinity;
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

  get given(): readonly HandoverAcknowledgement[] {
    return this.handovers;
  }

  acknowledge(part: Acknowledgement): void {
    if (part.kind === 'handover') this.handovers.push(part);
    if (part.kind === 'sinks') this.sinksPassed = true;
    if (this.hasPassed) this.tellPassed();
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
    this.movesLeft = threads;
  }

  moved(): void {
    this.movesLeft -= 1;
    if (this.movesLeft === 0) this.tellMoved();
  }

  /** @param pausedMs monotonic time at which the sources were asked to stop; null: they never were */
  record(pausedMs: number | null, problem: string | null): RescaleRecord {
    const operators = this.handovers.flatMap((handover) => handover.operators);
    const nowMs = this.clock.monotonicMs();
    return {
      atMs: this.atMs,
      from: this.from,
      to: this.to,
      ...this.why,
      status: problem === null ? 'completed' : 'failed',
      pauseMs: pausedMs === null ? 0 : nowMs - pausedMs,
      durationMs: nowMs - this.sinceMs,
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
