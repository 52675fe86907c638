/** Of a job, since it was started. */
export interface CheckpointCounts {
  readonly completed: number;
  readonly failed: number;
}

/** One checkpoint, complete or not, as it is shown and kept in the history. */
export interface CheckpointRecord {
  readonly id: number;
  readonly kind: 'checkpoint' | 'savepoint';
  readonly status: 'in-progress' | 'completed' | 'failed';
  /** Wall clock. */
  readonly triggeredAtMs: number;
  readonly durationMs: number;
  readonly bytes: number;
  /** Of these, written anew. */
  readonly newBytes: number;
  readonly keys: number;
  /** Longest over all tasks: records waiting for barriers; processing standing still. */
  readonly alignmentMs: number;
  readonly pauseMs: number;
  /** Why it failed. */
  readonly problem: string | null;
}
