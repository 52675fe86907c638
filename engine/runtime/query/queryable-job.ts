import type { Key } from '../../state/java-hash.ts';
import type { JobMeter } from '../metrics/job-metrics.ts';
import type { MailAnswer } from '../task/task.ts';
import type { CheckpointedStates, StoredKey } from './checkpointed-state.ts';
import type { StateAnswer, StateQuestion } from './state-question.ts';

/** A job whose tasks can be asked: the runner of threads is one, the executor of one thread another. */
export interface QueryableJob {
  /** `starting`: its tasks are not open yet, or are being restored. */
  readonly queryState: 'starting' | 'running' | 'ended';
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** Never rejects: what goes wrong is an answer. */
  askState(subtask: number, question: StateQuestion): Promise<StateAnswer>;
}

/** A computed query where a checkpoint is asked: what the operator's function does for the live state. */
export interface CheckpointedQuery {
  /** Of the operator whose state it reads. */
  readonly uid: string;
  /** @returns plain data; null: there is nothing to be told of this key */
  read(key: Key, stored: StoredKey): unknown;
}

/** What a client can reach of one job. */
export interface ServedJob {
  readonly job: QueryableJob;
  /** null: the job keeps no checkpoints. */
  readonly checkpoints: CheckpointedStates | null;
  /** By the name of the query. State made queryable by its descriptor needs none. */
  readonly checkpointedQueries: Readonly<Record<string, CheckpointedQuery>>;
  /** Absent: it is not metered. */
  readonly meter?: JobMeter;
}

/** Where clients find jobs; asked anew for every question, so that nothing is ever remembered that is no longer so. */
export interface QueryableJobs {
  ids(): readonly string[];
  find(jobId: string): ServedJob | null;
}

/** What came back for a question, whatever kept it from being answered. */
export function stateAnswerOf(answer: MailAnswer): StateAnswer {
  switch (answer.kind) {
    case 'answer':
      return answer.answer;
    case 'refusal':
      return { kind: 'refused', reason: 'failed', problem: answer.problem };
    case 'rows':
      return { kind: 'refused', reason: 'failed', problem: 'Rows came for a question about state.' };
  }
}
