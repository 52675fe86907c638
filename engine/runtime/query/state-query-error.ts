import { IllegalStateError } from '../../core/errors.ts';

/**
 * Why a question has no answer.
 *
 *   unknown-job, unknown-state   there is none of that name
 *   not-started                  the job has not come that far, or is being restored
 *   no-state                     the key has none
 *   not-served                   the key groups are moving to another task; asked again for a while before it is told
 *   busy                         not answered in time, or too many questions wait already
 *   unknown-checkpoint           it is not kept, or cannot be read
 *   bad-question                 a cursor of another question, a page of no rows ...
 *   failed                       the function that answers threw
 *   ended                        nobody is there to answer any more
 */
export type StateQueryReason =
  | 'unknown-job'
  | 'unknown-state'
  | 'not-started'
  | 'no-state'
  | 'not-served'
  | 'busy'
  | 'unknown-checkpoint'
  | 'bad-question'
  | 'failed'
  | 'ended';

/** A question about state that has no answer. Never a fault of the job: it runs on as if nobody had asked. */
export class StateQueryError extends IllegalStateError {
  override readonly name: string = 'StateQueryError';
  readonly reason: StateQueryReason;

  constructor(reason: StateQueryReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Flink's text for a key that has no state, also where the descriptor has a default value. */
export const NO_STATE = 'No state for the specified key/namespace.';

export function unknownState(name: string, known: readonly string[]): StateQueryError {
  return new StateQueryError(
    'unknown-state',
    `No KvStateLocation found for KvState instance with name '${name}'. There are: ${known.join(', ') || 'none'}.`,
  );
}
