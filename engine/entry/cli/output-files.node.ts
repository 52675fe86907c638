import { once } from 'node:events';
import { constants, createWriteStream, type Stats } from 'node:fs';
import { access, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { StoreError } from '../../contract/durable-store.ts';
import { markUnfinished } from '../../core/unfinished-files.node.ts';
import { CliError, EXIT_USAGE } from './messages.ts';

/** Lines are handed over in pieces of about this many characters. */
const PIECE_CHARACTERS = 1 << 16;

/** What is written, in its order; an asynchronous one is waited for piece by piece. */
export type Pieces = Iterable<string> | AsyncIterable<string>;

/** A file that was named on the command line, and what for: `--trades`, `the rules file`. */
export interface NamedFile {
  readonly what: string;
  readonly path: string | null;
}

/**
 * Checks, before a long replay, that results can be written where they were asked for, and would not take the place of
 * what is read, or of each other.
 * @throws CliError that names the option and what stands in the way
 */
export async function checkOutputs(outputs: readonly NamedFile[], inputs: readonly NamedFile[]): Promise<void> {
  const others = new Map<string, string>();
  for (const { what, path } of inputs) if (path !== null) others.set(await identityOf(path), what);
  for (const { what, path } of outputs) {
    if (path === null || path === '-') continue;
    await checkWritable(what, path);
    const identity = await identityOf(path);
    const other = others.get(identity);
    if (other !== undefined && (await isReplaceable(path))) {
      throw new CliError(EXIT_USAGE, `${what} ${path} would overwrite ${other}; name another file.`);
    }
    others.set(identity, `what ${what} writes`);
  }
}

async function checkWritable(option: string, path: string): Promise<void> {
  const target = await statOrNull(path);
  if (target?.isDirectory() === true || /[/\\]$/.test(path)) {
    throw new CliError(EXIT_USAGE, `${option} ${path} is a directory; name a file in it.`);
  }
  const folder = dirname(path);
  if ((await statOrNull(folder))?.isDirectory() !== true) {
    throw new CliError(
      EXIT_USAGE,
      `${option} ${path} cannot be written: there is no folder ${folder}. Make it, or name another.`,
    );
  }
  const needed = target === null || target.isFile() ? folder : path;
  await access(needed, constants.W_OK).catch(() => {
    throw new CliError(
      EXIT_USAGE,
      `${option} ${path} cannot be written: this user may not write to ${needed}. Name another place.`,
    );
  });
}

/** Two names of one file have one identity, links followed; so have two names of one that is not there yet. */
async function identityOf(path: string): Promise<string> {
  const target = await statOrNull(path);
  if (target !== null) return `${target.dev}:${target.ino}`;
  const folder = await statOrNull(dirname(path));
  return folder === null ? path : `${folder.dev}:${folder.ino}/${basename(path)}`;
}

async function statOrNull(path: string): Promise<Stats | null> {
  return stat(path).catch(() => null);
}

/**
 * Devices and pipes (/dev/null, a FIFO) are written to; only a file may be replaced by another. What stands in /dev and
 * /proc is never replaced: /dev/stdout may lead to a file that somebody else is writing too.
 */
async function isReplaceable(path: string): Promise<boolean> {
  if (/^\/(?:dev|proc)\//.test(resolve(path))) return false;
  return (await statOrNull(path))?.isFile() ?? true;
}

/**
 * Writes text to a file, or to standard output for "-". A file appears under its name only when it is whole: it is
 * written beside its place and renamed, so that nobody ever reads half a result. A link keeps pointing where it did.
 */
export async function writeText(path: string, pieces: Pieces): Promise<void> {
  try {
    if (path === '-') await writeToStandardOutput(pieces);
    else if (await isReplaceable(path)) await writeFileWhole(path, pieces);
    else await writeStream(path, 'a', pieces);
  } catch (error) {
    // What was to be written could not be had; there is nothing wrong with the place.
    if (error instanceof StoreError) throw error;
    const where = path === '-' ? 'Standard output' : path;
    throw new CliError(
      EXIT_USAGE,
      `${where} cannot be written: ${(error as Error).message}. Choose another place, or make room there.`,
    );
  }
}

async function writeFileWhole(path: string, pieces: Pieces): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  const finished = markUnfinished(temporary);
  try {
    await writeStream(temporary, 'w', pieces);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    finished();
  }
}

async function writeStream(path: string, flags: 'a' | 'w', pieces: Pieces): Promise<void> {
  const stream = createWriteStream(path, { flags });
  // A stream tells its error again after the write that met it was refused.
  stream.on('error', () => undefined);
  try {
    await writePieces(stream, pieces);
    stream.end();
    await once(stream, 'close');
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

/** A reader that has seen enough and closes (head, less) is no failure: the rest is not written. */
async function writeToStandardOutput(pieces: Pieces): Promise<void> {
  try {
    await writePieces(process.stdout, pieces);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

async function writePieces(stream: Writable, pieces: Pieces): Promise<void> {
  let failure: Error | null = null;
  const onError = (error: Error): void => {
    failure = error;
  };
  stream.on('error', onError);
  let piece = '';
  const take = (text: string): Promise<unknown> | null => {
    piece += text;
    if (piece.length < PIECE_CHARACTERS) return null;
    if (failure !== null) throw failure;
    const hasRoom = stream.write(piece);
    piece = '';
    return hasRoom ? null : once(stream, 'drain');
  };
  try {
    if (Symbol.iterator in pieces) {
      for (const text of pieces) {
        const room = take(text);
        if (room !== null) await room;
      }
    } else {
      for await (const text of pieces) await take(text);
    }
    await new Promise<void>((done, failed) => stream.write(piece, (error) => (error ? failed(error) : done())));
  } finally {
    stream.off('error', onError);
  }
}
