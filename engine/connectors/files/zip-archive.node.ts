import type { ByteSource } from '../decode/byte-source.ts';
import { ChunkReader } from '../decode/chunk-reader.ts';
import { InputError } from '../sources/input-error.ts';
import { fastCrc32 } from './fast-crc32.node.ts';
import { FileRange, type InputFile } from './file-range.node.ts';
import { GeneratedBytes } from './generated-bytes.node.ts';
import { RawInflate } from './raw-inflate.node.ts';
import { UnpackBudget } from './unpack-budget.ts';

/**
 * ZIP archives (PKWARE APPNOTE 6.3, ZIP64 included), entries read as streams. Own code rather than a library, because
 * an entry must unpack through the same door as gzip: what is cut short or damaged still gives every row before it.
 *
 *   file:  [local header | data] ... [central directory] [ZIP64 end, locator] [end record | comment]
 */
export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc: number;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  readonly headerOffset: number;
}

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 65_535;
const ZIP64_LOCATOR_SIGNATURE = 0x07064b50;
const ZIP64_LOCATOR_BYTES = 20;
const ZIP64_END_SIGNATURE = 0x06064b50;
const ZIP64_END_BYTES = 56;
const CENTRAL_SIGNATURE = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const UINT16_ALL = 0xffff;
const UINT32_ALL = 0xffff_ffff;
const ZIP64_EXTRA = 1;
const FLAG_ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;
const ENTRIES_MAX = 10_000;
/** 10,000 entries with long names and extra fields stay below this. */
const DIRECTORY_BYTES_MAX = 16 * 1_048_576;

export function looksLikeZip(bytes: Uint8Array): boolean {
  const [p, k, three, four] = bytes;
  return p === 0x50 && k === 0x4b && ((three === 3 && four === 4) || (three === 5 && four === 6));
}

/** @returns all entries, in the order of the directory; @throws InputError when the archive cannot be read */
export async function readZipDirectory(file: InputFile): Promise<readonly ZipEntry[]> {
  if (!file.seekable) throw unusable(file, 'a zip archive is read from its end, which a pipe does not have');
  const { offset, bytes, count } = await findDirectory(file);
  if (count > ENTRIES_MAX || bytes > DIRECTORY_BYTES_MAX)
    throw unusable(file, `it has ${count} entries; at most ${ENTRIES_MAX} are read`);
  const directory = await readAt(file, offset, bytes);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    if (at + CENTRAL_BYTES > directory.byteLength || directory.getUint32(at, true) !== CENTRAL_SIGNATURE) {
      throw unusable(file, `its directory is damaged at byte ${offset + at}`);
    }
    const nameBytes = directory.getUint16(at + 28, true);
    const extraBytes = directory.getUint16(at + 30, true);
    const end = at + CENTRAL_BYTES + nameBytes + extraBytes + directory.getUint16(at + 32, true);
    if (end > directory.byteLength) throw unusable(file, `its directory is damaged at byte ${offset + at}`);
    entries.push(readEntry(file, directory, at, nameBytes, extraBytes));
    at = end;
  }
  return entries;
}

/** One entry as bytes. @throws InputError when it is packed or encrypted in a way that is not supported */
export async function openZipEntry(file: InputFile, entry: ZipEntry): Promise<ByteSource> {
  const name = `${file.name}!${entry.name}`;
  if (entry.encrypted) throw unusable(file, `${entry.name} is encrypted`);
  if (entry.method !== STORED && entry.method !== DEFLATED)
    throw unusable(
      file,
      `${entry.name} is packed by method ${entry.method}; only stored and deflated entries can be read`,
    );
  const local = await readAt(file, entry.headerOffset, LOCAL_BYTES);
  if (local.getUint32(0, true) !== LOCAL_SIGNATURE)
    throw unusable(file, `the header of ${entry.name} at byte ${entry.headerOffset} is damaged`);
  const from = entry.headerOffset + LOCAL_BYTES + local.getUint16(26, true) + local.getUint16(28, true);
  if (from + entry.packedBytes > file.size)
    throw unusable(
      file,
      `${entry.name} would end at byte ${from + entry.packedBytes}, beyond the file's end at ${file.size}`,
    );
  const range = new FileRange(file, from, from + entry.packedBytes, false);
  return new GeneratedBytes(
    name,
    range,
    entry.method === STORED ? storedChunks(range, name, entry) : inflatedChunks(range, name, entry),
  );
}

async function* inflatedChunks(
  range: FileRange,
  name: string,
  entry: ZipEntry,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = new ChunkReader(range);
  const budget = new UnpackBudget(range);
  const inflate = new RawInflate();
  try {
    for (let chunk = await reader.next(); chunk !== null && !inflate.complete; chunk = await reader.next()) {
      for await (const output of inflate.feed(chunk)) {
        budget.unpacked(output.length);
        yield output;
      }
    }
    // A stream that ends with its last byte tells so only when one more byte is offered.
    if (!inflate.complete) yield* inflate.feed(new Uint8Array(1));
    if (!inflate.complete) yield* inflate.finish();
  } catch (error) {
    throw error instanceof InputError ? error : damaged(name, range, (error as Error).message);
  } finally {
    inflate.dispose();
  }
  if (!inflate.complete) throw damaged(name, range, 'its data is cut short');
  verify(name, range, entry, inflate.crc, inflate.unpackedBytes);
}

async function* storedChunks(range: FileRange, name: string, entry: ZipEntry): AsyncGenerator<Uint8Array, void, void> {
  const reader = new ChunkReader(range);
  let crc = 0;
  let bytes = 0;
  for (let chunk = await reader.next(); chunk !== null; chunk = await reader.next()) {
    crc = fastCrc32(chunk, crc);
    bytes += chunk.length;
    // The range reuses its buffers; what is handed out must stay.
    yield chunk.slice();
  }
  verify(name, range, entry, crc, bytes);
}

