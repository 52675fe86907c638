import * as z from 'zod';
import { fail, ok, type Result } from '../core/result.ts';
import { LIMIT_FIELDS, SESSION_FIELDS, SYMBOL_FIELDS, type RuleField } from './rules-fields.ts';
import type { RulesDocument } from './rules.ts';
import { checkValue, describe } from './rules-values.ts';
import { FORBIDDEN_KEYS, readStrictJson } from './strict-json.ts';

/**
 * The schema of the rules document (trading-rules "Files"). One schema for the command line, the engine and the
 * settings form. Under a content security policy without `unsafe-eval` the caller sets `z.config({ jitless: true })`.
 */
export interface RulesProblem {
  /** `symbols.AAPL.decayEveryMs`; empty for the document itself. */
  readonly path: string;
  readonly found: string;
  readonly allowed: string;
  /** The whole sentence for a person. */
  readonly message: string;
}

/** More than these at once help nobody; the rest is counted. */
export const PROBLEMS_SHOWN_MAX = 50;
/** Longer than any venue's names, options and reserved suffixes included. */
export const SYMBOL_CHARACTERS_MAX = 64;

interface Finding {
  readonly found: string;
  readonly allowed: string;
}

function ruleValue(field: RuleField<string>): z.ZodType {
  return z
    .unknown()
    .superRefine((value, context) => {
      for (const { path, found, allowed } of checkValue(field.kind, value)) {
        context.addIssue({
          code: 'custom',
          path: [...path],
          message: allowed,
          params: { found, allowed } satisfies Finding,
        });
      }
    })
    .optional();
}

function rulesObject(fields: readonly RuleField<string>[]): z.ZodType {
  return z.strictObject(Object.fromEntries(fields.map((field) => [field.name, ruleValue(field)])));
}

const symbolName = z.string().superRefine((name, context) => {
  const problem = symbolProblem(name.trim());
  if (problem !== null)
    context.addIssue({
      code: 'custom',
      message: problem,
      params: { found: describe(name), allowed: problem } satisfies Finding,
    });
});

/** @returns what a symbol may be when this is none, or null */
export function symbolProblem(symbol: string): string | null {
  if (symbol.length === 0 || symbol.length > SYMBOL_CHARACTERS_MAX)
    return `a symbol of 1 to ${SYMBOL_CHARACTERS_MAX} characters`;

  if (/[\u0000-\u001f\u007f]/.test(symbol)) return 'a symbol without control characters';
  if (FORBIDDEN_KEYS.has(symbol)) return 'any symbol but __proto__, constructor and prototype';
  return null;
}

export const symbolRulesSchema = rulesObject(SYMBOL_FIELDS);
export const defaultsSchema = rulesObject([...SYMBOL_FIELDS, ...SESSION_FIELDS]);
export const limitsSchema = rulesObject(LIMIT_FIELDS);

export const rulesDocumentSchema = z.strictObject({
  version: z.literal(1),
  defaults: defaultsSchema.optional(),
  symbols: z.record(symbolName, symbolRulesSchema).optional(),
  limits: limitsSchema.optional(),
});

/** Reads the text of a rules file. */
export function readRules(text: string): Result<RulesDocument, readonly RulesProblem[]> {
  const json = readStrictJson(text);
  if (!json.ok) {
    const { path, found, allowed, line, column } = json.problem;
    return fail([
      {
        path,
        found,
        allowed,
        message: `line ${line}, column ${column}${path === '' ? '' : ` (in ${path})`}: found ${found}; allowed: ${allowed}.`,
      },
    ]);
  }
  return checkRules(json.value);
}

/** Checks what a form or another program made. Symbols come back trimmed. */
export function checkRules(value: unknown): Result<RulesDocument, readonly RulesProblem[]> {
  const forbidden = forbiddenKey(value, '');
  if (forbidden !== null)
    return fail([
      makeProblem(forbidden, 'a key that reaches into the program', 'any key but __proto__, constructor and prototype'),
    ]);
  const parsed = rulesDocumentSchema.safeParse(value);
  const problems: RulesProblem[] = parsed.success
    ? []
    : parsed.error.issues.flatMap((issue) => problemsOf(issue, value));
  const document = parsed.success ? trimSymbols(parsed.data as RulesDocument, problems) : null;
  if (problems.length === 0 && document !== null) return ok(document);
  if (problems.length <= PROBLEMS_SHOWN_MAX) return fail(problems);
  const more = problems.length - PROBLEMS_SHOWN_MAX;
  return fail([
    ...problems.slice(0, PROBLEMS_SHOWN_MAX),
    { path: '', found: `${more} more problems`, allowed: 'none', message: `... and ${more} more problems.` },
  ]);
}

