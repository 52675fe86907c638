import { toUtf8 } from '../../core/utf8.ts';
import { parseScaled, PRICE_DECIMALS, PRICE_MAX, SHARE_DECIMALS, SHARES_MAX } from '../../core/decimal.ts';
import { assert } from '../../core/assert.ts';
import type { ByteSource } from '../decode/byte-source.ts';
import { CsvDecoder, type ResolvedColumns } from '../decode/csv-decoder.ts';
import { DatePattern } from '../decode/date-pattern.ts';
import { DecodedInput } from '../decode/decoded-input.ts';
import { JsonlDecoder, type RowGate } from '../decode/jsonl-decoder.ts';
import { JsonPathScanner, type JsonPath } from '../decode/json-path-scanner.ts';
import { NameTemplate } from '../decode/name-template.ts';
import { RowAssembler } from '../decode/row-assembler.ts';
import { NOT_THERE, RowInterpreter, type FieldParsers, type RowCondition } from '../decode/row-interpreter.ts';
import { ScaledField } from '../decode/scaled-field.ts';
import { DateOfDay, EpochTime, MidnightTime, TextTime, type TimeField } from '../decode/time-field.ts';
import { TimeZone } from '../decode/time-zone.ts';
import { InputError } from '../sources/input-error.ts';
import { RowLedger } from '../sources/row-ledger.ts';
import type { SymbolTable } from '../sources/symbol-table.ts';
import { fieldsOf } from './profile-fields.ts';
import type { FieldReference, SessionProfile } from './profile-schema.ts';

/** Stands for the word ahead of the JSON in profiles with `linePrefix`. */
export const PREFIX_FIELD = '$prefix';

/**
 * Joins a profile with one input: names that only the file tells (symbol, date) are taken from its path here, columns
 * from its header once that is read.
 * @param path where the input is: `folder/archive.zip/entry.csv`; the entry's name is tried first, then the archive's
 * @throws InputError when the path does not tell what the profile wants from it
 */
export function bindProfile(
  profile: SessionProfile,
  source: ByteSource,
  path: string,
  symbols: SymbolTable,
  batchQuotes?: number,
): DecodedInput {
  const ledger = new RowLedger(source.name);
  const assembler = new RowAssembler(profile.pairSides ?? false, batchQuotes);
  const parsers = createParsers(profile, source.name, path);
  const constantSymbol = constantSymbolOf(profile, source.name, path, symbols);
  const interpreterFor = (at: (reference: FieldReference) => number): RowInterpreter =>
    new RowInterpreter(meaningOf(profile, constantSymbol, at), parsers, symbols, assembler);
  const unitMixUp = (rows: string): InputError => describeUnitMixUp(profile, source.name, parsers.time, rows);
  if (profile.format === 'csv') {
    const layout = {
      delimiter: (profile.delimiter ?? ',').charCodeAt(0),
      header: profile.header ?? true,
      comment: profile.comment?.charCodeAt(0) ?? -1,
      columnCount: profile.columnCount ?? (profile.header === false ? 'any' : 'header'),
    } as const;
    const resolve = (header: readonly string[] | null): ResolvedColumns =>
      resolveColumns(profile, source.name, header, interpreterFor);
    return new DecodedInput(source, new CsvDecoder(layout, ledger, assembler, resolve, unitMixUp));
  }
  return new DecodedInput(
    source,
    jsonlDecoder(profile, ledger, interpreterFor, unitMixUp, () => null),
  );
}

/**
 * Joins a profile of JSON lines with a live feed, whose messages are the lines.
 * @param makeGate what looks at the numbers the feed gives its messages, made from where a row has them (NOT_THERE: it has none)
 * @throws InputError when the profile is of no such feed
 */
export function bindLiveProfile(
  profile: SessionProfile,
  name: string,
  symbols: SymbolTable,
  makeGate: (updateId: number, messageNumber: number) => RowGate,
): JsonlDecoder {
  if (profile.format !== 'jsonl' || profile.pairSides === true) {
    throw new InputError(
      'wrong-usage',
      'profile-does-not-fit',
      { input: name },
      `The profile "${profile.name}" cannot read a live feed: its messages are JSON, one quote each ("format": "jsonl", no "pairSides").`,
    );
  }
  const ledger = new RowLedger(name);
  const assembler = new RowAssembler(false);
  const parsers = createParsers(profile, name, name);
  const constantSymbol = constantSymbolOf(profile, name, name, symbols);
  const interpreterFor = (at: (reference: FieldReference) => number): RowInterpreter =>
    new RowInterpreter(meaningOf(profile, constantSymbol, at), parsers, symbols, assembler);
  const unitMixUp = (rows: string): InputError => describeUnitMixUp(profile, name, parsers.time, rows);
  return jsonlDecoder(profile, ledger, interpreterFor, unitMixUp, (slotOf) => {
    const at = (reference: FieldReference | undefined): number =>
      reference === undefined ? NOT_THERE : slotOf(reference);
    return makeGate(at(profile.live?.updateId), at(profile.live?.messageNumber));
  });
}

