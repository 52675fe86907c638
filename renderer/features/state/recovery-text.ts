import type { RecoveryInfo } from '../../../engine/contract/window.ts';
import { countText } from '../../format/decimal-text.ts';
import { dateText, timeText } from '../../format/time-text.ts';

/** What was brought back, from when, and what was not, in one or two sentences. */
export function recoveryText(recovery: RecoveryInfo, zone: string): string {
  const { checkpointId, takenAtMs, trades, quotes, controls, journalRecords } = recovery;
  const read =
    journalRecords === null
      ? 'Quotes since then are read again, and trade as they did.'
      : `What came since then was read from the journal (${counted(journalRecords, 'record')}), and traded as it did.`;
  const anew =
    journalRecords === null
      ? 'the session began anew, with the same inputs and positions.'
      : `the whole journal was read (${counted(journalRecords, 'record')}), and traded as it did.`;
  const from =
    checkpointId === null || takenAtMs === null
      ? `There was no complete checkpoint: ${anew}`
      : `Went on from checkpoint ${checkpointId} of ${dateText(takenAtMs, zone)}, ${timeText(takenAtMs, zone)}: ${counted(trades, 'final trade')}, ${counted(quotes, 'quote')} taken. ${read}`;
  const again =
    controls === 0
      ? ''
      : ` ${counted(controls, 'rule change or press')} of the kill switch since then hold${controls === 1 ? 's' : ''} from the same place.`;
  return `${from}${again}`;
}

/** null: nothing was lost. */
export function lossText({ refused, checkpointId }: RecoveryInfo): string | null {
  if (refused.length === 0) return null;
  const which = refused.map(({ id, problem }) => `checkpoint ${id}: ${problem}`).join('\n');
  return `Not used: ${which}\nThe one before it (${checkpointId ?? 'the beginning'}) was whole.`;
}

export function causeText({ why, cause }: RecoveryInfo): string {
  return why === 'program-ended'
    ? 'The program had ended without closing the session.'
    : (cause ?? 'The session failed.');
}

function counted(count: number, what: string): string {
  return `${countText(count)} ${what}${count === 1 || what.includes(' or ') ? '' : 's'}`;
}
