import type { InstrumentFound, OrderOutcome, OrderState } from '../../engine/contract/orders.ts';
import { shownDecimal } from './decimal-text.ts';

const WORDS: Readonly<Record<OrderState, string>> = {
  routing: 'routing\u2026',
  confirmed: 'confirmed',
  'partly-confirmed': 'partly',
  rejected: 'rejected',
  'timed-out': 'timed out',
  refused: 'refused',
};
const CLASSES: Readonly<Record<OrderState, string>> = {
  routing: 'tone-quiet',
  confirmed: 'tone-good',
  'partly-confirmed': 'tone-warning',
  rejected: 'tone-bad',
  'timed-out': 'tone-bad',
  refused: 'tone-bad',
};

export function orderStateText(state: OrderState): string {
  return WORDS[state];
}

/** @param outcome undefined: the gateway has not answered yet; @param isFinal only final trades go out */
export function orderText(outcome: OrderOutcome | undefined, isFinal: boolean): string {
  if (outcome === undefined) return isFinal ? WORDS.routing : '';
  return outcome.state === 'partly-confirmed'
    ? `${WORDS[outcome.state]}: ${shownDecimal(outcome.shares ?? '0')}`
    : WORDS[outcome.state];
}

export function orderClass(outcome: OrderOutcome | undefined): string {
  return CLASSES[outcome?.state ?? 'routing'];
}

export function orderTitle(outcome: OrderOutcome | undefined, isFinal: boolean): string {
  if (outcome === undefined)
    return isFinal
      ? 'Sent to the gateway, which has not answered yet'
      : 'Goes to the gateway once a checkpoint holds the trade';
  const reason = outcome.reason === null ? '' : `: ${outcome.reason}`;
  switch (outcome.state) {
    case 'confirmed':
      return `Executed, ${shownDecimal(outcome.shares ?? '0')} shares`;
    case 'partly-confirmed':
      return `Only ${shownDecimal(outcome.shares ?? '0')} shares were executed; the rest was cancelled`;
    case 'rejected':
      return `Not executed${reason}`;
    case 'refused':
      return `The gateway did not take the order${reason}`;
    case 'timed-out':
      return `Nobody knows${reason} It is asked for again under the same id.`;
  }
}

/** Reference data on one line; undefined: it was not asked for, or there is no answer yet. */
export function instrumentText(found: InstrumentFound | undefined): string {
  if (found === undefined) return 'reference data: not there yet';
  switch (found.kind) {
    case 'known':
      return `${found.name} \u00b7 ${found.sector} \u00b7 ${found.currency} \u00b7 tick ${found.tickSize}`;
    case 'unknown':
      return 'the reference data service does not know this symbol';
    case 'failed':
      return `reference data failed: ${found.problem}`;
  }
}
