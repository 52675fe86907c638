import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { PeekedBytes, type ByteSource } from '../decode/byte-source.ts';
import { bindProfile } from '../profiles/bind-profile.ts';
import { detectProfile } from '../profiles/detect-profile.ts';
import type { SessionProfile } from '../profiles/profile-schema.ts';
import { readyProfile, readyProfiles } from '../profiles/ready-profiles.ts';
import { looksLikeRecording, type LiveSettings } from '../recording/recording-format.ts';
import { RecordingInput } from '../recording/recording-input.ts';
import { InputError } from '../sources/input-error.ts';
import type { QuoteInput } from '../sources/quote-input.ts';
import { BATCH_QUOTES } from '../sources/quote-batch.ts';
import { SymbolTable } from '../sources/symbol-table.ts';
import { fastCrc32 } from './fast-crc32.node.ts';
import { FileRange, InputFile, READ_BYTES } from './file-range.node.ts';
import { gunzip, looksLikeGzip } from './gzip-bytes.node.ts';
import { looksLikeZip, openZipEntry, readZipDirectory, type ZipEntry } from './zip-archive.node.ts';

/** How an input was read, for messages and reports. */
export interface ChosenProfile {
  readonly input: string;
  /** Profile name, or `recording`. */
  readonly profile: string;
  /** `it was named`, or by what the input was recognised. */
  readonly why: string;
  readonly description: string;
}

export interface OpenSession {
  /** In the order named; entries of an archive in the order of their names. */
  readonly inputs: readonly QuoteInput[];
  readonly symbols: SymbolTable;
  readonly chosen: readonly ChosenProfile[];
  /** Greatest of what the profiles ask for; undefined: they say nothing. */
  readonly outOfOrdernessMs: number | undefined;
  readonly maxFutureMs: number | undefined;
  /** Of the recording of a live session: what it was played by. */
  readonly live?: LiveSettings | undefined;
  close(): Promise<void>;
}

/** Enough for a header of 30 columns and a first line of any kind. */
const PEEK_BYTES = 65_536;
/** Entries of an archive are read side by side, each with its own window. */
const ENTRIES_MERGED_MAX = 256;
/** Recordings are read in larger pieces: their blocks are. */
const RECORDING_READ_BYTES = 1_048_576;
/** Each read and each piece that is unpacked is a walk to another thread and back: of few inputs they are larger. */
const FEW_INPUTS_MAX = 4;
const FEW_READ_BYTES = 262_144;
const FEW_UNPACKED_BYTES = 524_288;
/** Entries that cannot be session data by their names. */
const NOT_DATA =
  /(^|\/)(__MACOSX\/|\.(?!\/))|\/$|\.(md|pdf|html?|xml|png|jpe?g|docx?|xlsx?|zip)$|(^|\/)(readme|licen[cs]e)[^/]*$/i;

/** Names that lead out of the archive. Nothing is unpacked to a disk, but whoever made them meant another's. */
const LEADS_OUT = /(^|[/\\])\.\.([/\\]|$)/;

const OTHER_FORMATS: readonly (readonly [readonly number[], string])[] = [
  [[0x28, 0xb5, 0x2f, 0xfd], 'packed with zstd; unpack it first (unzstd)'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'packed with xz; unpack it first (unxz)'],
  [[0x42, 0x5a, 0x68], 'packed with bzip2; unpack it first (bunzip2)'],
  [[0x37, 0x7a, 0xbc, 0xaf], 'a 7-Zip archive; unpack it first'],
  [[0x50, 0x41, 0x52, 0x31], 'a Parquet file; export it as CSV'],
  [[0x89, 0x48, 0x44, 0x46], 'an HDF5 file; export it as CSV'],
];

/**
 * Opens session files: recordings, CSV and JSON lines, plain, gzip or zip, told apart by their bytes, not their names.
 * @param paths in the order that decides ties
 * @param profileName a ready profile, a profile file, or null: found by looking at each input
 * @throws InputError; whatever was opened by then is closed
 */
