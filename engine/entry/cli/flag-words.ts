import { nearestName } from '../../contract/rules-schema.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { ParsedFlags } from './argument-values.ts';

/** Options without a value. */
const SWITCHES: ReadonlySet<string> = new Set(['json', 'csv', 'watch', 'descending', 'autoscale']);
const SHORT: Readonly<Record<string, string>> = { '-o': '--output' };

/** Whether `--help` or `-h` is among the words; behind `--` they are file names. */
export function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? words.length : end).some((word) => word === '--help' || word === '-h');
}

/** @returns " Did you mean ...?", or nothing when no known name is near */
export function didYouMean(name: string, known: readonly string[], prefix = ''): string {
  const nearest = nearestName(name, known);
  return nearest === null ? '' : ` Did you mean "${prefix}${nearest}"?`;
}

/**
 * Parts the words behind a command into options and the rest.
 * @param allowed the command's options, without their dashes
 */
export function readFlags(
  command: string,
  words: readonly string[],
  allowed: readonly string[],
): Result<ParsedFlags, string> {
  const values = new Map<string, string>();
  const rest: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    if (word === '--') {
      rest.push(...words.slice(index + 1));
      break;
    }
    if (word === '')
      return fail(`flinktrade ${command} was given an empty file name (""); is a variable of your script not set?`);
    if (!word.startsWith('-') || word === '-') {
      rest.push(word);
      continue;
    }
    const equals = word.indexOf('=');
    const written = equals === -1 ? word : word.slice(0, equals);
    const name = (SHORT[written] ?? written).replace(/^--?/, '');
    if (!allowed.includes(name)) {
      const options = allowed.map((flag) => `--${flag}`).join(', ');
      return fail(
        `flinktrade ${command} has no option "${written}".${didYouMean(name, allowed, '--')} ${options === '' ? 'It takes none' : `Options: ${options}`}.`,
      );
    }
    if (values.has(name)) return fail(`--${name} was given twice; give it once.`);
    if (SWITCHES.has(name)) {
      if (equals !== -1) return fail(`--${name} takes no value.`);
      values.set(name, 'true');
      continue;
    }
    const value = equals === -1 ? words[(index += 1)] : word.slice(equals + 1);
    if (value === undefined || value === '') return fail(`--${name} needs a value after it.`);
    // A forgotten value must not swallow the option behind it, and write a file of its name.
    if (equals === -1 && value.startsWith('--'))
      return fail(
        `--${name} needs a value after it; found "${value}". A value that begins so is written --${name}=${value}.`,
      );
    values.set(name, value);
  }
  return ok({ values, rest });
}
