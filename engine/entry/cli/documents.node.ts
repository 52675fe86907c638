import { createReadStream } from 'node:fs';
import type { RulesDocument } from '../../contract/rules.ts';
import { nearestName, readRules } from '../../contract/rules-schema.ts';
import { preset } from '../../contract/rules-presets.ts';
import { readPositions, type StartingPositionRow } from '../../trading/positions.ts';
import { CliError, EXIT_USAGE } from './messages.ts';

/** Larger rules files are no rules files. */
const RULES_BYTES_MAX = 64 * 1024 * 1024;
/** Five million positions of a hundred characters. */
const POSITIONS_BYTES_MAX = 512 * 1024 * 1024;

/** Pipes and devices have no size to ask for first, so it is counted while reading. */
async function readDocument(what: string, path: string, bytesMax: number, hint = ''): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of createReadStream(path)) {
      pieces.push(piece as Buffer);
      bytes += (piece as Buffer).length;
      if (bytes > bytesMax)
        throw new CliError(
          EXIT_USAGE,
          `The ${what} file ${path} has more than ${bytesMax} bytes, which is what is read at most. Is it the right file?`,
        );
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EISDIR'
          ? 'it is a directory'
          : code === 'EACCES'
            ? 'it may not be read (permission denied)'
            : message;
    throw new CliError(EXIT_USAGE, `The ${what} file ${path} cannot be read: ${why}.${hint}`);
  }
  return Buffer.concat(pieces);
}

/** @param name a rules file, or null: the defaults; a preset's name is understood too */
export async function loadRules(name: string | null): Promise<RulesDocument> {
  if (name === null) return { version: 1 };
  const ready = preset(name);
  if (ready.ok) return ready.value;
  const nearest = nearestName(name, ready.problem);
  const bytes = await readDocument(
    'rules',
    name,
    RULES_BYTES_MAX,
    nearest === null ? '' : ` Did you mean the preset "${nearest}"?`,
  );
  const rules = readRules(textOf(bytes, name));
  if (rules.ok) return rules.value;
  // Each message begins with the path, or with line and column where there is no document yet.
  const lines = rules.problem.map(({ message }) => `  ${message}`);
  throw new CliError(EXIT_USAGE, [`The rules file ${name} cannot be used:`, ...lines].join('\n'));
}

function textOf(bytes: Buffer, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new CliError(EXIT_USAGE, `The rules file ${name} is not UTF-8 text; save it as UTF-8.`);
  }
}

export async function loadPositions(path: string): Promise<readonly StartingPositionRow[]> {
  const bytes = await readDocument('positions', path, POSITIONS_BYTES_MAX);
  const positions = readPositions(bytes, path);
  if (positions.ok) return positions.value;
  throw new CliError(EXIT_USAGE, positions.problem.map(({ message }) => message).join('\n'));
}