export async function openSession(paths: readonly string[], profileName: string | null): Promise<OpenSession> {
  const profile = profileName === null ? null : await loadProfile(profileName);
  const opener = new SessionOpener(profile);
  try {
    for (const path of paths) await opener.add(path);
  } catch (error) {
    await opener.close();
    throw error;
  }
  return opener.session();
}

/** A profile is a page of JSON; anything larger is the wrong file. */
const PROFILE_BYTES_MAX = 1_048_576;

/** @param name a ready profile's name, or the path of a profile file */
export async function loadProfile(name: string): Promise<SessionProfile> {
  const ready = readyProfile(name);
  if (ready !== null) return ready;
  try {
    const { size } = await stat(name);
    if (size > PROFILE_BYTES_MAX)
      throw new InputError(
        'wrong-usage',
        'profile-invalid',
        { input: name },
        `The profile ${name} has ${size} bytes; a profile is at most ${PROFILE_BYTES_MAX}.`,
      );
    // Few sessions bring a profile of their own: the schema that checks one is most of the program, and loaded only then.
    const { readProfile } = await import('../profiles/read-profile.ts');
    return readProfile(await readFile(name, 'utf8'), basename(name));
  } catch (error) {
    if (error instanceof InputError) throw error;
    const list = readyProfiles().map((each) => each.name);
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'there is neither a ready profile nor a file of that name'
        : `it cannot be read (${(error as Error).message})`;
    throw new InputError(
      'wrong-usage',
      'profile-unknown',
      { input: name },
      `The profile "${name}" cannot be used: ${why}. Ready profiles: ${list.join(', ')}.`,
    );
  }
}

class SessionOpener {
  readonly #profile: SessionProfile | null;
  readonly #symbols = new SymbolTable();
  readonly #inputs: QuoteInput[] = [];
  readonly #chosen: ChosenProfile[] = [];
  readonly #used: SessionProfile[] = [];
  readonly #files: InputFile[] = [];
  #live: LiveSettings | undefined;

  constructor(profile: SessionProfile | null) {
    this.#profile = profile;
  }

