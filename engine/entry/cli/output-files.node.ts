import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { CliError, EXIT_USAGE } from './messages.ts';

/** Lines are handed over in pieces of about this many characters. */
const PIECE_CHARACTERS = 1 << 16;

/** Checks, before a long replay, that a file can be written where it was asked for. */
export async function checkWritable(option: string, path: string | null): Promise<void> {
  if (path === null || path === '-') return;
  const target = await stat(path).catch(() => null);
  if (target?.isDirectory() === true) throw new CliError(EXIT_USAGE, `${option} ${path} is a directory; name a file in it.`);
  const folder = await stat(dirname(path)).catch(() => null);
  if (folder?.isDirectory() !== true) throw new CliError(EXIT_USAGE, `${option} ${path} cannot be written: there is no folder ${dirname(path)}.`);
}

/**
 * Writes text to a file, or to standard output for "-". A file appears under its name only when it is whole: it is
 * written beside its place and renamed, so that nobody ever reads half a result.
 */
export async function writeText(path: string, pieces: Iterable<string>): Promise<void> {
  if (path === '-') return writePieces(process.stdout, pieces);
  const temporary = `${path}.${process.pid}.part`;
  const stream = createWriteStream(temporary);
  try {
    await writePieces(stream, pieces);
    stream.end();
    await once(stream, 'close');
    await rename(temporary, path);
  } catch (error) {
    stream.destroy();
    await rm(temporary, { force: true });
    throw new CliError(EXIT_USAGE, `${path} cannot be written: ${(error as Error).message}. Choose another place, or make room there.`);
  }
}

async function writePieces(stream: Writable, pieces: Iterable<string>): Promise<void> {
  let failure: Error | null = null;
  const onError = (error: Error): void => {
    failure = error;
  };
  stream.on('error', onError);
  try {
    let piece = '';
    for (const text of pieces) {
      piece += text;
      if (piece.length < PIECE_CHARACTERS) continue;
      if (failure !== null) throw failure as Error;
      if (!stream.write(piece)) await once(stream, 'drain');
      piece = '';
    }
    await new Promise<void>((resolve, reject) => stream.write(piece, (error) => (error ? reject(error) : resolve())));
  } finally {
    stream.off('error', onError);
  }
}
