import { fromHex, type Sha256 } from '../../core/bytes.ts';
import { canonicalJson, type AuditRecord } from './audit-record.ts';

/** What stands for the hash before the first record. */
export const FIRST_PREVIOUS = '0'.repeat(64);
const HASH = /^[0-9a-f]{64}$/;
/** How much of a wrong line is shown. */
const SHOWN_CHARACTERS = 100;

interface Utf8Encoder {
  encode(text: string): Uint8Array;
}
interface Utf8Decoder {
  decode(bytes: Uint8Array): string;
}
interface TextCodecs {
  readonly TextEncoder: new () => Utf8Encoder;
  readonly TextDecoder: new (label: 'utf-8', options: { fatal: boolean; ignoreBOM: boolean }) => Utf8Decoder;
}
const { TextEncoder, TextDecoder } = globalThis as unknown as TextCodecs;
const encoder = new TextEncoder();
// Strict: two different files must not read as the same text.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** @returns null for bytes that are not UTF-8 */
export function utf8Text(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** Distributes over the members of a union, which the plain Omit does not. */
type WithoutHash<T> = T extends unknown ? Omit<T, 'hash'> : never;
export type UnsealedRecord = WithoutHash<AuditRecord>;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The table saves more than half of the time that hashes would take as text. */
function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 1) text += HEX[bytes[index]];
  return text;
}

/**
 * Writes records in canonical form and binds each to the one before. Of the names of a record's fields `hash` comes
 * second, so that the text is made once and the hash put into it.
 */
export class ChainWriter {
  private readonly sha256: Sha256;
  private previous: Uint8Array;

  constructor(previousHash: string, sha256: Sha256) {
    this.sha256 = sha256;
    this.previous = fromHex(previousHash);
  }

  /** @returns the record as a line without its end, and its hash */
  seal(record: UnsealedRecord): { readonly line: string; readonly hash: string } {
    const { details, index, kind, monotonicMs, run, sequence, wallMs, who } = record;
    const start = `{"details":${canonicalJson(details)}`;
    const end = `,"index":${index},"kind":${canonicalJson(kind)},"monotonicMs":${canonicalJson(monotonicMs)},"run":${canonicalJson(run)},"sequence":${canonicalJson(sequence)},"wallMs":${wallMs},"who":${canonicalJson(who)}}`;
    this.previous = this.sha256([this.previous, encoder.encode(start + end)]);
    const hash = hexOf(this.previous);
    return { line: `${start},"hash":"${hash}"${end}`, hash };
  }

  /** Hash of the newest record. */
  get head(): string {
    return hexOf(this.previous);
  }

  /** What comes next follows this record, which was sealed before. */
  follow(hash: string): void {
    this.previous = fromHex(hash);
  }
}

/** The first thing that is not as it was written. */
export interface AuditFinding {
  /** Index of the first bad record: the one that should stand here. */
  readonly record: number;
  /** Where it was looked for: a segment and line, a file and line. */
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

/**
 * Reads a trail line by line and proves that each record is the one that was written behind the one before. Give it every
 * line once, from record 0 on, until one of them is bad.
 */
export class ChainReader {
  private nextIndex = 0;
  private readonly writer: ChainWriter;
  private last: AuditRecord | null = null;

  constructor(sha256: Sha256) {
    this.writer = new ChainWriter(FIRST_PREVIOUS, sha256);
  }

  /** Good records so far; also the index of the record that is expected next. */
  get count(): number {
    return this.nextIndex;
  }

  /** The newest good record. */
  get head(): AuditRecord | null {
    return this.last;
  }

  /** @returns the record, or what is wrong with it */
  read(line: string, where: string): { readonly record: AuditRecord } | { readonly finding: AuditFinding } {
    const bad = (expected: string, found: string) => ({
      finding: { record: this.nextIndex, where, expected, found },
    });
    const record = parseRecord(line);
    if (record === null) return bad(`record ${this.nextIndex}, as JSON on one line`, shown(line));
    if (record.index !== this.nextIndex) return bad(`record ${this.nextIndex}`, `record ${record.index}`);
    if (this.nextIndex === 0 && record.kind !== 'genesis') return bad('the genesis record', `a ${record.kind} record`);
    const sealed = this.sealed(record);
    if (sealed === null) return bad('numbers that are finite', shown(line));
    if (sealed.hash !== record.hash) {
      return bad(`hash ${sealed.hash}, of the hash before and of what the record says`, `hash ${record.hash}`);
    }
    if (sealed.line !== line) return bad('a record written in the one canonical way', shown(line));
    this.nextIndex += 1;
    this.last = record;
    return { record };
  }

  /** null: a flipped bit made a number of it that JSON can write and no record can hold, such as 1e999. */
  private sealed(record: AuditRecord): ReturnType<ChainWriter['seal']> | null {
    try {
      return this.writer.seal(record);
    } catch {
      return null;
    }
  }
}

export function parseRecord(line: string): AuditRecord | null {
  let read: Partial<Record<keyof AuditRecord, unknown>> | null;
  try {
    read = JSON.parse(line) as typeof read;
  } catch {
    return null;
  }
  if (typeof read !== 'object' || read === null) return null;
  const isRecord =
    Number.isSafeInteger(read.index) &&
    Number.isSafeInteger(read.wallMs) &&
    (read.sequence === null || Number.isSafeInteger(read.sequence)) &&
    typeof read.details === 'object' &&
    Number.isFinite(read.monotonicMs) &&
    typeof read.run === 'string' &&
    typeof read.who === 'string' &&
    typeof read.kind === 'string' &&
    typeof read.hash === 'string' &&
    HASH.test(read.hash);
  return isRecord ? (read as AuditRecord) : null;
}

function shown(line: string): string {
  const start = line.slice(0, SHOWN_CHARACTERS);
  return line.length > SHOWN_CHARACTERS ? `${JSON.stringify(start)} and so on` : JSON.stringify(start);
}
