import { isCancellation, OperatorFailure, recordText } from '../operator-failure.ts';
import type { KeyedOperator } from './keyed-operator.ts';

/** What a keyed operator was doing when it threw. Failures that already say so pass through. */
export function describeFailure(operator: KeyedOperator, record: unknown, cause: unknown): unknown {
  if (cause instanceof OperatorFailure || isCancellation(cause)) return cause;
  const { keyTable, timers, environment } = operator;
  const slot = keyTable.currentSlot;
  const firingAtMs = timers.firingAtMs;
  const isTimer = !Number.isNaN(firingAtMs);
  const place = {
    operatorName: environment.taskName,
    uid: environment.uid,
    subtaskIndex: environment.subtaskIndex,
    key: slot < 0 ? null : recordText(keyTable.keyAt(slot)),
    record: isTimer || record === null ? null : recordText(record),
    timerMs: isTimer ? firingAtMs : null,
  };
  return new OperatorFailure(place, cause);
}
