import {
  allowedText,
  LIMIT_FIELDS,
  SESSION_FIELDS,
  SYMBOL_FIELDS,
  type RuleField,
} from '../../../engine/contract/rules-fields.ts';
import type { RulesProblem } from '../../../engine/contract/rules-schema.ts';
import type { RowStore } from '../../stores/row-store.ts';
import { valueAt, type DraftDocument, type Scope } from '../../stores/rules-store.ts';

/**
 * What the settings form shows for one rule in one scope: the value that is set or inherited, where an inherited one
 * comes from, and the problem if there is one. Computed here, arranged in React.
 */
export interface FieldModel {
  readonly field: RuleField<string>;
  readonly scope: Scope;
  /** As typed, possibly wrong; undefined when the rule is not set here. */
  readonly own: unknown;
  /** What holds when the rule is not set here. */
  readonly inherited: unknown;
  readonly inheritedFrom: 'the product' | 'all symbols';
  readonly problem: RulesProblem | null;
}

export interface FieldGroup {
  readonly title: string;
  readonly fields: readonly FieldModel[];
}

/** How the rules are grouped for reading; every rule of the table appears, in whatever group, exactly once. */
const SYMBOL_GROUPS: readonly { readonly title: string; readonly names: readonly string[] }[] = [
  {
    title: 'When to trade, and how much',
    names: ['tradeWhen', 'fill', 'maxSharesPerTrade', 'ignoreCrossedQuotes', 'lateQuotes'],
  },
  { title: 'Ask price', names: ['askOffset', 'askIncrease', 'priceStep'] },
  {
    title: 'Time to live and decay',
    names: ['ttlMs', 'tradeResetsTtl', 'decayEveryMs', 'decayAmount', 'askFloor', 'time'],
  },
];

export function groupsOf(draft: DraftDocument, scope: Scope, problems: readonly RulesProblem[]): readonly FieldGroup[] {
  const model = (field: RuleField<string>): FieldModel => modelOf(draft, scope, field, problems);
  if (scope.section === 'limits') return [{ title: 'Limits', fields: LIMIT_FIELDS.map(model) }];
  const named = new Set(SYMBOL_GROUPS.flatMap((group) => group.names));
  const rest = SYMBOL_FIELDS.filter((field) => !named.has(field.name));
  const groups = SYMBOL_GROUPS.map(({ title, names }) => ({
    title,
    fields: names.flatMap((name) => SYMBOL_FIELDS.filter((field) => field.name === name)).map(model),
  }));
  if (rest.length > 0) groups.push({ title: 'More', fields: rest.map(model) });
  if (scope.section === 'defaults') groups.push({ title: 'The session as a whole', fields: SESSION_FIELDS.map(model) });
  return groups;
}

function modelOf(
  draft: DraftDocument,
  scope: Scope,
  field: RuleField<string>,
  problems: readonly RulesProblem[],
): FieldModel {
  const ofAll = scope.section === 'symbols' ? draft.defaults[field.name] : undefined;
  const path = pathOf(scope, field.name);
  return {
    field,
    scope,
    own: valueAt(draft, scope, field.name),
    inherited: ofAll === undefined ? field.defaultValue : ofAll,
    inheritedFrom: ofAll === undefined ? 'the product' : 'all symbols',
    problem: problems.find((problem) => problem.path === path || problem.path.startsWith(`${path}.`)) ?? null,
  };
}

export function pathOf(scope: Scope, name: string): string {
  return scope.section === 'symbols' ? `symbols.${scope.symbol}.${name}` : `${scope.section}.${name}`;
}

/** The symbol that was typed, or the one of the session that differs from it only in upper and lower case. */
export function symbolMeant(typed: string, rows: RowStore): string {
  if (rows.find(typed) !== null) return typed;
  const alike = rows.symbols.map((symbol) => rows.name(symbol)).filter((name) => isAlike(name, typed));
  return alike.length === 1 ? alike[0] : typed;
}

function isAlike(left: string, right: string): boolean {
  return left.toUpperCase() === right.toUpperCase();
}

/** In a form nobody writes quotation marks: those are for the file. What a comma should have been is said instead. */
export function allowedInForm(allowed: string): string {
  return allowed.replace('a decimal in quotes', 'a decimal with a point');
}

/** How many rules are set in a scope: shown beside its name. */
export function countSet(draft: DraftDocument, scope: Scope): number {
  const rules = scope.section === 'symbols' ? (draft.symbols[scope.symbol] ?? {}) : draft[scope.section];
  return Object.keys(rules).length;
}

export function hasProblem(problems: readonly RulesProblem[], scope: Scope): boolean {
  const prefix = scope.section === 'symbols' ? `symbols.${scope.symbol}` : scope.section;
  return problems.some((problem) => problem.path === prefix || problem.path.startsWith(`${prefix}.`));
}

/** Text in an input that should hold a whole number: a number when it is one, else as typed, for the schema to refuse. */
export function integerFromText(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  return /^[+-]?\d+$/.test(trimmed) ? Number(trimmed) : text;
}

export function decimalFromText(text: string): unknown {
  const trimmed = text.trim();
  return trimmed === '' ? undefined : trimmed;
}

/** A value in words, for "inherited" hints: `0.10`, `0.5 % of the trade price`, `none`. */
export function valueText(field: RuleField<string>, value: unknown): string {
  if (value === null || value === 'none') return 'none';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value !== 'object') return String(value);
  const of = value as Readonly<Record<string, unknown>>;
  if ('percentOfBuy' in of) return `${String(of['percentOfBuy'])} % of the buying price`;
  if ('price' in of) return `at ${String(of['price'])}`;
  if ('percent' in of)
    return `${String(of['percent'])} %${field.kind.type === 'amount' ? ` of ${field.kind.percentOf}` : ''}`;
  if ('amount' in of) {
    const amount = of['amount'];
    const text =
      typeof amount === 'object' && amount !== null
        ? `${String((amount as Record<string, unknown>)['percent'])} %`
        : String(amount);
    return `${of['from'] === 'ask' ? 'ask' : 'trade price'} + ${text}`;
  }
  return JSON.stringify(value);
}

const UNITS_MS: readonly (readonly [number, string])[] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
];

/** "60000" ms -> "1 minute": a long row of zeros is easily misread. Empty when there is nothing to add. */
export function durationWords(value: unknown): string {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1000) return '';
  const [size, unit] = UNITS_MS.find(([ms]) => value % ms === 0) ?? [1000, 'second'];
  const count = value / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

export function hintOf(field: RuleField<string>): string {
  return `${field.help} Allowed: ${allowedInForm(allowedText(field.kind))}.`;
}
