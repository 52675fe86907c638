import { Rehearsal, TURNS_AHEAD, TURNS_AMID_RECORDS, type StructOfState } from '../operators/rehearsal.ts';
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
