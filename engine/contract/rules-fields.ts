import type { LimitRules, SessionRules, SymbolRules } from './rules.ts';

/**
 * Every rule a trader can set, once: how it is called, what it means, what it may hold and what holds when it is not
 * set. The schema (rules-schema.ts), its error texts and the settings form all read this table, so that they cannot
 * disagree. Ranges are a trader's, narrowed only where exact arithmetic needs a bound.
 */

/** What a value may be. Bounds are inclusive unless `aboveMin` says that the lower one itself is not allowed. */
export type ValueKind =
  | {
      readonly type: 'decimal';
      readonly min: string;
      readonly aboveMin: boolean;
      readonly max: string;
      readonly places: number;
      readonly canBeNone: boolean;
    }
  | { readonly type: 'integer'; readonly min: number; readonly max: number; readonly canBeNone: boolean }
  | { readonly type: 'boolean' }
  | { readonly type: 'choice'; readonly values: readonly string[] }
  /** A decimal, or `{percent}` of something. */
  | { readonly type: 'amount'; readonly percentOf: string }
  | { readonly type: 'ask-increase' }
  | { readonly type: 'ask-floor' }
  | { readonly type: 'time-zone' };

/** What a person reads beside the input. */
export interface FieldText {
  /** Heading of the input. */
  readonly label: string;
  /** Shown behind the input: "ms", "$" ...; empty when there is none. */
  readonly unit: string;
  /** One or two sentences for the trader. */
  readonly help: string;
}
export interface RuleField<Name extends string> extends FieldText {
  readonly name: Name;
  readonly kind: ValueKind;
  /** What holds when the rule is absent: trading-rules "Rules". null: none. */
  readonly defaultValue: unknown;
}

/** 45,035,996.27370495: PRICE_MAX of core/decimal.ts, as text. A test holds the two together. */
export const PRICE_MAX_TEXT = '45035996.27370495';
/** 9,007,199,254.740991: SHARES_MAX of core/decimal.ts, as text. */
export const SHARES_MAX_TEXT = '9007199254.740991';
/** More than any book trades in a day; keeps sums far below what the row's 128 bits hold. */
export const MONEY_MAX_TEXT = '1000000000000000';
/** 1,000: coarser steps than any venue's, fine enough that a rounded amount stays exact. */
const PRICE_STEP_MAX_TEXT = '1000';
/** A hundred years: beyond any session, and far from where event time stops being exact. */
export const DURATION_MS_MAX = 3_155_760_000_000;
/** A week: more disorder than any recording has; event time trails by as much. */
export const OUT_OF_ORDER_MS_MAX = 604_800_000;
/** One day: a feed that is silent for longer is closed, not idle. */
const IDLE_MS_MAX = 86_400_000;
/** Above any exchange's own messages per day and symbol. */
const TRADES_MAX = 1_000_000_000;

/** A percent of a base: above 0 and up to 100, so that base + amount always stays exact. */
export const PERCENT_OF_AMOUNT: ValueKind = {
  type: 'decimal',
  min: '0',
  aboveMin: true,
  max: '100',
  places: 8,
  canBeNone: false,
};
/** A floor may be above the buying price (lock in a profit); up to 150 %, so that it is always an exact price. */
export const PERCENT_OF_FLOOR: ValueKind = {
  type: 'decimal',
  min: '0',
  aboveMin: false,
  max: '150',
  places: 8,
  canBeNone: false,
};
/** A price or an amount of money per share. */
export const PRICE_AMOUNT: ValueKind = {
  type: 'decimal',
  min: '0',
  aboveMin: false,
  max: PRICE_MAX_TEXT,
  places: 8,
  canBeNone: false,
};
export const INCREASE_FROM: ValueKind = { type: 'choice', values: ['trade-price', 'ask'] };

const durationMs = (min: number, max: number): ValueKind => ({ type: 'integer', min, max, canBeNone: false });
const moneyLimit: ValueKind = {
  type: 'decimal',
  min: '0',
  aboveMin: false,
  max: MONEY_MAX_TEXT,
  places: 8,
  canBeNone: true,
};
const tradesLimit: ValueKind = { type: 'integer', min: 0, max: TRADES_MAX, canBeNone: true };

