import type { JobMemory } from '../runtime/job-memory.ts';
import type { FailurePlace } from '../runtime/operator-failure.ts';
import type { Mail, MailAnswer } from '../runtime/task/task.ts';

/** What a worker thread is started with. Functions cannot cross: it finds the job by name and builds it itself. */
export interface WorkerStart {
  readonly role: { readonly kind: 'source' } | { readonly kind: 'task'; readonly index: number };
  readonly jobName: string;
  readonly parameters: unknown;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly ringSlots: number | null;
  readonly memory: JobMemory;
  readonly control: SharedArrayBuffer;
  /** Tasks answer mail after their last record, until they are told to stop. */
  readonly lingers: boolean;
}

export type ToWorker =
  | { readonly kind: 'start' }
  | { readonly kind: 'mail'; readonly mail: Mail }
  | { readonly kind: 'source-event'; readonly uid: string | null; readonly event: unknown }
  | { readonly kind: 'stop' };

export interface FailureMessage {
  readonly text: string;
  readonly stack: string;
  /** null: it was not in an operator. */
  readonly place: FailurePlace | null;
}

export type FromWorker =
  | { readonly kind: 'ready'; readonly fingerprint: string }
  | { readonly kind: 'failed'; readonly failure: FailureMessage }
  | { readonly kind: 'mail-answer'; readonly answer: MailAnswer }
  | { readonly kind: 'source-event'; readonly source: string; readonly event: unknown }
  /** The coordinator's rings have something. */
  | { readonly kind: 'wake' }
  | { readonly kind: 'finished' };