function verify(name: string, range: FileRange, entry: ZipEntry, crc: number, bytes: number): void {
  if (crc !== entry.crc) throw damaged(name, range, 'its checksum does not match its content');
  if (bytes !== entry.unpackedBytes)
    throw damaged(name, range, `it has ${bytes} bytes; the directory says ${entry.unpackedBytes}`);
}

async function findDirectory(file: InputFile): Promise<{ offset: number; bytes: number; count: number }> {
  const tailBytes = Math.min(file.size, END_BYTES + COMMENT_BYTES_MAX);
  const tailFrom = file.size - tailBytes;
  const tail = await readAt(file, tailFrom, tailBytes);
  for (let at = tailBytes - END_BYTES; at >= 0; at -= 1) {
    if (tail.getUint32(at, true) !== END_SIGNATURE) continue;
    if (at + END_BYTES + tail.getUint16(at + 20, true) > tailBytes) continue;
    const found = {
      offset: tail.getUint32(at + 16, true),
      bytes: tail.getUint32(at + 12, true),
      count: tail.getUint16(at + 10, true),
    };
    const needs64 = found.offset === UINT32_ALL || found.bytes === UINT32_ALL || found.count === UINT16_ALL;
    const directory = needs64 ? await findDirectory64(file, tailFrom + at) : found;
    if (directory.offset + directory.bytes > file.size) throw unusable(file, 'its directory lies beyond its end');
    return directory;
  }
  throw new InputError(
    'unreadable',
    'input-truncated',
    { input: file.name, byte: file.size },
    `${file.name} is cut short: a zip archive's directory stands at its end, and there is none in its ${file.size} bytes.`,
  );
}

async function findDirectory64(
  file: InputFile,
  endAt: number,
): Promise<{ offset: number; bytes: number; count: number }> {
  if (endAt < ZIP64_LOCATOR_BYTES) throw unusable(file, 'its ZIP64 record is missing');
  const locator = await readAt(file, endAt - ZIP64_LOCATOR_BYTES, ZIP64_LOCATOR_BYTES);
  if (locator.getUint32(0, true) !== ZIP64_LOCATOR_SIGNATURE) throw unusable(file, 'its ZIP64 record is missing');
  const at = Number(locator.getBigUint64(8, true));
  if (at + ZIP64_END_BYTES > file.size) throw unusable(file, 'its ZIP64 record lies beyond its end');
  const record = await readAt(file, at, ZIP64_END_BYTES);
  if (record.getUint32(0, true) !== ZIP64_END_SIGNATURE) throw unusable(file, 'its ZIP64 record is damaged');
  return {
    count: Number(record.getBigUint64(32, true)),
    bytes: Number(record.getBigUint64(40, true)),
    offset: Number(record.getBigUint64(48, true)),
  };
}

function readEntry(file: InputFile, directory: DataView, at: number, nameBytes: number, extraBytes: number): ZipEntry {
  const nameFrom = directory.byteOffset + at + CENTRAL_BYTES;
  const entry = {
    name: Buffer.from(directory.buffer as ArrayBuffer, nameFrom, nameBytes)
      .toString('utf8')
      .replaceAll('\\', '/'),
    method: directory.getUint16(at + 10, true),
    encrypted: (directory.getUint16(at + 8, true) & FLAG_ENCRYPTED) !== 0,
    crc: directory.getUint32(at + 16, true),
    packedBytes: directory.getUint32(at + 20, true),
    unpackedBytes: directory.getUint32(at + 24, true),
    headerOffset: directory.getUint32(at + 42, true),
  };
  // ZIP64: fields that are all ones stand in the extra field instead, in this order.
  const wide = (['unpackedBytes', 'packedBytes', 'headerOffset'] as const).filter((key) => entry[key] === UINT32_ALL);
  if (wide.length === 0) return entry;
  let extraAt = at + CENTRAL_BYTES + nameBytes;
  const extraEnd = extraAt + extraBytes;
  while (extraAt + 4 <= extraEnd) {
    const id = directory.getUint16(extraAt, true);
    const length = directory.getUint16(extraAt + 2, true);
    if (id === ZIP64_EXTRA && length >= wide.length * 8 && extraAt + 4 + length <= extraEnd) {
      wide.forEach((key, index) => {
        entry[key] = Number(directory.getBigUint64(extraAt + 4 + index * 8, true));
      });
      return entry;
    }
    extraAt += 4 + length;
  }
  throw unusable(file, `the ZIP64 sizes of ${entry.name} are missing`);
}

async function readAt(file: InputFile, from: number, count: number): Promise<DataView> {
  const bytes = new Uint8Array(count);
  let have = 0;
  while (have < count) {
    const { bytesRead } = await file.handle.read(bytes, have, count - have, from + have);
    if (bytesRead === 0) throw unusable(file, `it ends at byte ${from + have}, ${count - have} bytes too early`);
    have += bytesRead;
  }
  return new DataView(bytes.buffer);
}

function unusable(file: InputFile, why: string): InputError {
  return new InputError(
    'unreadable',
    'archive-unusable',
    { input: file.name },
    `The archive ${file.name} cannot be read: ${why}.`,
  );
}

function damaged(name: string, range: FileRange, why: string): InputError {
  return new InputError(
    'unreadable',
    'input-damaged',
    { input: name, byte: range.bytesRead },
    `${name} is damaged at or before packed byte ${range.bytesRead}: ${why}.`,
  );
}