/** Rules of a symbol; also settable for all symbols under `defaults`. */
export const SYMBOL_FIELDS: readonly RuleField<keyof SymbolRules>[] = [
  {
    name: 'priceStep',
    label: 'Price step',
    unit: '$',
    defaultValue: '0.01',
    kind: { type: 'decimal', min: '0', aboveMin: true, max: PRICE_STEP_MAX_TEXT, places: 8, canBeNone: false },
    help: 'What amounts given as a percent are rounded to, half up. Nothing else is rounded.',
  },
  {
    name: 'tradeWhen',
    label: 'Trade when the bid is',
    unit: '',
    defaultValue: 'above',
    kind: { type: 'choice', values: ['above', 'at-or-above'] },
    help: 'Sell when the bid is above our ask price, or already when it is equal to it.',
  },
  {
    name: 'askOffset',
    label: 'First ask: buying price plus',
    unit: '$',
    defaultValue: '0.10',
    kind: PRICE_AMOUNT,
    help: 'The first ask price of a position is its buying price plus this.',
  },
  {
    name: 'askIncrease',
    label: 'After a trade, raise the ask',
    unit: '$ or %',
    defaultValue: { from: 'trade-price', amount: '0.10' },
    kind: { type: 'ask-increase' },
    help: 'The ask after a trade is the trade price, or the ask before it, plus this amount (or this percent of it, at least one price step).',
  },
  {
    name: 'fill',
    label: 'Fill',
    unit: '',
    defaultValue: 'partial',
    kind: { type: 'choice', values: ['partial', 'all-or-none'] },
    help: 'Partial sells what the bid takes. All-or-none sells exactly the bid size, or nothing when it is unknown or more than is held.',
  },
  {
    name: 'maxSharesPerTrade',
    label: 'Most shares in one trade',
    unit: 'shares',
    defaultValue: null,
    kind: { type: 'decimal', min: '0', aboveMin: true, max: SHARES_MAX_TEXT, places: 6, canBeNone: true },
    help: 'A partial fill stops at this; an all-or-none fill above it does not happen. None: no bound.',
  },
  {
    name: 'ttlMs',
    label: 'Time to live',
    unit: 'ms',
    defaultValue: 60_000,
    kind: durationMs(0, DURATION_MS_MAX),
    help: 'How long the ask stays before it decays, from the opening of the position. 0: for ever. A position with a time of its own keeps it.',
  },
  {
    name: 'decayEveryMs',
    label: 'Decay every',
    unit: 'ms',
    defaultValue: 3_000,
    kind: durationMs(1, DURATION_MS_MAX),
    help: 'Once the time to live is over, the ask falls each time this has passed.',
  },
  {
    name: 'decayAmount',
    label: 'Decay by',
    unit: '$ or %',
    defaultValue: '0.10',
    kind: { type: 'amount', percentOf: 'the buying price' },
    help: 'How far the ask falls each time: an amount, or a percent of the buying price (at least one price step).',
  },
  {
    name: 'askFloor',
    label: 'Lowest ask',
    unit: '$ or %',
    defaultValue: { percentOfBuy: '95' },
    kind: { type: 'ask-floor' },
    help: 'The ask never decays below this: a percent of the buying price, or a price. None: it stops once it is at or below zero.',
  },
  {
    name: 'tradeResetsTtl',
    label: 'A trade starts the time to live anew',
    unit: '',
    defaultValue: false,
    kind: { type: 'boolean' },
    help: 'On: after each trade the ask stays for a whole time to live again.',
  },
  {
    name: 'ignoreCrossedQuotes',
    label: 'Ignore crossed quotes',
    unit: '',
    defaultValue: true,
    kind: { type: 'boolean' },
    help: 'On: a quote whose bid is above its ask is not traded on.',
  },
  {
    name: 'time',
    label: 'Clock of decay',
    unit: '',
    defaultValue: 'event',
    kind: { type: 'choice', values: ['event', 'processing'] },
    help: "Event: time as the quotes tell it, so that a replay is exact. Processing: the machine's clock.",
  },
  {
    name: 'lateQuotes',
    label: 'Late quotes',
    unit: '',
    defaultValue: 'drop',
    kind: { type: 'choice', values: ['drop', 'process'] },
    help: 'Drop: a quote behind event time is counted and set aside. Process: it is treated like any other.',
  },
];

