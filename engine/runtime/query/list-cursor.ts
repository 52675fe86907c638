import { fromHex, toHex } from '../../core/bytes.ts';
import { fromUtf8, toUtf8 } from '../../core/utf8.ts';
import { decodePlain, encodePlain } from '../../memory/plain-text.ts';
import { StateQueryError } from './state-query-error.ts';
import type { RowPlace } from './state-question.ts';

const CURSOR_CHARACTERS_MAX = 16_384;

/**
 * Where the next page of a list begins, as text. It names the last row by value and key, not by position, so it means the
 * same after rows came and went, after a rescale and after a recovery.
 * @param list what is listed, as text: a cursor is of use with the list it came from only
 */
export function encodeCursor(list: string, place: RowPlace): string {
  return toHex(toUtf8.encode(encodePlain([list, place.value, place.key])));
}

/** @throws StateQueryError `bad-question` */
export function decodeCursor(list: string, cursor: string): RowPlace {
  const parts = cursor.length > CURSOR_CHARACTERS_MAX || !/^(?:[0-9a-f]{2})+$/.test(cursor) ? null : partsOf(cursor);
  if (parts === null || parts.length !== 3)
    throw new StateQueryError('bad-question', 'The cursor is not one that a list gave out; begin again without it.');
  if (parts[0] !== list)
    throw new StateQueryError(
      'bad-question',
      'The cursor belongs to another list: it goes on with the same state, filter, order and checkpoint only.',
    );
  return { value: parts[1] as RowPlace['value'], key: parts[2] as RowPlace['key'] };
}

function partsOf(cursor: string): unknown[] | null {
  try {
    const parts = decodePlain(fromUtf8.decode(fromHex(cursor)));
    return Array.isArray(parts) ? parts : null;
  } catch {
    return null;
  }
}
