import { fromUtf8 } from '../../core/utf8.ts';
import type { ByteSource } from '../decode/byte-source.ts';
import { ChunkReader } from '../decode/chunk-reader.ts';
import { InputError } from '../sources/input-error.ts';
import {
  HEADER_BYTES_MAX,
  HOST_IS_LITTLE_ENDIAN,
  LIVE_RECORDING_VERSION,
  looksLikeRecording,
  PREFIX_BYTES,
  RECORDING_VERSION,
  type Crc32,
  type RecordingHeader,
} from './recording-format.ts';

/** Where the reading begins. */
export interface RecordingStart {
  readonly header: RecordingHeader;
  readonly crc: number;
  /** Bytes ahead of it; of a journal that is read from a place in its middle, 0. */
  readonly bytes: number;
  readonly rest: Uint8Array;
}

/**
 * Reads what comes ahead of a recording's first block, and checks it.
 * @throws InputError when this is no recording, or one of a version this program does not know
 */
export async function readRecordingStart(source: ByteSource, crc32: Crc32): Promise<RecordingStart> {
  const reader = new ChunkReader(source);
  const prefix = await reader.exactly(PREFIX_BYTES);
  if (prefix.length < PREFIX_BYTES || !looksLikeRecording(prefix))
    throw recordingDamage(source.name, 0, 'it does not begin as a recording');
  if (!HOST_IS_LITTLE_ENDIAN)
    throw recordingDamage(source.name, 0, 'recordings are read on little-endian machines only');
  const view = new DataView(prefix.buffer, prefix.byteOffset);
  const version = view.getUint32(8, true);
  if (version !== RECORDING_VERSION && version !== LIVE_RECORDING_VERSION) {
    throw new InputError(
      'unreadable',
      'recording-version',
      { input: source.name, byte: 8 },
      `${source.name} is a recording of format version ${version}; this program reads versions ${RECORDING_VERSION} and ${LIVE_RECORDING_VERSION}. Record the session again from its source, or use the program that wrote it.`,
    );
  }
  const headerBytes = view.getUint32(12, true);
  if (headerBytes > HEADER_BYTES_MAX)
    throw recordingDamage(source.name, 12, `its header cannot have ${headerBytes} bytes`);
  const body = await reader.exactly(headerBytes + 8);
  if (body.length < headerBytes + 8)
    throw recordingDamage(source.name, PREFIX_BYTES + body.length, 'it ends inside its header');
  const crc = crc32(body.subarray(0, headerBytes), crc32(prefix));
  if (new DataView(body.buffer, body.byteOffset).getUint32(headerBytes, true) !== crc)
    throw recordingDamage(source.name, PREFIX_BYTES, 'the checksum of its header does not match');
  const header = JSON.parse(fromUtf8.decode(body.subarray(0, headerBytes))) as RecordingHeader;
  return { header, crc, bytes: PREFIX_BYTES + headerBytes + 8, rest: reader.takeBack() };
}

/** @param why without a full stop */
export function recordingDamage(input: string, byte: number, why: string): InputError {
  return new InputError(
    'unreadable',
    'recording-damaged',
    { input, byte },
    `The recording ${input} is damaged at byte ${byte}: ${why}.`,
  );
}
