import type { StructType } from './struct.ts';

/** What a sink's writer may ask about the record at hand. */
export interface SinkContext {
  /** Event time of the record, or null when it has none. */
  timestamp(): number | null;
  /** Nothing at or before it comes any more; -Infinity before the first one. */
  currentWatermark(): number;
}

/**
 * Takes the results of a stream (Flink: SinkWriter). Runs on the coordinator's thread. Records of one subtask come in
 * its order; records of different subtasks mix as they arrive.
 */
export interface SinkWriter<T> {
  /** `record` may be a view: copy what is to be kept (`toObject`). */
  write(record: T, context: SinkContext): void;
  /** Every subtask has passed this event time. */
  writeWatermark?(watermarkMs: number): void;
  /**
   * A barrier has come from every subtask: everything written so far belongs to this checkpoint, nothing that follows
   * does (Flink: two-phase commit, the first phase).
   * @returns plain data that the checkpoint stores, with which a restored job's writer can be made to go on from here
   */
  prepareCommit?(checkpointId: number): unknown;
  /** The checkpoint is complete and durable: what was prepared for it, and for any before it, counts. May come twice. */
  commit?(checkpointId: number): void;
  /** After the last record, also when the job failed. */
  close?(): void | Promise<void>;
}

/** A sink declared by the job: its writer is made on the coordinator's thread. */
export interface Sink<T> {
  createWriter(): SinkWriter<T>;
}

/** A sink that whoever runs the job provides by name: a list in a test, a file in a command line, a port in a window. */
export interface ExternalSink<T> {
  readonly externalName: string;
  readonly phantom?: T;
}

export function externalSink<T>(name: string): ExternalSink<T> {
  return { externalName: name };
}

/** What a stream's records look like where they cross threads: one of these structs, or JSON when there is none. */
export type RecordTypes = readonly StructType[];
