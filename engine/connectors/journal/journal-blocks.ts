import { fromUtf8 } from '../../core/utf8.ts';
import {
  BLOCK_CHECKED_BYTES,
  BLOCK_HEADER_BYTES,
  BLOCK_LIVE_QUOTES,
  BLOCK_MAGIC,
  BLOCK_QUOTES_KIND,
  HEADER_BYTES_MAX,
  looksLikeRecording,
  padTo8,
  PAYLOAD_BYTES_MAX,
  PREFIX_BYTES,
  type Crc32,
  type RecordingHeader,
} from '../recording/recording-format.ts';

/** Where a journal stands between two parts. */
export interface BlockPlace {
  readonly quotes: number;
  readonly previousCrc: number;
}

/** `bytes`: how many were checked. */
export type CheckedPart =
  | { readonly ok: true; readonly place: BlockPlace; readonly bytes: number }
  | { readonly ok: false; readonly why: string };

/** The header that a journal's first part begins with. @returns null when it does not, or is damaged */
export function journalHeader(
  bytes: Uint8Array,
  crc32: Crc32,
): { header: RecordingHeader; bytes: number; crc: number } | null {
  if (bytes.length < PREFIX_BYTES || !looksLikeRecording(bytes)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getUint32(12, true);
  const end = PREFIX_BYTES + headerBytes;
  if (headerBytes > HEADER_BYTES_MAX || bytes.length < end + 8) return null;
  const crc = crc32(bytes.subarray(0, end));
  if (view.getUint32(end, true) !== crc) return null;
  return {
    header: JSON.parse(fromUtf8.decode(bytes.subarray(PREFIX_BYTES, end))) as RecordingHeader,
    bytes: end + 8,
    crc,
  };
}

/**
 * Checks that a part is whole, and goes on where the one before it ended.
 * @param place null: it is the first, and begins with the header
 * @param until stop there, if it lies between two of its blocks
 */
export function checkPart(
  bytes: Uint8Array,
  place: BlockPlace | null,
  crc32: Crc32,
  until: BlockPlace | null = null,
): CheckedPart {
  let at = 0;
  let quotes = place?.quotes ?? 0;
  let previousCrc = place?.previousCrc ?? 0;
  if (place === null) {
    const start = journalHeader(bytes, crc32);
    if (start === null) return { ok: false, why: 'its header is damaged' };
    at = start.bytes;
    previousCrc = start.crc;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  while (at < bytes.length && !(until?.quotes === quotes && until.previousCrc === previousCrc)) {
    if (at + BLOCK_HEADER_BYTES > bytes.length) return { ok: false, why: `it is cut short at byte ${bytes.length}` };
    if (view.getUint32(at, true) !== BLOCK_MAGIC) return { ok: false, why: `no block begins at byte ${at}` };
    const payloadBytes = view.getUint32(at + 8, true);
    const end = at + BLOCK_HEADER_BYTES + padTo8(payloadBytes);
    if (payloadBytes > PAYLOAD_BYTES_MAX || end > bytes.length)
      return { ok: false, why: `it is cut short at byte ${bytes.length}` };
    const payload = bytes.subarray(at + BLOCK_HEADER_BYTES, end);
    const crc = crc32(payload, crc32(bytes.subarray(at, at + BLOCK_CHECKED_BYTES)));
    if (view.getUint32(at + BLOCK_CHECKED_BYTES, true) !== crc)
      return { ok: false, why: `the checksum of the block at byte ${at} does not match` };
    if (view.getUint32(at + 24, true) !== previousCrc || view.getFloat64(at + 16, true) !== quotes)
      return { ok: false, why: `the block at byte ${at} does not follow the one before it` };
    const kind = view.getUint32(at + 4, true);
    if (kind === BLOCK_QUOTES_KIND || kind === BLOCK_LIVE_QUOTES) quotes += view.getUint32(at + 12, true);
    previousCrc = crc;
    at = end;
  }
  return { ok: true, place: { quotes, previousCrc }, bytes: at };
}