/**
 *   slots: | fields of the row | the same in the envelope | envelope | word ahead of the JSON |
 */
function jsonlDecoder(
  profile: Extract<SessionProfile, { format: 'jsonl' }>,
  ledger: RowLedger,
  interpreterFor: (at: (reference: FieldReference) => number) => RowInterpreter,
  unitMixUp: (rows: string) => InputError,
  makeGate: (slotOf: (reference: FieldReference) => number) => RowGate | null,
): JsonlDecoder {
  const { envelope, live } = profile;
  const named = [...fieldsOf(profile).map(({ reference }) => reference), live?.updateId, live?.messageNumber];
  const references = [...new Set(named.filter((each) => each !== undefined).map(firstName))];
  const fields = references.filter((reference) => reference !== PREFIX_FIELD);
  const paths = fields.map(jsonPath);
  const all = envelope === undefined ? paths : [...paths, ...paths.map((path) => [envelope, ...path]), [envelope]];
  const slotOf = (reference: FieldReference): number =>
    firstName(reference) === PREFIX_FIELD ? all.length : fields.indexOf(firstName(reference));
  const layout = {
    linePrefix: profile.linePrefix ?? false,
    prefixSlot: references.includes(PREFIX_FIELD) ? all.length : NOT_THERE,
    envelopeSlot: envelope === undefined ? NOT_THERE : all.length - 1,
    fieldSlots: fields.length,
  };
  const scanner = new JsonPathScanner(all, 1);
  return new JsonlDecoder(layout, ledger, scanner, interpreterFor(slotOf), unitMixUp, makeGate(slotOf));
}

/** Of `["data", "b"]`, a path; of `data.b` the same; keys that hold points themselves are written as a list. */
function firstName(reference: FieldReference): string {
  return Array.isArray(reference) ? JSON.stringify(reference) : String(reference);
}

export function jsonPath(text: string): JsonPath {
  return text.startsWith('[') ? (JSON.parse(text) as string[]) : text.split('.');
}

function meaningOf(
  profile: SessionProfile,
  constantSymbol: number,
  at: (reference: FieldReference) => number,
): ConstructorParameters<typeof RowInterpreter>[0] {
  const optional = (reference: FieldReference | undefined): number =>
    reference === undefined ? NOT_THERE : at(reference);
  const { symbol, time } = profile;
  return {
    symbol: 'field' in symbol ? at(symbol.field) : NOT_THERE,
    constantSymbol,
    upperCaseSymbol: 'field' in symbol && symbol.upperCase === true,
    time: at(time.field),
    time2: 'date' in time && time.date !== undefined && 'field' in time.date ? at(time.date.field) : NOT_THERE,
    bid: optional(profile.bid?.price),
    bidSize: optional(profile.bid?.size),
    ask: optional(profile.ask?.price),
    askSize: optional(profile.ask?.size),
    conditions: (profile.where ?? []).map((each): RowCondition => {
      const field = at(each.field);
      if ('present' in each) return { field, oneOf: null, present: each.present };
      return {
        field,
        oneOf: ('in' in each ? each.in : [each.equals]).map((text) => toUtf8.encode(text.trim())),
        present: true,
      };
    }),
    ignoresEveryRow: profile.ignoreEveryRow ?? false,
  };
}

function createParsers(profile: SessionProfile, input: string, path: string): FieldParsers {
  const scaled = (unit: string | undefined, decimals: number, max: number): ScaledField => {
    const value = parseScaled(unit ?? '1', decimals);
    assert(value.ok, `A profile's unit must be a decimal; found ${String(unit)}.`);
    return new ScaledField({
      unit: value.value,
      max,
      absent: profile.absent ?? [],
      exponents: profile.format === 'jsonl',
    });
  };
  return {
    time: createTimeField(profile, input, path),
    price: scaled(profile.priceUnit, PRICE_DECIMALS, PRICE_MAX),
    size: scaled(profile.sizeUnit, SHARE_DECIMALS, SHARES_MAX),
  };
}

function createTimeField(profile: SessionProfile, input: string, path: string): TimeField {
  const { time } = profile;
  const shiftMs = time.addMs ?? 0;
  if (!('zone' in time)) return new EpochTime(time.unit, shiftMs);
  const zone = new TimeZone(time.zone);
  const date = time.date === undefined ? null : createDate(profile, time.date, input, path);
  if ('pattern' in time) return new TextTime(new DatePattern(time.pattern), date, zone, shiftMs);
  return new MidnightTime(time.unit, date as DateOfDay, zone, shiftMs);
}

type DateOrigin = { constant: string } | { fileName: string | string[] } | { field: FieldReference; pattern: string };

function createDate(profile: SessionProfile, date: DateOrigin, input: string, path: string): DateOfDay {
  if ('constant' in date) return new DateOfDay(Date.parse(`${date.constant}T00:00:00Z`), null);
  if ('field' in date) return new DateOfDay(NaN, new DatePattern(date.pattern));
  for (const match of nameMatches(date.fileName, path)) {
    if (match.dateMs !== null) return new DateOfDay(match.dateMs, null);
  }
  throw nameTellsNot(profile, 'date', date.fileName, input, path);
}

