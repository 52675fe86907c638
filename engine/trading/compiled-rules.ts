import { resolveRules, type ResolvedSymbolRules } from '../contract/rules-resolve.ts';
import type { Amount, Decimal, RulesDocument } from '../contract/rules.ts';
import { BugError, assertNever } from '../core/assert.ts';
import { MONEY_DECIMALS, PRICE_DECIMALS, parseScaled, percentOf, type DecimalProblem } from '../core/decimal.ts';
import type { Result } from '../core/result.ts';
import { WideInteger } from '../core/wide-integer.ts';

/** The rules as the record path needs them: whole numbers, one object per symbol, nothing to parse, nothing absent. */
export interface CompiledRules {
  /** Rules of every symbol without its own. */
  readonly defaults: SymbolRulesCompiled;
  readonly symbols: ReadonlyMap<string, SymbolRulesCompiled>;
  readonly limits: LimitsCompiled;
}

/** An amount of 1e-8, or a percent in 1e-8 of a base that is known later. */
export type AmountCompiled =
  { readonly kind: 'fixed'; readonly units: number } | { readonly kind: 'percent'; readonly scaled: number };

export type FloorCompiled =
  | { readonly kind: 'none' }
  | { readonly kind: 'price'; readonly units: number }
  | { readonly kind: 'percent-of-buy'; readonly scaled: number };

export interface SymbolRulesCompiled {
  /** 1e-8. */
  readonly priceStep: number;
  /** Places that the price step needs: what this symbol's prices are shown with. */
  readonly priceDecimals: number;
  readonly tradesAtAsk: boolean;
  readonly askOffset: number;
  readonly increaseFromAsk: boolean;
  readonly increase: AmountCompiled;
  readonly allOrNone: boolean;
  /** 1e-6 shares; Infinity: no bound. */
  readonly maxSharesPerTrade: number;
  readonly ttlMs: number;
  readonly decayEveryMs: number;
  readonly decay: AmountCompiled;
  readonly floor: FloorCompiled;
  readonly tradeResetsTtl: boolean;
  readonly ignoresCrossed: boolean;
  readonly onProcessingTime: boolean;
  readonly dropsLate: boolean;
}

/** Infinity, or null for money: no limit. Money in 1e-14. */
export interface LimitsCompiled {
  readonly timeZone: string;
  readonly maxTradesPerSecond: number;
  readonly maxTradesPerDay: number;
  /** Compared with every trade. */
  readonly maxNotionalPerTrade: WideInteger | null;
  readonly maxNotionalPerDay: bigint | null;
  readonly maxLossPerDay: bigint | null;
}

/** @param document checked by the schema; @throws BugError for a value that the schema would have refused */
export function compileRules(document: RulesDocument): CompiledRules {
  const resolved = resolveRules(document);
  const { limits } = resolved;
  return {
    defaults: compileSymbol(resolved.defaults),
    symbols: new Map(Object.entries(resolved.symbols).map(([symbol, rules]) => [symbol, compileSymbol(rules)])),
    limits: {
      timeZone: limits.timeZone,
      maxTradesPerSecond: limits.maxTradesPerSecond ?? Infinity,
      maxTradesPerDay: limits.maxTradesPerDay ?? Infinity,
      maxNotionalPerTrade:
        limits.maxNotionalPerTrade === null ? null : WideInteger.of(exact(limits.maxNotionalPerTrade, MONEY_DECIMALS)),
      maxNotionalPerDay: money(limits.maxNotionalPerDay),
      maxLossPerDay: money(limits.maxLossPerDay),
    },
  };
}

function compileSymbol(rules: ResolvedSymbolRules): SymbolRulesCompiled {
  const priceStep = units(rules.priceStep);
  return {
    priceStep,
    priceDecimals: placesOf(priceStep),
    tradesAtAsk: rules.tradeWhen === 'at-or-above',
    askOffset: units(rules.askOffset),
    increaseFromAsk: rules.askIncrease.from === 'ask',
    increase: amount(rules.askIncrease.amount),
    allOrNone: rules.fill === 'all-or-none',
    maxSharesPerTrade:
      rules.maxSharesPerTrade === null ? Infinity : Number(exact(rules.maxSharesPerTrade, SHARES_PLACES)),
    ttlMs: rules.ttlMs,
    decayEveryMs: rules.decayEveryMs,
    decay: amount(rules.decayAmount),
    floor: floor(rules.askFloor),
    tradeResetsTtl: rules.tradeResetsTtl,
    ignoresCrossed: rules.ignoreCrossedQuotes,
    onProcessingTime: rules.time === 'processing',
    dropsLate: rules.lateQuotes === 'drop',
  };
}

const SHARES_PLACES = 6;

function exact(text: Decimal, places: number): bigint {
  const scaled: Result<bigint, DecimalProblem> = parseScaled(text, places);
  if (!scaled.ok)
    throw new BugError(`Compiling rules needs decimals that the schema accepted; found "${text}" (${scaled.problem}).`);
  return scaled.value;
}

function units(text: Decimal): number {
  return Number(exact(text, PRICE_DECIMALS));
}

function money(text: Decimal | null): bigint | null {
  return text === null ? null : exact(text, MONEY_DECIMALS);
}

function amount(value: Amount): AmountCompiled {
  return typeof value === 'string'
    ? { kind: 'fixed', units: units(value) }
    : { kind: 'percent', scaled: units(value.percent) };
}

function floor(value: ResolvedSymbolRules['askFloor']): FloorCompiled {
  if (value === 'none') return { kind: 'none' };
  return 'price' in value
    ? { kind: 'price', units: units(value.price) }
    : { kind: 'percent-of-buy', scaled: units(value.percentOfBuy) };
}

/** 0.01 has 2 places, 0.005 has 3, 1 and 25 have none. */
function placesOf(step: number): number {
  let places = PRICE_DECIMALS;
  for (let rest = step; places > 0 && rest % 10 === 0; rest /= 10) places -= 1;
  return places;
}

/**
 * An increase or a decay: a percent is rounded half up to the price step and is at least one step; an amount is taken as
 * it is. A base below zero (an ask that decayed so far) has no percent to speak of: one step.
 */
export function stepAmount(value: AmountCompiled, base: number, rules: SymbolRulesCompiled): number {
  switch (value.kind) {
    case 'fixed':
      return value.units;
    case 'percent':
      return base <= 0 ? rules.priceStep : Math.max(rules.priceStep, percentOf(base, value.scaled, rules.priceStep));
    default:
      return assertNever(value);
  }
}

/** The lowest ask that decay reaches, or null when there is none. */
export function floorPrice(rules: SymbolRulesCompiled, buyPrice: number): number | null {
  switch (rules.floor.kind) {
    case 'none':
      return null;
    case 'price':
      return rules.floor.units;
    case 'percent-of-buy':
      return percentOf(buyPrice, rules.floor.scaled, rules.priceStep);
    default:
      return assertNever(rules.floor);
  }
}
