import type { Clock } from '../../core/time.ts';
import { computeKeyGroupRangeForOperatorIndex } from '../../state/key-groups.ts';
import type { OperatorRestore } from '../operators/keyed-restore.ts';
import type { Acknowledgement, TaskAcknowledgement } from './acknowledgement.ts';

/** A change of parallelism, as it is shown and kept in the history. */
export interface RescaleRecord {
  /** Wall clock. */
  readonly atMs: number;
  readonly from: number;
  readonly to: number;
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
  private readonly tasks: TaskAcknowledgement[] = [];
  private sinksPassed = false;
  private movesLeft = Infinity;
  private tellPassed!: () => void;
  private tellMoved!: () => void;
  private readonly clock: Clock;
  private readonly sinceMs: number;
  private readonly atMs: number;

  constructor(from: number, to: number, clock: Clock) {
    this.from = from;
    this.to = to;
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

  get parts(): readonly TaskAcknowledgement[] {
    return this.tasks;
  }

  acknowledge(part: Acknowledgement): void {
    if (part.kind === 'task') this.tasks.push(part);
    if (part.kind === 'sinks') this.sinksPassed = true;
    if (this.sinksPassed && this.tasks.length === this.from) this.tellPassed();
  }

  refuse(problem: string): void {
    this.refusal = problem;
    this.tellPassed();
  }

  awaitMoved(threads: number): void {
    this.movesLeft = threads;
  }

  moved(): void {
    this.movesLeft -= 1;
    if (this.movesLeft === 0) this.tellMoved();
  }

  /** @param pausedMs monotonic time at which the sources were asked to stop */
  record(pausedMs: number, problem: string | null): RescaleRecord {
    const operators = this.tasks.flatMap((task) => task.operators);
    const nowMs = this.clock.monotonicMs();
    return {
      atMs: this.atMs,
      from: this.from,
      to: this.to,
      status: problem === null ? 'completed' : 'failed',
      pauseMs: nowMs - pausedMs,
      durationMs: nowMs - this.sinceMs,
      movedKeyGroups: new Set(operators.flatMap(({ keyGroups }) => keyGroups.map(({ keyGroup }) => keyGroup))).size,
      movedKeys: operators.reduce((sum, { keys }) => sum + keys, 0),
      problem,
    };
  }
}

/**
 * What each task of the new parallelism takes over, by uid: the key groups that others gave away, and everybody's state
 * that belongs to no key.
 */
export function dealKeyGroups(
  parts: readonly TaskAcknowledgement[],
  parallelism: number,
  maxParallelism: number,
): Record<string, OperatorRestore>[] {
  const ordered = [...parts].sort((left, right) => left.taskIndex - right.taskIndex);
  const uids = ordered[0].operators.map(({ uid }) => uid);
  return Array.from({ length: parallelism }, (_, index) => {
    const { start, end } = computeKeyGroupRangeForOperatorIndex(maxParallelism, parallelism, index);
    const taken: Record<string, OperatorRestore> = {};
    for (const uid of uids) {
      const given = ordered.flatMap(({ operators }) => operators.filter((operator) => operator.uid === uid));
      taken[uid] = {
        keyGroups: given
          .flatMap(({ keyGroups }) => keyGroups)
          .filter(({ keyGroup }) => keyGroup >= start && keyGroup <= end),
        broadcast: given[0].broadcast,
        operatorStates: given.map(({ operatorState }) => operatorState),
      };
    }
    return taken;
  });
}
