import type { JobMemory } from '../runtime/job-memory.ts';
import type { FailurePlace } from '../runtime/operator-failure.ts';
import type { Acknowledgement, SourceThreadState } from '../runtime/checkpoint/acknowledgement.ts';
import type { OperatorTakeover } from '../runtime/operators/keyed-handover.ts';
import type { OperatorRestore } from '../runtime/operators/keyed-restore.ts';
import type { StructsOfTask } from '../runtime/task/task-rehearsal.ts';
import type { Mail, MailAnswer } from '../runtime/task/task.ts';

/** A MessagePort, which only Node's own files know by name. */
export type PortHandle = object;

/** What a worker thread is started with. Functions cannot cross: it finds the job by name and builds it itself. */
export interface WorkerStart {
  readonly role:
    | { readonly kind: 'source' }
    | { readonly kind: 'task'; readonly index: number }
    /** Makes the calls of asynchronous functions. */
    | { readonly kind: 'async' };
  readonly jobName: string;
  readonly parameters: unknown;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly ringSlots: number | null;
  readonly memory: JobMemory;
  readonly control: SharedArrayBuffer;
  /** What the thread goes on from; null: it begins. */
  readonly restore: WorkerRestore | null;
  /** A task of a larger parallelism, started ahead: it gets its state with `take-over` and is opened then. */
  readonly isSpare: boolean;
  /** Checkpoints will be taken of it. */
  readonly hasCheckpoints: boolean;
  /** What the operators of a spare task will have, for its rehearsal. */
  readonly structs: StructsOfTask;
  /** To the thread that makes calls, for a task of a job that has asynchronous functions; else null. */
  readonly asyncPort: PortHandle | null;
}

/** The job with another parallelism: rings and sums are new, symbols are the same. */
export interface NewParallelism {
  readonly parallelism: number;
  readonly memory: JobMemory;
}

/** A checkpoint as threads get it: bytes in shared memory, looked at by all and changed by none. */
export interface WorkerRestore {
  readonly operators: Readonly<Record<string, OperatorRestore>>;
  readonly source: SourceThreadState;
}

export type ToWorker =
  | { readonly kind: 'start' }
  | { readonly kind: 'mail'; readonly mail: Mail }
  | { readonly kind: 'source-event'; readonly uid: string | null; readonly event: unknown }
  /** To the source thread. */
  | { readonly kind: 'checkpoint'; readonly id: number }
  | { readonly kind: 'checkpoint-complete'; readonly id: number }
  /** To the source thread: the barrier behind which the parallelism changes. */
  | { readonly kind: 'rescale'; readonly id: number; readonly parallelism: number }
  /** To a task: a change of parallelism is near. */
  | { readonly kind: 'rehearse' }
  /** To the source thread and to tasks, when the change is next: little is to be under way when the barrier comes. */
  | { readonly kind: 'narrow' }
  /** To the source thread and to tasks that stay. */
  | { readonly kind: 'move'; readonly to: NewParallelism; readonly taken: Readonly<Record<string, OperatorTakeover>> }
  /** To spare tasks. */
  | { readonly kind: 'take-over'; readonly taken: Readonly<Record<string, OperatorTakeover>> }
  /** To the thread that makes calls: a task, from its start. */
  | { readonly kind: 'attach'; readonly taskIndex: number; readonly port: PortHandle }
  /** For tests alone: to do nothing from now on. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'stop' };

export interface FailureMessage {
  readonly text: string;
  readonly stack: string;
  /** null: it was not in an operator. */
  readonly place: FailurePlace | null;
}

export type FromWorker =
  /** `structs`: of a task that is open. */
  | { readonly kind: 'ready'; readonly fingerprint: string; readonly structs?: StructsOfTask }
  | { readonly kind: 'rehearsed' }
  | { readonly kind: 'narrowed' }
  | { readonly kind: 'failed'; readonly failure: FailureMessage }
  | { readonly kind: 'mail-answer'; readonly answer: MailAnswer }
  | { readonly kind: 'source-event'; readonly source: string; readonly event: unknown }
  | { readonly kind: 'acknowledge'; readonly part: Acknowledgement }
  /** A source has ended: its end was told to the tasks that are. */
  | { readonly kind: 'rescale-refused'; readonly id: number }
  /** It is wired anew, and works. */
  | { readonly kind: 'moved' }
  /** The coordinator's rings have something. */
  | { readonly kind: 'wake' }
  | { readonly kind: 'finished' };
