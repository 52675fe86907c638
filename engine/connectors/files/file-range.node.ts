import { open, stat, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { InputError } from '../sources/input-error.ts';
import type { ByteSource } from '../decode/byte-source.ts';

/** One read from the disk. Two buffers of it are kept, so that one is read while the other is decoded. */
export const READ_BYTES = 65_536;

/** What a file looked like when it was opened: by this it is noticed that somebody writes into it. */
interface Fingerprint {
  readonly size: number;
  readonly mtimeMs: number;
}

/** An input file, open for reading. Several ranges may be read side by side; the opener closes it. */
export class InputFile {
  readonly path: string;
  readonly name: string;
  readonly handle: FileHandle;
  readonly size: number;
  /** False for a pipe, which can only be read once, from front to back. */
  readonly seekable: boolean;
  readonly #opened: Fingerprint;
  #closed = false;

  private constructor(path: string, handle: FileHandle, opened: Fingerprint, seekable: boolean) {
    this.path = path;
    this.name = basename(path);
    this.handle = handle;
    this.size = opened.size;
    this.seekable = seekable;
    this.#opened = opened;
  }

  /** @throws InputError when there is no such file, it is a directory, or it may not be read */
  static async open(path: string): Promise<InputFile> {
    try {
      // Opening a directory works on some systems; asking first gives one message everywhere.
      const before = await stat(path);
      if (before.isDirectory()) throw directory(path);
      const handle = await open(path, 'r');
      const { size, mtimeMs } = await handle.stat();
      return new InputFile(path, handle, { size, mtimeMs }, before.isFile());
    } catch (error) {
      throw error instanceof InputError ? error : cannotOpen(path, error as NodeJS.ErrnoException);
    }
  }

  /** @returns the error that says how the file changed since it was opened, or null */
  async changed(byte: number): Promise<InputError | null> {
    if (!this.seekable) return null;
    const now = await this.handle.stat();
    if (now.size === this.#opened.size && now.mtimeMs === this.#opened.mtimeMs) return null;
    const how =
      now.size === this.#opened.size
        ? 'it was written to'
        : `it had ${this.#opened.size} bytes and now has ${now.size}`;
    return new InputError(
      'unreadable',
      'input-changed',
      { input: this.name, byte },
      `${this.name} changed while it was read: ${how}. Read a copy that nobody writes to.`,
    );
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.handle.close();
  }
}

function directory(path: string): InputError {
  return new InputError(
    'unreadable',
    'input-is-a-directory',
    { input: path },
    `${path} is a directory, not a session file. Name the files in it.`,
  );
}

function cannotOpen(path: string, error: NodeJS.ErrnoException): InputError {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
    return new InputError('unreadable', 'input-missing', { input: path }, `There is no file ${path}.`);
  }
  const why = error.code === 'EACCES' || error.code === 'EPERM' ? 'this user may not read it' : error.message;
  return new InputError('unreadable', 'input-unreadable', { input: path }, `${path} cannot be opened: ${why}.`);
}

/** Bytes [from, to) of a file, read ahead by one buffer. The range of a whole plain file is the file. */
export class FileRange implements ByteSource {
  readonly name: string;
  readonly bytesTotal: number;
  bytesRead = 0;
  ended = false;
  failure: InputError | null = null;
  readonly #file: InputFile;
  readonly #from: number;
  readonly #ownsFile: boolean;
  readonly #buffers: [Uint8Array, Uint8Array];
  #next = 0;
  #ready: Uint8Array | null = null;
  #readUpTo: number;
  #reading: Promise<void> | null = null;

  /** @param ownsFile closing the range closes the file */
  constructor(file: InputFile, from: number, to: number, ownsFile: boolean, readBytes = READ_BYTES) {
    this.#file = file;
    this.name = file.name;
    this.#from = from;
    this.#readUpTo = from;
    this.bytesTotal = to - from;
    this.#ownsFile = ownsFile;
    this.#buffers = [new Uint8Array(readBytes), new Uint8Array(readBytes)];
  }

  take(): Uint8Array | null {
    const chunk = this.#ready;
    this.#ready = null;
    if (chunk !== null) this.bytesRead += chunk.length;
    if (!this.ended && this.#reading === null) this.#startReading();
    return chunk;
  }

  async whenReady(): Promise<void> {
    if (this.#ready !== null || this.ended) return;
    if (this.#reading === null) this.#startReading();
    await this.#reading;
  }

  async close(): Promise<void> {
    this.ended = true;
    await this.#reading;
    if (this.#ownsFile) await this.#file.close();
  }

  #startReading(): void {
    this.#reading = this.#read().then(() => {
      this.#reading = null;
    });
  }

  async #read(): Promise<void> {
    const buffer = this.#buffers[this.#next];
    this.#next = 1 - this.#next;
    const end = this.#file.seekable ? this.#from + this.bytesTotal : Infinity;
    const wanted = Math.min(buffer.length, end - this.#readUpTo);
    try {
      const { bytesRead } =
        wanted === 0
          ? { bytesRead: 0 }
          : await this.#file.handle.read(buffer, 0, wanted, this.#file.seekable ? this.#readUpTo : null);
      this.#readUpTo += bytesRead;
      if (bytesRead > 0) this.#ready = buffer.subarray(0, bytesRead);
      else await this.#endOfFile(end);
    } catch (error) {
      this.failure = new InputError(
        'unreadable',
        'input-unreadable',
        { input: this.name, byte: this.#readUpTo },
        `${this.name} cannot be read at byte ${this.#readUpTo}: ${(error as Error).message}.`,
      );
      this.ended = true;
    }
  }

  async #endOfFile(end: number): Promise<void> {
    this.failure = await this.#file.changed(this.#readUpTo);
    if (this.failure === null && Number.isFinite(end) && this.#readUpTo < end) {
      this.failure = new InputError(
        'unreadable',
        'input-truncated',
        { input: this.name, byte: this.#readUpTo },
        `${this.name} ends at byte ${this.#readUpTo}, ${end - this.#readUpTo} bytes too early.`,
      );
    }
    this.ended = true;
  }
}