/** Readers of JSON keep `__proto__` as a key of its own, and schemas pass over it: looked for by hand. */
function forbiddenKey(value: unknown, path: string): string | null {
  const DEPTH_MAX = 6;
  if (typeof value !== 'object' || value === null || path.split('.').length > DEPTH_MAX) return null;
  for (const [key, inner] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    const found = FORBIDDEN_KEYS.has(key) ? at : forbiddenKey(inner, at);
    if (found !== null) return found;
  }
  return null;
}

function trimSymbols(document: RulesDocument, problems: RulesProblem[]): RulesDocument {
  if (document.symbols === undefined) return document;
  const trimmed: Record<string, NonNullable<RulesDocument['symbols']>[string]> = {};
  for (const [name, rules] of Object.entries(document.symbols)) {
    const symbol = name.trim();
    if (Object.hasOwn(trimmed, symbol))
      problems.push(makeProblem(`symbols.${symbol}`, 'the symbol twice, with and without blanks', 'each symbol once'));
    else trimmed[symbol] = rules;
  }
  return { ...document, symbols: trimmed };
}

function makeProblem(path: string, found: string, allowed: string): RulesProblem {
  return {
    path,
    found,
    allowed,
    message: `${path === '' ? 'the rules document' : path}: found ${found}; allowed: ${allowed}.`,
  };
}

function problemsOf(issue: z.core.$ZodIssue, document: unknown): RulesProblem[] {
  const path = issue.path.map(String).join('.');
  const found = describe(valueAt(document, issue.path));
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(issue.path.map(String), key));
    case 'custom': {
      const finding = issue.params as Finding | undefined;
      return [makeProblem(path, finding?.found ?? found, finding?.allowed ?? issue.message)];
    }
    case 'invalid_key':
      return issue.issues.flatMap((inner) => problemsOf({ ...inner, path: issue.path }, document));
    case 'invalid_value':
      return [makeProblem(path, found, issue.values.map((value) => describe(value)).join(' or '))];
    case 'invalid_type':
      return [makeProblem(path, found, path === '' ? 'an object with "version": 1' : 'an object in braces')];
    default:
      return [makeProblem(path, found, issue.message)];
  }
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value = document;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

const SESSION_NAMES = SESSION_FIELDS.map((field) => field.name);
const SYMBOL_NAMES = SYMBOL_FIELDS.map((field) => field.name);
const LIMIT_NAMES = LIMIT_FIELDS.map((field) => field.name);

function unknownKey(path: readonly string[], key: string): RulesProblem {
  const full = [...path, key].join('.');
  const known = knownKeys(path);
  const inSymbol = path[0] === 'symbols';
  if (inSymbol && (SESSION_NAMES as readonly string[]).includes(key)) {
    return makeProblem(full, 'a rule of the whole session', `"${key}" under "defaults" only`);
  }
  const nearest = nearestName(key, known);
  const hint = nearest === null ? '' : ` (did you mean "${nearest}"?)`;
  return makeProblem(full, `the unknown key "${key}"`, `${known.join(', ')}${hint}`);
}

function knownKeys(path: readonly string[]): readonly string[] {
  if (path.length === 0) return ['version', 'defaults', 'symbols', 'limits'];
  if (path[0] === 'limits') return LIMIT_NAMES;
  return path[0] === 'defaults' ? [...SYMBOL_NAMES, ...SESSION_NAMES] : SYMBOL_NAMES;
}

/** The known name with the fewest edits, when it is near enough to be a typing error. */
export function nearestName(name: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(left: string, right: string): number {
  /** No rule's name is near this long; a pasted page must not cost a square of its length. */
  const NAME_CHARACTERS_MAX = 64;
  if (left.length > NAME_CHARACTERS_MAX) return NAME_CHARACTERS_MAX;
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const substitution = row[j - 1] + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[right.length];
}
