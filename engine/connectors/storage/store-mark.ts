import { asciiBytes, toHex, type Sha256 } from '../../core/bytes.ts';

/**
 * The mark: a few words outside of the two copies that say what they must at least contain. A store that was emptied, set
 * back or exchanged does not fit it, and is never mistaken for a fresh start.
 */
export interface MarkRecord {
  readonly format: number;
  readonly epoch: string;
  /** Every writing up to this number was acknowledged; later ones may have been. */
  readonly sequence: number;
  /** What the store amounted to after it. */
  readonly digest: string;
  readonly count: number;
  /** Labels of the copies that had it all. */
  readonly whole: readonly string[];
  /** Wall clock, ms since 1970: for people. */
  readonly writtenAtMs: number;
}

export const MARK_FORMAT = 1;

/** Where the mark lies. Written whole or not at all. */
export interface StoreMark {
  readonly where: string;
  /** null: there is none. */
  read(): Promise<Uint8Array | null>;
  write(bytes: Uint8Array): Promise<void>;
}

/** Two lines of ASCII: the record as JSON, and its SHA-256. */
export function encodeMark(record: MarkRecord, sha256: Sha256): Uint8Array {
  const line = JSON.stringify(record);
  return asciiBytes(`${line}\n${toHex(sha256([asciiBytes(line)]))}\n`);
}

export type MarkReading =
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'newer'; readonly format: number }
  | { readonly kind: 'read'; readonly record: MarkRecord };

export function decodeMark(bytes: Uint8Array | null, sha256: Sha256): MarkReading {
  if (bytes === null) return { kind: 'missing' };
  const [line = '', hash = ''] = String.fromCharCode(...bytes.subarray(0, 4096)).split('\n');
  if (toHex(sha256([asciiBytes(line)])) !== hash) return { kind: 'damaged' };
  const record = JSON.parse(line) as MarkRecord;
  return record.format > MARK_FORMAT ? { kind: 'newer', format: record.format } : { kind: 'read', record };
}