/** Rules of the session as a whole; settable under `defaults` only. Not given: the mode of the session decides. */
export const SESSION_FIELDS: readonly RuleField<keyof SessionRules>[] = [
  {
    name: 'outOfOrdernessMs',
    label: 'Allowed disorder',
    unit: 'ms',
    defaultValue: 0,
    kind: durationMs(0, OUT_OF_ORDER_MS_MAX),
    help: 'How far behind the newest quote another may be before it counts as late. Event time trails by as much.',
  },
  {
    name: 'maxFutureMs',
    label: 'Furthest jump ahead',
    unit: 'ms',
    defaultValue: 3_600_000,
    kind: durationMs(1, DURATION_MS_MAX),
    help: 'A quote stamped further ahead than this is held back until three more agree with it. 1 hour in a replay, 2 seconds live, unless set.',
  },
  {
    name: 'idleMs',
    label: 'Silence until the clock takes over',
    unit: 'ms',
    defaultValue: 1_000,
    kind: durationMs(1, IDLE_MS_MAX),
    help: 'Live only: after this long without a quote, event time goes on with the clock.',
  },
];

export const LIMIT_FIELDS: readonly RuleField<keyof LimitRules>[] = [
  {
    name: 'timeZone',
    label: 'A day is one in',
    unit: 'IANA name',
    defaultValue: 'UTC',
    kind: { type: 'time-zone' },
    help: 'The time zone whose calendar days the daily limits count by, such as America/New_York.',
  },
  {
    name: 'maxTradesPerSecond',
    label: 'Trades per second and symbol',
    unit: 'trades',
    defaultValue: null,
    kind: tradesLimit,
    help: 'At most this many trades of a symbol in one full second of event time.',
  },
  {
    name: 'maxTradesPerDay',
    label: 'Trades per day and symbol',
    unit: 'trades',
    defaultValue: null,
    kind: tradesLimit,
    help: 'At most this many trades of a symbol in one calendar day.',
  },
  {
    name: 'maxNotionalPerTrade',
    label: 'Value of one trade',
    unit: '$',
    defaultValue: null,
    kind: moneyLimit,
    help: 'A trade worth more than this does not happen.',
  },
  {
    name: 'maxNotionalPerDay',
    label: 'Value of all trades of a day',
    unit: '$',
    defaultValue: null,
    kind: moneyLimit,
    help: 'Circuit breaker over all symbols: compared at every full second; once over, nothing trades for the rest of the day.',
  },
  {
    name: 'maxLossPerDay',
    label: 'Loss of a day',
    unit: '$',
    defaultValue: null,
    kind: moneyLimit,
    help: 'Circuit breaker over all symbols on the net realised loss of the day, compared at every full second.',
  },
];

/** What is allowed, in words: the last part of every error and the hint under an input. */
export function allowedText(kind: ValueKind): string {
  switch (kind.type) {
    case 'decimal':
      return `a decimal in quotes, ${kind.aboveMin ? 'above' : 'at least'} ${kind.min} and at most ${kind.max}, up to ${kind.places} places${kind.canBeNone ? '; or "none"' : ''}`;
    case 'integer':
      return `a whole number from ${kind.min} to ${kind.max}${kind.canBeNone ? '; or "none"' : ''}`;
    case 'boolean':
      return 'true or false';
    case 'choice':
      return kind.values.map((value) => `"${value}"`).join(' or ');
    case 'amount':
      return `an amount ("0.10"), or {"percent": "0.5"} of ${kind.percentOf}`;
    case 'ask-increase':
      return '{"from": "trade-price" or "ask", "amount": "0.10" or {"percent": "0.5"}}';
    case 'ask-floor':
      return '{"percentOfBuy": "95"}, {"price": "140.00"} or "none"';
    case 'time-zone':
      return 'an IANA time zone name such as "UTC" or "America/New_York"';
  }
}
