/** Where in a job something went wrong, as plain data: it crosses threads. */
export interface FailurePlace {
  readonly operatorName: string;
  readonly uid: string;
  /** null where there are no subtasks: sources and sinks. */
  readonly subtaskIndex: number | null;
  /** The key at hand, as text; null without one. */
  readonly key: string | null;
  /** The record at hand, as text; null when it was a timer or no record. */
  readonly record: string | null;
  /** Time of the timer that was firing; null otherwise. */
  readonly timerMs: number | null;
  /** Name of the error that was thrown; null for what is no Error. */
  readonly errorName: string | null;
}

/** An operator threw. The cause is what it threw; the message says where, with which key and record. */
export class OperatorFailure extends Error {
  override readonly name = 'OperatorFailure';
  readonly place: FailurePlace;

  constructor(place: Omit<FailurePlace, 'errorName'>, cause: unknown) {
    super(describe(place, cause), { cause });
    this.place = { ...place, errorName: cause instanceof Error ? cause.name : null };
  }
}

function describe(place: Omit<FailurePlace, 'errorName'>, cause: unknown): string {
  const subtask = place.subtaskIndex === null ? '' : `, subtask ${place.subtaskIndex}`;
  const key = place.key === null ? '' : `, key ${place.key}`;
  const at =
    place.timerMs !== null ? `, timer at ${place.timerMs} ms` : place.record === null ? '' : `, record ${place.record}`;
  return `Operator '${place.operatorName}' (uid ${place.uid}${subtask}) failed${key}${at}: ${errorText(cause)}`;
}

export function errorText(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}

/** A record as text for an error message: its fields, cut at a length a person still reads. */
export function recordText(record: unknown): string {
  const TEXT_MAX = 500;
  let text: string | undefined;
  try {
    text = JSON.stringify(record, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
  } catch {
    // A record that contains itself, say: the message must still come.
    text = undefined;
  }
  text ??= String(record);
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}... (${text.length} characters)` : text;
}

/** Thrown to leave user code when the job is being stopped; no failure of its own. */
export class JobCancellation extends Error {
  override readonly name = 'JobCancellation';
  constructor() {
    super('The job was stopped.');
  }
}

export function isCancellation(error: unknown): boolean {
  return error instanceof JobCancellation;
}
