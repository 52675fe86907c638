import { readFile, stat } from 'node:fs/promises';
import type { RulesDocument } from '../../contract/rules.ts';
import { readRules } from '../../contract/rules-schema.ts';
import { preset } from '../../contract/rules-presets.ts';
import { readPositions, type StartingPositionRow } from '../../trading/positions.ts';
import { CliError, EXIT_USAGE } from './messages.ts';

/** Larger rules files are no rules files. */
const RULES_BYTES_MAX = 64 * 1024 * 1024;
/** Five million positions of a hundred characters. */
const POSITIONS_BYTES_MAX = 512 * 1024 * 1024;

async function readDocument(what: string, path: string, bytesMax: number): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > bytesMax) throw new CliError(EXIT_USAGE, `The ${what} file ${path} has ${size} bytes; at most ${bytesMax} are read.`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a directory' : code === 'EACCES' ? 'it may not be read (permission denied)' : message;
    throw new CliError(EXIT_USAGE, `The ${what} file ${path} cannot be read: ${why}.`);
  }
}

/** @param name a rules file, or null: the defaults; a preset's name is understood too */
export async function loadRules(name: string | null): Promise<RulesDocument> {
  if (name === null) return { version: 1 };
  const ready = preset(name);
  if (ready.ok) return ready.value;
  const bytes = await readDocument('rules', name, RULES_BYTES_MAX);
  const rules = readRules(new TextDecoder().decode(bytes));
  if (rules.ok) return rules.value;
  const lines = rules.problem.map((problem) => `  ${problem.path}: ${problem.message}`);
  throw new CliError(EXIT_USAGE, [`The rules file ${name} does not hold:`, ...lines].join('\n'));
}

export async function loadPositions(path: string): Promise<readonly StartingPositionRow[]> {
  const bytes = await readDocument('positions', path, POSITIONS_BYTES_MAX);
  const positions = readPositions(bytes, path);
  if (positions.ok) return positions.value;
  throw new CliError(EXIT_USAGE, positions.problem.map(({ message }) => message).join('\n'));
}
