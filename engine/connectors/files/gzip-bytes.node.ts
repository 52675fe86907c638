import type { ByteSource } from '../decode/byte-source.ts';
import { ChunkReader } from '../decode/chunk-reader.ts';
import { InputError } from '../sources/input-error.ts';
import { GeneratedBytes } from './generated-bytes.node.ts';
import { OUTPUT_BYTES, RawInflate } from './raw-inflate.node.ts';
import { UnpackBudget } from './unpack-budget.ts';

const ID1 = 0x1f;
const ID2 = 0x8b;
const DEFLATE = 8;
const FIXED_HEADER_BYTES = 10;
const TRAILER_BYTES = 8;
const FLAG_HEADER_CRC = 2;
const FLAG_EXTRA = 4;
const FLAG_NAME = 8;
const FLAG_COMMENT = 16;
/** File names and comments in a gzip header end with a zero byte; without one in so many bytes the header is damaged. */
const HEADER_TEXT_MAX = 65_536;
const MODULUS_32 = 4_294_967_296;

export function looksLikeGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 3 && bytes[0] === ID1 && bytes[1] === ID2 && bytes[2] === DEFLATE;
}

/**
 * Unpacks gzip, all members of it, as a stream. Every member's checksum and length are compared.
 * @param outputBytes unpacked bytes handed out at a time
 */
export function gunzip(source: ByteSource, outputBytes = OUTPUT_BYTES): ByteSource {
  return new GeneratedBytes(source.name, source, gunzipChunks(source, outputBytes));
}

async function* gunzipChunks(source: ByteSource, outputBytes: number): AsyncGenerator<Uint8Array, void, void> {
  const reader = new ChunkReader(source);
  const budget = new UnpackBudget(source);
  for (let member = 0; ; member += 1) {
    const next = await reader.next();
    if (next === null) return;
    reader.putBack(next);
    if (member > 0 && next[0] !== ID1) {
      // Tapes and some mirrors pad with zeros; anything else behind the last member is no data of ours.
      if (next[0] === 0 && (await restIsZero(reader))) return;
      throw damaged(source, 'what follows its last member is not gzip');
    }
    await readHeader(reader, source);
    yield* unpackMember(reader, source, budget, outputBytes);
  }
}

async function* unpackMember(
  reader: ChunkReader,
  source: ByteSource,
  budget: UnpackBudget,
  outputBytes: number,
): AsyncGenerator<Uint8Array, void, void> {
  const inflate = new RawInflate(outputBytes);
  try {
    while (!inflate.complete) {
      const chunk = await reader.next();
      if (chunk === null) {
        yield* inflate.finish();
        throw truncated(source);
      }
      for await (const output of inflate.feed(chunk)) {
        budget.unpacked(output.length);
        yield output;
      }
      if (inflate.complete) reader.putBack(chunk.subarray(chunk.length - inflate.unusedBytes));
    }
  } catch (error) {
    throw error instanceof InputError ? error : damaged(source, (error as Error).message);
  } finally {
    inflate.dispose();
  }
  const trailer = await reader.exactly(TRAILER_BYTES);
  if (trailer.length < TRAILER_BYTES) throw truncated(source);
  const view = new DataView(trailer.buffer, trailer.byteOffset, trailer.length);
  if (view.getUint32(0, true) !== inflate.crc || view.getUint32(4, true) !== inflate.unpackedBytes % MODULUS_32) {
    throw damaged(source, 'its checksum does not match its content');
  }
}

async function readHeader(reader: ChunkReader, source: ByteSource): Promise<void> {
  const header = await reader.exactly(FIXED_HEADER_BYTES);
  if (header.length < FIXED_HEADER_BYTES) throw truncated(source);
  if (!looksLikeGzip(header)) throw damaged(source, 'it does not begin as gzip');
  const flags = header[3];
  if ((flags & FLAG_EXTRA) !== 0) {
    const length = await reader.exactly(2);
    await reader.exactly((length[0] ?? 0) | ((length[1] ?? 0) << 8));
  }
  if ((flags & FLAG_NAME) !== 0) await skipText(reader, source);
  if ((flags & FLAG_COMMENT) !== 0) await skipText(reader, source);
  if ((flags & FLAG_HEADER_CRC) !== 0) await reader.exactly(2);
}

async function skipText(reader: ChunkReader, source: ByteSource): Promise<void> {
  for (let count = 0; count < HEADER_TEXT_MAX;) {
    const chunk = await reader.next();
    if (chunk === null) throw truncated(source);
    const end = chunk.indexOf(0);
    if (end >= 0) {
      reader.putBack(chunk.subarray(end + 1));
      return;
    }
    count += chunk.length;
  }
  throw damaged(source, 'the name in its header has no end');
}

async function restIsZero(reader: ChunkReader): Promise<boolean> {
  for (;;) {
    const chunk = await reader.next();
    if (chunk === null) return true;
    if (chunk.some((byte) => byte !== 0)) return false;
  }
}

function truncated(source: ByteSource): InputError {
  return new InputError(
    'unreadable',
    'input-truncated',
    { input: source.name, byte: source.bytesRead },
    `${source.name} is cut short: its gzip data ends at byte ${source.bytesRead}, in mid-stream.`,
  );
}

function damaged(source: ByteSource, why: string): InputError {
  return new InputError(
    'unreadable',
    'input-damaged',
    { input: source.name, byte: source.bytesRead },
    `${source.name} is damaged at or before byte ${source.bytesRead}: ${why}.`,
  );
}
