import { JsonPathScanner } from '../decode/json-path-scanner.ts';
import { NameTemplate } from '../decode/name-template.ts';
import { InputError } from '../sources/input-error.ts';
import { columnIndex, jsonPath, namePaths, PREFIX_FIELD } from './bind-profile.ts';
import { fieldsOf } from './profile-fields.ts';
import type { SessionProfile } from './profile-schema.ts';

export interface DetectedProfile {
  readonly profile: SessionProfile;
  /** What it was recognised by, for a message: `its header`. */
  readonly why: string;
}

/** What a look at an input tells. */
export interface InputLook {
  /** For messages. */
  readonly name: string;
  /** Path, `archive.zip!entry.csv` for an entry. */
  readonly path: string;
  /** Its first bytes as text. */
  readonly text: string;
}

interface Match {
  readonly profile: SessionProfile;
  readonly why: string;
  readonly score: number;
}

/** A signature of the format itself outweighs any number of columns that happen to be there. */
const SIGNATURE_SCORE = 1_000_000;
const HEADER_SHOWN_CHARACTERS = 200;
/** A byte order mark that is no UTF-8, or a NUL behind every character of plain English. */
const UTF16_TEXT = /^(?:\ufffd\ufffd|(?:[\u0001-\u007f]\u0000){4}|(?:\u0000[\u0001-\u007f]){4})/;
/** Control characters and bytes that are no UTF-8: no market data begins with them. */
const BINARY = /[\u0000-\u0008\u000e-\u001f\ufffd]/;

/**
 * Finds the profile of an input by its header, its first line and its name.
 * @throws InputError (`profile-ambiguous`, `profile-unknown`) that lists the profiles there are
 */
export function detectProfile(look: InputLook, profiles: readonly SessionProfile[]): DetectedProfile {
  const lines = look.text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim().length > 0);
  const first = lines[0] ?? '';
  const matches = profiles.flatMap(
    (profile): Match[] => bySignature(profile, first, look.path) ?? byFields(profile, lines) ?? [],
  );
  const best = Math.max(...matches.map((match) => match.score));
  const winners = matches.filter((match) => match.score === best);
  const [winner] = winners;
  if (winner !== undefined && winners.length === 1) return { profile: winner.profile, why: winner.why };
  const list = (each: readonly SessionProfile[]): string => each.map((profile) => profile.name).join(', ');
  if (winners.length > 1) {
    throw new InputError(
      'wrong-usage',
      'profile-ambiguous',
      { input: look.name },
      `${look.name} fits several profiles: ${list(winners.map((match) => match.profile))}. Name one with --profile.`,
    );
  }
  const shown = first.slice(0, HEADER_SHOWN_CHARACTERS);
  if (BINARY.test(shown)) {
    // No profile could help: the file itself is nothing that can be read.
    const isUtf16 = UTF16_TEXT.test(look.text);
    throw new InputError(
      'unreadable',
      'input-unreadable',
      { input: look.name },
      isUtf16
        ? `${look.name} is UTF-16 text, which is not read; save it as UTF-8.`
        : `${look.name} is no session file: it is neither text, nor gzip, zip or a recording.`,
    );
  }
  throw new InputError(
    'wrong-usage',
    'profile-unknown',
    { input: look.name },
    `The format of ${look.name} is not known: its first line is ${JSON.stringify(shown)}${first.length > shown.length ? ' ...' : ''}.${nearest(profiles, lines)} Name a profile with --profile: one of ${list(profiles)}, or a file of your own.`,
  );
}

function bySignature(profile: SessionProfile, first: string, path: string): Match[] | null {
  const { detect } = profile;
  if (detect === undefined) return null;
  if (detect.lacks?.some((text) => first.includes(text)) === true) return [];
  if (detect.header === undefined && detect.fileName === undefined && detect.contains === undefined) return null;
  const separator = profile.format === 'csv' ? (profile.delimiter ?? ',') : ',';
  const why: string[] = [];
  if (detect.header !== undefined) {
    if (
      first
        .split(separator)
        .map((name) => name.trim())
        .join(separator) !== detect.header.join(separator)
    )
      return [];
    why.push('its header');
  }
  if (detect.fileName !== undefined) {
    const templates = Array.isArray(detect.fileName) ? detect.fileName : [detect.fileName];
    if (!namePaths(path).some((each) => templates.some((text) => new NameTemplate(text).match(each) !== null)))
      return [];
    why.push('its name');
  }
  if (detect.contains !== undefined) {
    if (!detect.contains.every((text) => first.includes(text))) return [];
    why.push('its first line');
  }
  return [{ profile, why: why.join(' and '), score: SIGNATURE_SCORE + why.length }];
}

function headerOf(profile: Extract<SessionProfile, { format: 'csv' }>, lines: readonly string[]): readonly string[] {
  const { comment } = profile;
  const line = lines.find((each) => comment === undefined || !each.startsWith(comment)) ?? '';
  return line.split(profile.delimiter ?? ',').map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
}

/** Of the profiles with a header, the one whose columns are all there but for a few: a misspelt name is found so. */
function nearest(profiles: readonly SessionProfile[], lines: readonly string[]): string {
  let best: { readonly profile: SessionProfile; readonly missing: readonly string[] } | null = null;
  for (const profile of profiles) {
    if (profile.format !== 'csv' || profile.header === false) continue;
    const header = headerOf(profile, lines);
    const fields = fieldsOf(profile).map(({ reference }) => reference);
    const missing = fields.filter((reference) => columnIndex(reference, header) < 0);
    if (missing.length * 2 > fields.length || missing.length === 0) continue;
    const names = missing.map((reference) => (Array.isArray(reference) ? String(reference[0]) : String(reference)));
    if (best === null || names.length < best.missing.length) best = { profile, missing: names };
  }
  if (best === null) return '';
  return ` The profile "${best.profile.name}" comes nearest, but looks for ${best.missing.map((name) => `"${name}"`).join(', ')} as well.`;
}

function byFields(profile: SessionProfile, lines: readonly string[]): Match[] | null {
  if (profile.format === 'csv') {
    if (profile.header === false) return null;
    const header = headerOf(profile, lines);
    const fields = fieldsOf(profile);
    if (!fields.every(({ reference }) => columnIndex(reference, header) >= 0)) return null;
    return [{ profile, why: 'the columns of its header', score: fields.length }];
  }
  const line = lines[0] ?? '';
  if (profile.linePrefix === true || !line.startsWith('{')) return null;
  const fields = fieldsOf(profile).filter(({ reference }) => reference !== PREFIX_FIELD);
  const bytes = Uint8Array.from(line, (character) => Math.min(126, character.charCodeAt(0)));
  const scanner = new JsonPathScanner(
    fields.map(({ reference }) => jsonPath(Array.isArray(reference) ? JSON.stringify(reference) : String(reference))),
  );
  if (!scanner.scan(bytes, 0, bytes.length)) return null;
  const there = fields.filter((_, index) => scanner.ends[index] > scanner.starts[index]).length;
  const [hasSymbol, hasTime] = ['symbol', 'time']
    .map((name) => fields.findIndex(({ path }) => path[0] === name))
    .map((index) => index < 0 || scanner.ends[index] > 0);
  return hasSymbol === true && hasTime === true && there > 2
    ? [{ profile, why: 'the keys of its first line', score: there }]
    : null;
}
