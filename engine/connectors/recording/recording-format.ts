import type { RulesDocument } from '../../contract/rules.ts';

/**
 * The native recording, *.ftrec: quotes in the order they were merged, fast to read and able to tell about itself.
 * Little-endian. README.md of the room draws it.
 *
 *   file     | magic 8 | version u32 | header bytes u32 | header JSON, padded with blanks to 8 | crc u32 | 0 u32 |
 *            | block | block | ... | footer block | trailer |
 *
 *   block    | magic u32 | kind u32 | payload bytes u32 | count u32 | first sequence f64 | crc of the block before u32 |
 *            | crc u32 of these 28 bytes and the payload | payload, padded with zeros to 8 |
 *
 *   trailer  | magic 8 | offset of the footer block u64 | SHA-256 of everything before the trailer, 32 bytes |
 *
 * The checksums form a chain, so a block that was flipped, cut out, repeated or moved is found where it happened.
 */

export const RECORDING_MAGIC = Uint8Array.of(0x46, 0x54, 0x52, 0x45, 0x43, 0x0d, 0x0a, 0x1a); // "FTREC\r\n\x1a"
export const TRAILER_MAGIC = Uint8Array.of(0x46, 0x54, 0x45, 0x4e, 0x44, 0x0d, 0x0a, 0x1a); // "FTEND\r\n\x1a"
/** Of sessions that were played from files. */
export const RECORDING_VERSION = 1;
/** Of live sessions: with marks, and quotes that know when they came. Written only where there are such. */
export const LIVE_RECORDING_VERSION = 2;
export const PREFIX_BYTES = 16;
export const BLOCK_MAGIC = 0x4b_4c_42_46; // "FBLK"
export const BLOCK_HEADER_BYTES = 32;
/** The part of a block's header that its checksum covers. */
export const BLOCK_CHECKED_BYTES = 28;
export const TRAILER_BYTES = 48;
export const TRAILER_DIGEST_AT = 16;
/** Quotes per block: 360 kB, small enough for the caches and large enough that headers cost nothing. */
export const BLOCK_QUOTES = 8192;
/** A length read from a damaged file is never believed beyond this. */
export const PAYLOAD_BYTES_MAX = 16 * 1_048_576;
export const HEADER_BYTES_MAX = 1_048_576;

export const BLOCK_SYMBOLS = 1;
export const BLOCK_QUOTES_KIND = 2;
export const BLOCK_CONTROL = 3;
export const BLOCK_MARK = 4;
export const BLOCK_LIVE_QUOTES = 5;
export const BLOCK_FOOTER = 9;

/** Bytes of one quote: five f64 columns and one i32. */
export const QUOTE_BYTES = 44;
/** The same, and when it came: f64; and its flags: i32. */
export const LIVE_QUOTE_BYTES = 56;

/** The JSON at the start: what is in the file, for whoever finds it in ten years. */
export interface RecordingHeader {
  readonly format: 'flinktrade-recording';
  readonly version: number;
  readonly createdBy: string;
  readonly inputs: readonly string[];
  readonly profiles: readonly string[];
  readonly quoteColumns: readonly { readonly name: string; readonly type: 'f64' | 'i32'; readonly unit: string }[];
  readonly blockKinds: Readonly<Record<string, string>>;
  /** Of a live session: what a replay needs to know to be the same. */
  readonly live?: LiveSettings;
}

export type RecordingAbout = Pick<RecordingHeader, 'createdBy' | 'inputs' | 'profiles' | 'live'>;

export function recordingHeader({ createdBy, inputs, profiles, live }: RecordingAbout): RecordingHeader {
  const isLive = live !== undefined;
  return {
    format: 'flinktrade-recording',
    version: isLive ? LIVE_RECORDING_VERSION : RECORDING_VERSION,
    createdBy,
    inputs,
    profiles,
    quoteColumns: isLive ? [...QUOTE_COLUMNS, ...LIVE_QUOTE_COLUMNS] : QUOTE_COLUMNS,
    blockKinds: isLive ? LIVE_BLOCK_KINDS : BLOCK_KINDS,
    ...(isLive && { live }),
  };
}

/** What was decided when a live session began; it holds for as long as the session goes on, over restarts. */
export interface LiveSettings {
  /** Where the quotes came from, without what is secret in it. */
  readonly feed: string;
  readonly startedAtMs: number;
  readonly outOfOrdernessMs: number;
  readonly maxFutureMs: number;
  /** A quote older than this when it came was put aside; 0: none was. */
  readonly staleMs: number;
  readonly idleMs: number;
  /** The rules it began with. */
  readonly rules: RulesDocument;
  /** SHA-256 of the starting positions, hex. */
  readonly positionsDigest: string;
}

export const QUOTE_COLUMNS: RecordingHeader['quoteColumns'] = [
  { name: 'eventTimeMs', type: 'f64', unit: 'whole ms since 1970-01-01 UTC' },
  { name: 'bid', type: 'f64', unit: '1e-8 of the currency; 0: missing' },
  { name: 'bidSize', type: 'f64', unit: '1e-6 shares; -1: unknown' },
  { name: 'ask', type: 'f64', unit: '1e-8 of the currency; 0: missing' },
  { name: 'askSize', type: 'f64', unit: '1e-6 shares; -1: unknown' },
  { name: 'symbol', type: 'i32', unit: 'number of the symbol, in the order of the symbol blocks, from 0' },
];

export const LIVE_QUOTE_COLUMNS: RecordingHeader['quoteColumns'] = [
  { name: 'receivedMs', type: 'f64', unit: "whole ms on the session's processing clock: wall time, never back" },
  { name: 'flags', type: 'i32', unit: '1: stale, put aside' },
];

export const BLOCK_KINDS: RecordingHeader['blockKinds'] = {
  '1': 'symbols: for each of count, u16 bytes and UTF-8 text',
  '2': 'quotes: the columns one after the other, count values each',
  '3': 'control: JSON; stands ahead of the quote first sequence',
  '9': 'footer: JSON',
};

export const LIVE_BLOCK_KINDS: RecordingHeader['blockKinds'] = {
  ...BLOCK_KINDS,
  '4': 'mark: JSON; a step of time or a fact about the feed, ahead of the quote first sequence',
  '5': 'live quotes: as 2, with the columns receivedMs ahead of symbol and flags behind it',
};

/** The books of the making: a replay counts its own rows, which are the recording's quotes. */
export interface RecordingOrigin {
  readonly rows: number;
  readonly quarantined: number;
  readonly ignored: number;
  readonly quarantinedByReason: Readonly<Record<string, number>>;
}

export interface RecordingFooter {
  readonly quotes: number;
  readonly symbols: number;
  readonly controls: number;
  /** Smallest and greatest event time of all quotes; null when there is none. */
  readonly firstEventTimeMs: number | null;
  readonly lastEventTimeMs: number | null;
  readonly origin: RecordingOrigin;
  /** Of each quotes block: [byte offset, first sequence, count, greatest event time so far]. */
  readonly index: readonly (readonly [number, number, number, number])[];
}

export function looksLikeRecording(bytes: Uint8Array): boolean {
  return bytes.length >= RECORDING_MAGIC.length && RECORDING_MAGIC.every((byte, index) => bytes[index] === byte);
}

/** Typed arrays have the machine's byte order, and the columns of a recording are little-endian. */
export const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

export function padTo8(bytes: number): number {
  return (bytes + 7) & ~7;
}

export type Crc32 = (data: Uint8Array, value?: number) => number;
