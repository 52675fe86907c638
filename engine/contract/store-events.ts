/**
 * What a store did by itself to keep what was entrusted to it. For the audit trail and for the window; the words are
 * ready to be read by a person.
 *
 *   fresh-start      there was nothing, and nothing said that there should be
 *   opened           the store is open; how much is in it
 *   copy-failed      one of the two copies cannot be used; work goes on with the other
 *   copy-set-aside   what was left of a copy was moved out of the way, for a person to look at; nothing is deleted
 *   copy-rebuilt     both copies are whole again
 *   copy-caught-up   a copy lacked the last writings before the end of the program, and got them from the other
 *   copies-joined    both copies had gaps, in different places; together they were whole
 *   value-repaired   one value was damaged in one copy, and was replaced by the other's
 *   value-lost       one value is damaged in every copy there is
 *   mark-rewritten   the mark outside of the copies was gone or unreadable
 *   mark-failed      the mark could not be written
 *   tail-unsure      one copy is lost and the mark is a moment older than the other: the last moment cannot be proven
 *   log-trimmed      a log of the database ended in a torn record, which was cut off before anything could trip over it
 *   copy-restarted   what serves a copy died or hung, and was started again; nothing was lost
 *   nearly-full      free room fell below what is safe: trading stops before a write fails
 *   room-again       there is room again
 */
export type StoreEventKind =
  | 'fresh-start'
  | 'opened'
  | 'copy-failed'
  | 'copy-set-aside'
  | 'copy-rebuilt'
  | 'copy-caught-up'
  | 'copies-joined'
  | 'value-repaired'
  | 'value-lost'
  | 'mark-rewritten'
  | 'mark-failed'
  | 'tail-unsure'
  | 'log-trimmed'
  | 'copy-restarted'
  | 'nearly-full'
  | 'room-again';

export interface StoreEvent {
  readonly kind: StoreEventKind;
  /** `warning`: a person should see it now. */
  readonly severity: 'note' | 'warning';
  /** Which copy, or null when it concerns the store as a whole. */
  readonly copy: string | null;
  /** One or more whole sentences. */
  readonly message: string;
}