function constantSymbolOf(profile: SessionProfile, input: string, path: string, symbols: SymbolTable): number {
  const { symbol } = profile;
  if ('field' in symbol) return NOT_THERE;
  if ('constant' in symbol) return symbols.intern(symbol.constant);
  for (const match of nameMatches(symbol.fileName, path)) {
    if (match.symbol === null) continue;
    const number = symbols.intern(symbol.upperCase === true ? match.symbol.toUpperCase() : match.symbol);
    if (number >= 0) return number;
  }
  throw nameTellsNot(profile, 'symbol', symbol.fileName, input, path);
}

function nameMatches(
  templates: string | string[],
  path: string,
): readonly { symbol: string | null; dateMs: number | null }[] {
  const list = Array.isArray(templates) ? templates : [templates];
  return namePaths(path).flatMap((each) => list.flatMap((text) => new NameTemplate(text).match(each) ?? []));
}

/** An entry of an archive may be named by itself or by its archive: `folder/archive.zip!entry.csv`. */
export function namePaths(path: string): readonly string[] {
  const mark = path.lastIndexOf('!');
  return mark < 0 ? [path] : [path.slice(mark + 1), path.slice(0, mark)];
}

function nameTellsNot(
  profile: SessionProfile,
  what: string,
  templates: string | string[],
  input: string,
  path: string,
): InputError {
  const tried = (Array.isArray(templates) ? templates : [templates]).map((text) => `"${text}"`).join(', ');
  return new InputError(
    'wrong-usage',
    'profile-does-not-fit',
    { input },
    `The profile "${profile.name}" takes the ${what} from the file's name, but ${path} fits none of ${tried}. Rename the file, or give the ${what} another way in a profile of your own.`,
  );
}

function resolveColumns(
  profile: SessionProfile,
  input: string,
  header: readonly string[] | null,
  interpreterFor: (at: (reference: FieldReference) => number) => RowInterpreter,
): ResolvedColumns {
  let least = 0;
  const missing: string[] = [];
  const at = (reference: FieldReference): number => {
    const index = columnIndex(reference, header);
    if (index < 0)
      missing.push(
        Array.isArray(reference)
          ? `"${reference[0]}" (or ${reference
              .slice(1)
              .map((name) => `"${name}"`)
              .join(', ')})`
          : `"${reference}"`,
      );
    least = Math.max(least, index + 1);
    const twin = index < 0 || header === null ? -1 : header.indexOf(header[index], index + 1);
    if (twin >= 0) throw columnTwice(input, header?.[index] ?? '', index, twin);
    return index;
  };
  const interpreter = interpreterFor(at);
  if (missing.length > 0) throw columnsMissing(profile, input, missing, header ?? []);
  return { interpreter, least };
}

function columnTwice(input: string, name: string, first: number, second: number): InputError {
  return new InputError(
    'wrong-usage',
    'profile-does-not-fit',
    { input, line: 1 },
    `${input} has the column "${name}" twice (columns ${first + 1} and ${second + 1}). Name the one that is meant by its index in a profile of your own.`,
  );
}

function columnsMissing(
  profile: SessionProfile,
  input: string,
  missing: readonly string[],
  header: readonly string[],
): InputError {
  const names = (list: readonly string[]): string => [...new Set(list)].join(', ');
  const found = header.slice(0, 60).map((name) => `"${name.slice(0, 60)}"`);
  const more = header.length > found.length ? ` and ${header.length - found.length} more` : '';
  return new InputError(
    'wrong-usage',
    'columns-missing',
    { input, line: 1 },
    `${input} does not fit the profile "${profile.name}": looked for the columns ${names(missing)}; found ${names(found)}${more}. Name another profile, or write one for this format.`,
  );
}

/** @returns the index of a column, -1 when it is not there; exact names win over names that differ in case or `_ -` only */
export function columnIndex(reference: FieldReference, header: readonly string[] | null): number {
  if (typeof reference === 'number') return header !== null && reference >= header.length ? -1 : reference;
  if (header === null) return -1;
  const names = Array.isArray(reference) ? reference : [reference];
  for (const name of names) {
    const exact = header.indexOf(name.trim());
    if (exact >= 0) return exact;
  }
  const loose = header.map(looseName);
  for (const name of names) {
    const index = loose.indexOf(looseName(name));
    if (index >= 0) return index;
  }
  return -1;
}

function looseName(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_\-.]/g, '');
}

function describeUnitMixUp(profile: SessionProfile, input: string, time: TimeField, rows: string): InputError {
  const unit = 'unit' in profile.time ? profile.time.unit : '';
  return new InputError(
    'wrong-usage',
    'time-unit',
    { input },
    `The times of ${input} are not in "${unit}", as the profile "${profile.name}" says: ${rows} would lie far from our days, but not if the unit were "${String(time.likelyUnit)}". Set time.unit to "${String(time.likelyUnit)}" in the profile.`,
  );
}