  async add(path: string): Promise<void> {
    const file = await InputFile.open(path);
    this.#files.push(file);
    if (file.seekable && file.size === 0) {
      throw empty(file.name);
    }
    const range = new FileRange(file, 0, file.size, false, await readBytesFor(file, this.#isFew));
    const { source, start } = await peek(range);
    if (looksLikeZip(start)) {
      await this.#addArchive(file, path);
      return;
    }
    await this.#addPacked(source, start, path, 1);
  }

  session(): OpenSession {
    const most = (pick: (profile: SessionProfile) => number | undefined): number | undefined => {
      const values = this.#used.map(pick).filter((value) => value !== undefined);
      return values.length === 0 ? undefined : Math.max(...values);
    };
    return {
      inputs: this.#inputs,
      symbols: this.#symbols,
      chosen: this.#chosen,
      outOfOrdernessMs: this.#live?.outOfOrdernessMs ?? most((profile) => profile.outOfOrdernessMs),
      maxFutureMs: this.#live?.maxFutureMs ?? most((profile) => profile.maxFutureMs),
      live: this.#live,
      close: () => this.close(),
    };
  }

  get #isFew(): boolean {
    return this.#files.length <= FEW_INPUTS_MAX;
  }

  async close(): Promise<void> {
    await Promise.all(this.#inputs.map((input) => input.close()));
    await Promise.all(this.#files.map((file) => file.close()));
  }

  async #addArchive(file: InputFile, path: string): Promise<void> {
    const all = await readZipDirectory(file);
    const outside = all.find(({ name }) => LEADS_OUT.test(name));
    if (outside !== undefined)
      throw new InputError(
        'unreadable',
        'archive-unusable',
        { input: file.name },
        `The archive ${file.name} has an entry named "${outside.name}", which leads out of it. Pack it again without such names.`,
      );
    const entries = all.filter((entry) => !NOT_DATA.test(entry.name)).sort(byName);
    if (entries.length === 0)
      throw new InputError(
        'unreadable',
        'archive-unusable',
        { input: file.name },
        `The archive ${file.name} has no session data in it.`,
      );
    if (entries.length > ENTRIES_MERGED_MAX) {
      throw new InputError(
        'unreadable',
        'archive-unusable',
        { input: file.name },
        `The archive ${file.name} has ${entries.length} entries; at most ${ENTRIES_MERGED_MAX} can be merged. Split it.`,
      );
    }
    for (const entry of entries) {
      const { source, start } = await peek(await openZipEntry(file, entry));
      await this.#addPacked(source, start, `${path}!${entry.name}`, entries.length);
    }
  }

  async #addPacked(source: ByteSource, start: Uint8Array, path: string, together: number): Promise<void> {
    if (!looksLikeGzip(start)) return this.#addData(source, start, path, together);
    const isFew = this.#isFew && together === 1;
    const unpacked = await peek(isFew ? gunzip(source, FEW_UNPACKED_BYTES) : gunzip(source));
    return this.#addData(unpacked.source, unpacked.start, path, together);
  }

  async #addData(source: ByteSource, start: Uint8Array, path: string, together: number): Promise<void> {
    if (start.length === 0) throw source.failure ?? empty(source.name);
    if (looksLikeRecording(start)) {
      const recording = await RecordingInput.open(source, this.#symbols, fastCrc32);
      this.#inputs.push(recording);
      this.#live ??= recording.header.live;
      this.#chosen.push({
        input: source.name,
        profile: 'recording',
        why: 'its first bytes',
        description: "FlinkTrade's own recording.",
      });
      return;
    }
    const other = OTHER_FORMATS.find(([magic]) => magic.every((byte, index) => start[index] === byte));
    if (other !== undefined)
      throw new InputError('unreadable', 'input-unreadable', { input: source.name }, `${source.name} is ${other[1]}.`);
    const { profile, why } = this.#choose(source, start, path);
    // Many inputs side by side share the memory of a few.
    const batchQuotes = Math.max(64, Math.floor(BATCH_QUOTES / Math.max(1, together / 8)));
    this.#inputs.push(bindProfile(profile, source, path, this.#symbols, batchQuotes));
    this.#used.push(profile);
    this.#chosen.push({
      input: source.name,
      profile: profile.name,
      why,
      description: profile.description ?? '',
    });
  }

  #choose(source: ByteSource, start: Uint8Array, path: string): { profile: SessionProfile; why: string } {
    if (this.#profile !== null) return { profile: this.#profile, why: 'it was named' };
    return detectProfile({ name: source.name, path, text: new TextDecoder().decode(start) }, readyProfiles());
  }
}

function empty(name: string): InputError {
  return new InputError('unreadable', 'input-empty', { input: name }, `${name} is empty: it has no byte to read.`);
}

/** @returns the first bytes of a source, and a source that still has them */
async function peek(source: ByteSource): Promise<{ source: ByteSource; start: Uint8Array }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < PEEK_BYTES && !source.ended) {
    const chunk = source.take();
    if (chunk === null) await source.whenReady();
    else {
      chunks.push(chunk.slice());
      bytes += chunk.length;
    }
  }
  const start = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    start.set(chunk, at);
    at += chunk.length;
  }
  return { source: new PeekedBytes(source, start), start };
}

async function readBytesFor(file: InputFile, isFew: boolean): Promise<number> {
  if (!file.seekable) return READ_BYTES;
  const start = new Uint8Array(8);
  await file.handle.read(start, 0, start.length, 0);
  return looksLikeRecording(start) ? RECORDING_READ_BYTES : isFew ? FEW_READ_BYTES : READ_BYTES;
}

function byName(left: ZipEntry, right: ZipEntry): number {
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0;
}
