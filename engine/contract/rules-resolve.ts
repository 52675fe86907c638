import type { LimitRules, RulesDocument, SessionRules, SymbolRules } from './rules.ts';
import { LIMIT_FIELDS, SESSION_FIELDS, SYMBOL_FIELDS, type RuleField } from './rules-fields.ts';

/** Every rule of one symbol, none left out. */
export type ResolvedSymbolRules = Required<SymbolRules>;

/** The rules as applied: what was given, and the defaults for everything else. Stands in the report. */
export interface ResolvedRules {
  readonly version: 1;
  readonly defaults: ResolvedSymbolRules & Required<SessionRules>;
  /** Symbols with rules of their own. */
  readonly symbols: Readonly<Record<string, ResolvedSymbolRules>>;
  readonly limits: Required<LimitRules>;
}

/** Live, a stamp ahead of the clock is a fault; in a replay it may be a night: trading-rules "Time". */
const MAX_FUTURE_LIVE_MS = 2_000;

function resolve(fields: readonly RuleField<string>[], given: object, defaults: object = {}): object {
  const applied = (name: string, from: object): unknown =>
    Object.hasOwn(from, name) ? (from as Record<string, unknown>)[name] : undefined;
  return Object.fromEntries(
    fields.map(({ name, kind, defaultValue }) => {
      const value = applied(name, given) ?? applied(name, defaults) ?? defaultValue;
      const none = 'canBeNone' in kind && kind.canBeNone && isNoneOf(applied(name, given), value);
      return [name, none ? null : value];
    }),
  );
}

/** null is a value where a rule can be none: it overrides a default that is not. */
function isNoneOf(given: unknown, value: unknown): boolean {
  return given === null || given === 'none' || value === 'none';
}

/** @param document checked by the schema */
export function resolveRules(document: RulesDocument, mode: 'replay' | 'live' = 'replay'): ResolvedRules {
  const given = document.defaults ?? {};
  const defaults = resolve(SYMBOL_FIELDS, given) as ResolvedSymbolRules;
  const session = resolve(
    SESSION_FIELDS,
    given,
    mode === 'live' ? { maxFutureMs: MAX_FUTURE_LIVE_MS } : {},
  ) as Required<SessionRules>;
  const symbols = Object.entries(document.symbols ?? {}).map(
    ([symbol, rules]) => [symbol, resolve(SYMBOL_FIELDS, rules, defaults)] as const,
  );
  return {
    version: 1,
    defaults: { ...defaults, ...session },
    symbols: Object.fromEntries(symbols) as Record<string, ResolvedSymbolRules>,
    limits: resolve(LIMIT_FIELDS, document.limits ?? {}) as Required<LimitRules>,
  };
}

/** One rule of one symbol as it was given, or undefined: then its default holds. */
export function ruleOf<Name extends keyof SymbolRules>(
  document: RulesDocument,
  symbol: string,
  name: Name,
): SymbolRules[Name] {
  const { symbols = {}, defaults = {} } = document;
  return (Object.hasOwn(symbols, symbol) ? symbols[symbol][name] : undefined) ?? defaults[name];
}

/** Whether the rules have a limit over all symbols: the session source then sends an alignment at every full second. */
export function needsAlignments(document: RulesDocument): boolean {
  const { limits } = resolveRules(document);
  return limits.maxNotionalPerDay !== null || limits.maxLossPerDay !== null;
}
