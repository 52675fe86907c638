import type { FailurePlace } from '../runtime/operator-failure.ts';

/** Name of a StateMigrationError. */
const STATE_REFUSED = 'StateMigrationError';

/** A job stopped because a part of it failed. Everything it had started is stopped when this is raised. */
export class JobFailedError extends Error {
  override readonly name = 'JobFailedError';
  readonly jobName: string;
  /** The operator, key and record that did it; null when it was not in an operator (a thread that died, say). */
  readonly place: FailurePlace | null;
  /** `source`, `task 3`, `coordinator`. */
  readonly thread: string;
  /** Stack of what was thrown there, for the log. */
  readonly remoteStack: string;

  constructor(jobName: string, thread: string, text: string, place: FailurePlace | null = null, remoteStack = '') {
    super(`Job '${jobName}' failed in its ${thread} thread. ${text}`);
    this.jobName = jobName;
    this.thread = thread;
    this.place = place;
    this.remoteStack = remoteStack;
  }

  /** Stored state that this program's functions cannot take: another attempt would end the same. */
  get isStateRefused(): boolean {
    return this.place?.errorName === STATE_REFUSED;
  }
}
