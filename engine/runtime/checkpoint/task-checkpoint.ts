import type { Clock } from '../../core/time.ts';
import type { KeyedOperatorSnapshot, KeyedSnapshot } from '../operators/keyed-snapshot.ts';
import type { TaskAcknowledgement } from './acknowledgement.ts';

/** Slots read, between two batches of records: some hundred microseconds. */
const SLOTS_PER_TURN = 1024;

/** One task's part of a checkpoint in the making: an operator at a time as the barrier passes it. Task thread only. */
export class TaskCheckpoint {
  readonly id: number;
  private readonly operators: number;
  private readonly clock: Clock;
  private readonly pending: KeyedSnapshot[] = [];
  private readonly done: KeyedOperatorSnapshot[] = [];
  private alignmentMs = 0;
  private pauseMs = 0;
  private firstMs = NaN;

  /** @param operators how many operators the task has */
  constructor(id: number, operators: number, clock: Clock) {
    this.id = id;
    this.operators = operators;
    this.clock = clock;
  }

  /** The barrier has passed an operator: its snapshot begins, before anything else happens to it. */
  begin(begin: () => KeyedSnapshot, alignmentMs: number): void {
    const fromMs = this.clock.monotonicMs();
    if (Number.isNaN(this.firstMs)) this.firstMs = fromMs;
    this.pending.push(begin());
    this.alignmentMs = Math.max(this.alignmentMs, alignmentMs);
    this.pauseMs = Math.max(this.pauseMs, this.clock.monotonicMs() - fromMs);
  }

  get hasWork(): boolean {
    return this.pending.length > 0;
  }

  /** A slice of the reading. @returns the whole part, once there is nothing left to do */
  progress(taskIndex: number, slotsMax = SLOTS_PER_TURN): TaskAcknowledgement | null {
    const [snapshot] = this.pending;
    if (snapshot !== undefined && snapshot.progress(slotsMax)) {
      this.pending.shift();
      this.done.push(snapshot.result());
    }
    if (this.done.length < this.operators) return null;
    const { alignmentMs, pauseMs } = this;
    const asyncMs = this.clock.monotonicMs() - this.firstMs;
    return { kind: 'task', checkpointId: this.id, taskIndex, operators: this.done, alignmentMs, pauseMs, asyncMs };
  }
}
