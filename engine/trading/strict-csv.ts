import { fail, ok, type Result } from '../core/result.ts';

/** One row of fields and the line it starts on, 1-based. */
export interface CsvRow {
  readonly fields: readonly string[];
  readonly line: number;
}
export interface CsvProblem {
  readonly line: number;
  readonly text: string;
}

/** A positions row is below 200 characters; a longer line is some other file. */
const LINE_CHARACTERS_MAX = 10_000;
/** Five million positions are about 250 MB. */
const BYTES_MAX = 512 * 1024 * 1024;
const FIELDS_MAX = 100;
const BYTE_ORDER_MARK = 0xfeff;

/**
 * Reads small hand-made CSV files whole: commas, fields in double quotes with "" for a quote, line ends LF, CRLF or CR, a
 * byte order mark, blank lines. What is no text is told apart from what is a wrong value. Session files are read by
 * the connectors, as a stream.
 */
export function readCsv(content: string | Uint8Array): Result<readonly CsvRow[], CsvProblem> {
  if (content.length > BYTES_MAX)
    return fail({ line: 0, text: `${content.length} bytes; allowed: at most ${BYTES_MAX}.` });
  const text = typeof content === 'string' ? content : decodeUtf8(content);
  if (text === null) return fail({ line: 0, text: 'the file is not UTF-8 text; allowed: CSV saved as UTF-8.' });
  return new CsvReader(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text).rows();
}

/** Strict UTF-8 by hand: the engine has no TextDecoder of its own. @returns null for bytes that are not UTF-8 */
function decodeUtf8(bytes: Uint8Array): string | null {
  const pieces: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const codes: number[] = [];
    const until = Math.min(bytes.length, at + 4096);
    while (at < until) {
      const length = sequenceLength(bytes[at]);
      if (length === 0 || at + length > bytes.length) return null;
      const code = codePoint(bytes, at, length);
      if (code < 0) return null;
      codes.push(code);
      at += length;
    }
    pieces.push(String.fromCodePoint(...codes));
  }
  return pieces.join('');
}

function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/** @returns -1 for a broken, overlong or surrogate sequence */
function codePoint(bytes: Uint8Array, at: number, length: number): number {
  if (length === 1) return bytes[at];
  let code = bytes[at] & (0xff >> (length + 1));
  for (let index = 1; index < length; index += 1) {
    const next = bytes[at + index];
    if ((next & 0xc0) !== 0x80) return -1;
    code = (code << 6) | (next & 0x3f);
  }
  const smallest = [0, 0, 0x80, 0x800, 0x10000][length];
  return code < smallest || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? -1 : code;
}

/** Ends the reading with a problem; caught at the door. */
class Stop extends Error {
  readonly problem: CsvProblem;
  constructor(line: number, text: string) {
    super(text);
    this.problem = { line, text };
  }
}

class CsvReader {
  private at = 0;
  private line = 1;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  rows(): Result<readonly CsvRow[], CsvProblem> {
    const rows: CsvRow[] = [];
    try {
      while (this.at < this.text.length) {
        const row = this.row();
        if (row.fields.length > 1 || row.fields[0].trim() !== '') rows.push(row);
      }
    } catch (error) {
      if (error instanceof Stop) return fail(error.problem);
      throw error;
    }
    return ok(rows);
  }

  private row(): CsvRow {
    const line = this.line;
    const end = this.at + LINE_CHARACTERS_MAX;
    const fields: string[] = [];
    for (;;) {
      fields.push(this.field(end, line));
      if (fields.length > FIELDS_MAX)
        throw new Stop(line, `more than ${FIELDS_MAX} fields; allowed: the columns of the header.`);
      if (this.text[this.at] !== ',') break;
      this.at += 1;
    }
    this.lineEnd();
    return { fields, line };
  }

  private field(end: number, line: number): string {
    while (this.text[this.at] === ' ' || this.text[this.at] === '\t') this.at += 1;
    if (this.text[this.at] === '"') return this.quoted(end, line);
    const start = this.at;
    for (; this.at < this.text.length; this.at += 1) {
      const character = this.text[this.at];
      if (character === ',' || character === '\n' || character === '\r') break;
      this.check(end, line);
    }
    return this.text.slice(start, this.at);
  }

  private quoted(end: number, line: number): string {
    let value = '';
    this.at += 1;
    for (;;) {
      if (this.at >= this.text.length)
        throw new Stop(line, 'a field in double quotes that is not closed; allowed: a closing quote on the same row.');
      if (this.text[this.at] === '"') {
        if (this.text[this.at + 1] !== '"') break;
        this.at += 1;
      }
      this.check(end, line);
      if (this.text[this.at] === '\n') this.line += 1;
      value += this.text[this.at];
      this.at += 1;
    }
    this.at += 1;
    while (this.text[this.at] === ' ' || this.text[this.at] === '\t') this.at += 1;
    if (this.at < this.text.length && !',\r\n'.includes(this.text[this.at]))
      throw new Stop(line, 'text after a closing quote; allowed: a comma or the end of the line.');
    return value;
  }

  private check(end: number, line: number): void {
    if (this.at >= end)
      throw new Stop(line, `a line of more than ${LINE_CHARACTERS_MAX} characters; allowed: one position per line.`);
    if (this.text.charCodeAt(this.at) === 0)
      throw new Stop(line, 'a NUL byte; allowed: text (is this a binary or UTF-16 file?).');
  }

  private lineEnd(): void {
    if (this.text[this.at] === '\r') this.at += this.text[this.at + 1] === '\n' ? 2 : 1;
    else if (this.text[this.at] === '\n') this.at += 1;
    this.line += 1;
  }
}
