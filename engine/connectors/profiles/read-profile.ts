import type * as z from 'zod';
import { readStrictJson } from '../../contract/strict-json.ts';
import { InputError } from '../sources/input-error.ts';
import { profileSchema, type SessionProfile } from './profile-schema.ts';

/** More problems at once help nobody. */
const PROBLEMS_SHOWN_MAX = 20;
const FOUND_TEXT_MAX = 120;

/**
 * Reads and checks a profile document.
 * @param origin the file it comes from, for the message
 * @throws InputError (`profile-invalid`) that names each path, the value found there and what is allowed
 */
export function readProfile(text: string, origin: string): SessionProfile {
  const json = readStrictJson(text);
  if (!json.ok) {
    const { line, column, path, found, allowed } = json.problem;
    const where = `line ${line}, column ${column}${path === '' ? '' : ` (in ${path})`}`;
    throw invalid(origin, [`${where}: found ${found}; allowed is ${allowed}`]);
  }
  return checkProfile(json.value, origin);
}

/** @throws InputError as `readProfile` does */
export function checkProfile(document: unknown, origin: string): SessionProfile {
  const checked = profileSchema.safeParse(document);
  if (checked.success) return checked.data;
  throw invalid(origin, describeIssues(checked.error.issues, document, []));
}

function invalid(origin: string, problems: readonly string[]): InputError {
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).map((problem) => `  ${problem}`);
  const more = problems.length > PROBLEMS_SHOWN_MAX ? [`  and ${problems.length - PROBLEMS_SHOWN_MAX} more`] : [];
  return new InputError(
    'wrong-usage',
    'profile-invalid',
    { input: origin },
    [`The profile ${origin} cannot be used:`, ...shown, ...more].join('\n'),
  );
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

function describeIssues(issues: readonly Issue[], document: unknown, base: Path): string[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map(
        (key) =>
          `${pathText([...path, key])}: this key is not known; found ${valueText(valueAt(document, [...path, key]))}`,
      );
    }
    if (issue.code === 'invalid_union') return describeUnion(issue, document, path);
    return [`${pathText(path)}: found ${valueText(valueAt(document, path))}; allowed is ${allowedText(issue)}`];
  });
}

/** Of the alternatives of a union, the one that the value comes closest to is told: it has the fewest and deepest problems. */
function describeUnion(issue: Extract<Issue, { code: 'invalid_union' }>, document: unknown, path: Path): string[] {
  const value = valueAt(document, path);
  const objectGiven = typeof value === 'object' && value !== null && !Array.isArray(value);
  const alternatives = issue.errors.filter(
    (errors) =>
      errors.length > 0 &&
      (!objectGiven ||
        errors.every((each) => each.path.length > 0 || each.code === 'unrecognized_keys' || each.code === 'custom')),
  );
  if (alternatives.length === 0 || !objectGiven) {
    const allowed = issue.errors.map((errors) => errors.map(allowedText).join(' and '));
    const texts =
      allowed.length > 0
        ? [...new Set(allowed)].join(', or ')
        : issue.message
            .replace(/^Invalid discriminator value\. Expected /, '')
            .replaceAll("'", '"')
            .replaceAll(' | ', ', or ');
    return [`${pathText(path)}: found ${valueText(value)}; allowed is ${texts}`];
  }
  const score = (errors: readonly Issue[]): number =>
    errors.reduce(
      (sum, each) =>
        sum +
        (each.code === 'unrecognized_keys' ? each.keys.length * 2 : valueAt(value, each.path) === undefined ? 2 : 1),
      0,
    );
  const closest = alternatives.reduce((best, errors) => (score(errors) < score(best) ? errors : best));
  return describeIssues(closest, document, path);
}

function allowedText(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int'
        ? 'a whole number'
        : `${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(', ');
    case 'too_small':
      return `${issue.origin === 'array' ? 'at least one entry' : issue.origin === 'string' ? 'some text' : `${String(issue.minimum)} or more`}`;
    case 'too_big':
      return issue.origin === 'array' || issue.origin === 'string'
        ? `at most ${String(issue.maximum)} long`
        : `${String(issue.maximum)} or less`;
    default:
      return issue.message;
  }
}

function valueAt(document: unknown, path: Path): unknown {
  let value = document;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function valueText(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > FOUND_TEXT_MAX ? `${text.slice(0, FOUND_TEXT_MAX)}...` : text;
}

function pathText(path: Path): string {
  if (path.length === 0) return 'the document';
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}
