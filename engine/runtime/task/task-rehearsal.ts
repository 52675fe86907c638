import { Rehearsal, TURNS_AHEAD, TURNS_AMID_RECORDS, type StructOfState } from '../operators/rehearsal.ts';
import type { KeyedOperator } from '../operators/keyed-operator.ts';
import type { StreamTask } from './stream-task.ts';

/** The struct states of a task's operators, by uid. */
export type StructsOfTask = Readonly<Record<string, readonly StructOfState[]>>;

/** Of a task that is open. */
export function structsOf(task: StreamTask): StructsOfTask {
  return Object.fromEntries(
    task.vertices.map(({ operator }) => [
      operator.environment.uid,
      operator.backend.snapshotStates().structs.map(({ name, state }) => ({ name, shape: state.shape })),
    ]),
  );
}

/** All of it at once, in a task that is not open yet. @param structs of another task of the job; @param beat called often */
export function rehearseAhead(task: StreamTask, structs: StructsOfTask, beat: () => void): void {
  for (const { operator } of task.vertices) {
    const { environment } = operator;
    const rehearsal = new Rehearsal(environment, structs[environment.uid] ?? [], TURNS_AHEAD);
    while (!rehearsal.turnAtStart()) beat();
  }
}

/** The rehearsals of the operators of a task that runs, a turn at a time between its records. */
export class TaskRehearsal {
  private readonly waiting: (() => Rehearsal)[];
  private current: Rehearsal | null = null;

  constructor(task: StreamTask) {
    const structs = structsOf(task);
    this.waiting = task.vertices.map(({ operator: { environment } }) => () => {
      return new Rehearsal(environment, structs[environment.uid] ?? [], TURNS_AMID_RECORDS);
    });
  }

  /** Some milliseconds at first, less than one then. @returns whether it is over */
  turn(): boolean {
    this.current ??= this.waiting.shift()?.() ?? null;
    if (this.current === null) return true;
    if (this.current.turn()) this.current = null;
    return this.current === null && this.waiting.length === 0;
  }
}

/** A power of two: by then the loop over records is compiled. */
const SNAPSHOT_BATCHES = 256;

/**
 * Snapshots that nobody reads, in the first batches of a task: the loop over records is compiled with what a snapshot does
 * to it. Without them the first checkpoint throws that code away, and records go slowly until it is made anew.
 */
export class SnapshotRehearsal {
  private readonly operators: readonly KeyedOperator[];
  private batches = 0;

  constructor(operators: readonly KeyedOperator[]) {
    this.operators = operators;
  }

  /** Records were worked on. @returns whether it is over */
  batch(): boolean {
    this.batches += 1;
    if (this.batches === SNAPSHOT_BATCHES) this.end();
    else if (Number.isInteger(Math.log2(this.batches))) this.beginAnew();
    return this.batches === SNAPSHOT_BATCHES;
  }

  /** Before a snapshot that counts, and before keys move. */
  end(): void {
    for (const { backend } of this.operators) backend.copyOnWrite.end();
  }

  private beginAnew(): void {
    this.end();
    for (const operator of this.operators) operator.copyOnWriteFor(operator.backend.snapshotStates());
  }
}
