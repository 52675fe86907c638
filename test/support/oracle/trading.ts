import { roundedPercent, text, units } from './decimals.ts';
import type { OraclePosition, OracleQuote, OracleRules, Step } from './session.ts';

export interface OracleTrade {
  id: string;
  symbol: string;
  shares: string;
  price: string;
  profit: string;
  eventTimeMs: number;
  quoteSequence: number;
  askBefore: string;
  askAfter: string;
}
export interface OracleRow {
  symbol: string;
  shares: string;
  buyPrice: string;
  askPrice: string;
  lastTradePrice: string;
  profit: string;
  status: 'open' | 'closed';
  openedAt: number;
  expiresAt: number | null;
  nextDecayAt: number | null;
  trades: number;
}
export interface OracleResult {
  trades: OracleTrade[];
  rows: OracleRow[];
  reasons: Record<string, Record<string, number>>;
  /** Sequence numbers of dropped late quotes. */
  late: number[];
}

/** trading-rules "Rules": the defaults. */
const DEFAULTS: Record<string, unknown> = {
  priceStep: '0.01',
  tradeWhen: 'above',
  askOffset: '0.10',
  askIncrease: { from: 'trade-price', amount: '0.10' },
  fill: 'partial',
  maxSharesPerTrade: null,
  ttlMs: 60_000,
  decayEveryMs: 3_000,
  decayAmount: '0.10',
  askFloor: { percentOfBuy: '95' },
  tradeResetsTtl: false,
  ignoreCrossedQuotes: true,
  time: 'event',
  lateQuotes: 'drop',
};

interface Position {
  symbol: string;
  shares: bigint;
  buyPrice: bigint;
  ask: bigint;
  lastTradePrice: bigint;
  profit: bigint;
  trades: number;
  openedAt: number;
  ownTtl: number | null;
  /** Time to live counts from here, and a woken decay from there: [event, processing]. */
  liveFrom: [number, number];
  wokenAt: [number, number] | null;
  nextDecay: number | null;
  asleep: boolean;
}

const dayFormats = new Map<string, Intl.DateTimeFormat>();
/** Writes 2013-10-07. */
function dayFormat(timeZone: string): Intl.DateTimeFormat {
  const format = dayFormats.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone });
  dayFormats.set(timeZone, format);
  return format;
}

interface Made {
  symbol: string;
  timeMs: number;
  day: string;
  notional: bigint;
  profit: bigint;
}

class Oracle {
  rules: OracleRules;
  watermark = -Infinity;
  processing = -Infinity;
  halted = false;
  positions = new Map<string, Position>();
  made: Made[] = [];
  alignedDay: string | null = null;
  aligned = { notional: 0n, profit: 0n };
  refused = { notional: new Set<string>(), loss: new Set<string>() };
  result: OracleResult = { trades: [], rows: [], reasons: {}, late: [] };

  constructor(rules: OracleRules) {
    this.rules = rules;
  }

  rule<T>(symbol: string, name: string, rules = this.rules): T {
    const own = rules.symbols?.[symbol] ?? {};
    const defaults = rules.defaults ?? {};
    const value = name in own ? own[name] : name in defaults ? defaults[name] : DEFAULTS[name];
    return (value === 'none' && name === 'maxSharesPerTrade' ? null : value) as T;
  }

  limit<T>(name: string): T | null {
    const value = this.rules.limits?.[name] ?? null;
    return (value === 'none' ? null : value) as T | null;
  }

  day(timeMs: number): string {
    return dayFormat(String(this.rules.limits?.['timeZone'] ?? 'UTC')).format(timeMs);
  }

  step(symbol: string): bigint {
    return units(this.rule(symbol, 'priceStep'), 8);
  }

  /** An increase or a decay: a percent is at least one step. */
  amount(symbol: string, amount: string | { percent: string }, base: bigint): bigint {
    if (typeof amount === 'string') return units(amount, 8);
    const rounded = base <= 0n ? 0n : roundedPercent(amount.percent, base, this.step(symbol));
    return rounded < this.step(symbol) ? this.step(symbol) : rounded;
  }

  /** The ask above which it may still decay, and whether decays end on it. */
  floor(position: Position): { price: bigint; hard: boolean } {
    const floor = this.rule<'none' | { percentOfBuy: string } | { price: string }>(position.symbol, 'askFloor');
    if (floor === 'none') return { price: 0n, hard: false };
    if ('price' in floor) return { price: units(floor.price, 8), hard: true };
    return { price: roundedPercent(floor.percentOfBuy, position.buyPrice, this.step(position.symbol)), hard: true };
  }

  clock(symbol: string): 0 | 1 {
    return this.rule(symbol, 'time') === 'processing' ? 1 : 0;
  }
  ttl(position: Position, rules = this.rules): number {
    return position.ownTtl ?? this.rule<number>(position.symbol, 'ttlMs', rules);
  }
  expiry(position: Position): number | null {
    const ttl = this.ttl(position);
    return ttl === 0 ? null : position.liveFrom[this.clock(position.symbol)] + ttl;
  }
  /** Decays are at base + n x decayEveryMs. */
  base(position: Position): number | null {
    const expiry = this.expiry(position);
    if (expiry === null || position.wokenAt === null) return expiry;
    return Math.max(expiry, position.wokenAt[this.clock(position.symbol)]);
  }
  plan(position: Position): void {
    const base = this.base(position);
    position.nextDecay = base === null ? null : base + this.rule<number>(position.symbol, 'decayEveryMs');
  }

  decay(position: Position): void {
    const now = this.clock(position.symbol) === 1 ? this.processing : this.watermark;
    while (position.shares > 0n && position.nextDecay !== null && position.nextDecay <= now) {
      const floor = this.floor(position);
      if (position.ask > floor.price) {
        position.ask -= this.amount(position.symbol, this.rule(position.symbol, 'decayAmount'), position.buyPrice);
        if (floor.hard && position.ask < floor.price) position.ask = floor.price;
      }
      if (position.ask > floor.price) {
        position.nextDecay += this.rule<number>(position.symbol, 'decayEveryMs');
      } else {
        position.nextDecay = null;
        position.asleep = true;
      }
    }
  }

  onTime(watermark: number, processing: number): void {
    this.watermark = Math.max(this.watermark, watermark);
    this.processing = Math.max(this.processing, processing);
    for (const position of this.positions.values()) this.decay(position);
  }

  onPosition(given: OraclePosition, openedAt: number): void {
    const buyPrice = units(given.buyPrice, 8);
    const position: Position = {
      symbol: given.symbol,
      shares: units(given.shares, 6),
      buyPrice,
      ask: buyPrice + units(this.rule(given.symbol, 'askOffset'), 8),
      lastTradePrice: buyPrice,
      profit: 0n,
      trades: 0,
      openedAt,
      ownTtl: given.ttlMs,
      liveFrom: [openedAt, this.processing],
      wokenAt: null,
      nextDecay: null,
      asleep: false,
    };
    this.positions.set(given.symbol, position);
    this.plan(position);
    this.decay(position);
  }

  onQuote(quote: OracleQuote, sequence: number): void {
    if (quote.timeMs <= this.watermark && this.rule(quote.symbol, 'lateQuotes') === 'drop') {
      this.result.late.push(sequence);
      return;
    }
    const position = this.positions.get(quote.symbol);
    if (position === undefined || position.shares === 0n) return;
    const reason = this.tryTrade(position, quote, sequence);
    if (reason === null) return;
    const counts = (this.result.reasons[quote.symbol] ??= {});
    counts[reason] = (counts[reason] ?? 0) + 1;
  }

  tryTrade(position: Position, quote: OracleQuote, sequence: number): string | null {
    const { symbol } = position;
    const bid = quote.bid === '' ? 0n : units(quote.bid, 8);
    const ask = quote.ask === '' ? 0n : units(quote.ask, 8);
    const bidSize = quote.bidSize === '' ? null : units(quote.bidSize, 6);
    if (this.halted) return 'halted';
    if (bid <= 0n) return 'no-bid';
    if (this.rule(symbol, 'ignoreCrossedQuotes') && ask > 0n && bid > ask) return 'crossed';
    if (!(bid > position.ask || (this.rule(symbol, 'tradeWhen') === 'at-or-above' && bid === position.ask)))
      return 'bid-not-above-ask';
    const bound = this.rule<string | null>(symbol, 'maxSharesPerTrade');
    const most = bound !== null && units(bound, 6) < position.shares ? units(bound, 6) : position.shares;
    let quantity = bidSize === null || bidSize > most ? most : bidSize;
    if (this.rule(symbol, 'fill') === 'all-or-none') quantity = bidSize === null || bidSize > most ? 0n : bidSize;
    if (quantity === 0n) return 'size';
    const limit = this.brokenLimit(symbol, quote.timeMs, bid * quantity);
    if (limit !== null) return `limit:${limit}`;
    this.trade(position, quote, sequence, bid, quantity);
    return null;
  }

  brokenLimit(symbol: string, timeMs: number, notional: bigint): string | null {
    const perSecond = this.limit<number>('maxTradesPerSecond');
    const perDay = this.limit<number>('maxTradesPerDay');
    const perTrade = this.limit<string>('maxNotionalPerTrade');
    const second = Math.floor(timeMs / 1000);
    const day = this.day(timeMs);
    const tradesWhere = (matches: (trade: Made) => boolean): number =>
      this.made.filter((trade) => trade.symbol === symbol && matches(trade)).length;
    if (perSecond !== null && tradesWhere((trade) => Math.floor(trade.timeMs / 1000) === second) + 1 > perSecond)
      return 'maxTradesPerSecond';
    if (perDay !== null && tradesWhere((trade) => trade.day === day) + 1 > perDay) return 'maxTradesPerDay';
    if (perTrade !== null && notional > units(perTrade, 14)) return 'maxNotionalPerTrade';
    if (this.refused.notional.has(day)) return 'maxNotionalPerDay';
    if (this.refused.loss.has(day)) return 'maxLossPerDay';
    return null;
  }

  trade(position: Position, quote: OracleQuote, sequence: number, bid: bigint, quantity: bigint): void {
    const { symbol } = position;
    const askBefore = position.ask;
    const profit = (bid - position.buyPrice) * quantity;
    position.profit += profit;
    position.shares -= quantity;
    position.lastTradePrice = bid;
    position.trades += 1;
    this.made.push({ symbol, timeMs: quote.timeMs, day: this.day(quote.timeMs), notional: bid * quantity, profit });
    if (position.shares > 0n) {
      const increase = this.rule<{ from: string; amount: string | { percent: string } }>(symbol, 'askIncrease');
      const base = increase.from === 'ask' ? position.ask : bid;
      position.ask = base + this.amount(symbol, increase.amount, base);
    }
    this.result.trades.push({
      id: `${sequence}-${symbol}`,
      symbol,
      shares: text(quantity, 6, 0),
      price: text(bid, 8, 2),
      profit: text(profit, 14, 2),
      eventTimeMs: quote.timeMs,
      quoteSequence: sequence,
      askBefore: text(askBefore, 8, 2),
      askAfter: text(position.ask, 8, 2),
    });
    if (position.shares === 0n) {
      position.nextDecay = null;
    } else if (this.rule(symbol, 'tradeResetsTtl')) {
      position.liveFrom = [quote.timeMs, this.processing];
      position.wokenAt = null;
      position.asleep = false;
      this.plan(position);
    } else if (position.asleep && position.ask > this.floor(position).price) {
      position.asleep = false;
      position.wokenAt = [quote.timeMs, this.processing];
      this.plan(position);
    }
    this.decay(position);
  }

  onAlignment(timeMs: number): void {
    const day = this.day(timeMs);
    const begins = day !== this.alignedDay;
    const today = this.made.filter((trade) => trade.day === day);
    this.alignedDay = day;
    this.aligned = {
      notional: begins ? 0n : today.reduce((sum, trade) => sum + trade.notional, 0n),
      profit: begins ? 0n : today.reduce((sum, trade) => sum + trade.profit, 0n),
    };
    this.compare(true, true);
  }

  compare(byNotional: boolean, byLoss: boolean): void {
    const notional = byNotional ? this.limit<string>('maxNotionalPerDay') : null;
    const loss = byLoss ? this.limit<string>('maxLossPerDay') : null;
    if (notional !== null && this.aligned.notional > units(notional, 14))
      this.refused.notional.add(this.alignedDay as string);
    if (loss !== null && -this.aligned.profit > units(loss, 14)) this.refused.loss.add(this.alignedDay as string);
  }

  onRules(rules: OracleRules, greatest: number): void {
    const before = this.rules;
    this.rules = rules;
    if (greatest === -Infinity) return;
    const today = this.day(greatest);
    if (today !== this.alignedDay) this.aligned = { notional: 0n, profit: 0n };
    this.alignedDay = today;
    // A day that is refused is lifted when the new limit lets it; nothing else is compared before the next full second.
    this.compare(this.refused.notional.delete(today), this.refused.loss.delete(today));
    for (const position of this.positions.values()) {
      if (position.shares > 0n) this.replan(position, before, greatest);
    }
  }

  replan(position: Position, before: OracleRules, greatest: number): void {
    const { symbol } = position;
    if (position.asleep) {
      if (position.ask <= this.floor(position).price) return;
      position.asleep = false;
    } else {
      const same = (name: string): boolean => this.rule(symbol, name, before) === this.rule(symbol, name);
      if (this.ttl(position, before) === this.ttl(position) && same('decayEveryMs') && same('time')) return;
    }
    this.plan(position);
    const now = this.clock(symbol) === 1 ? this.processing : greatest;
    const every = this.rule<number>(symbol, 'decayEveryMs');
    // In one step: a night has many milliseconds.
    if (position.nextDecay !== null && position.nextDecay < now)
      position.nextDecay += Math.ceil((now - position.nextDecay) / every) * every;
    this.decay(position);
  }

  row(position: Position): OracleRow {
    const closed = position.shares === 0n;
    return {
      symbol: position.symbol,
      shares: text(position.shares, 6, 0),
      buyPrice: text(position.buyPrice, 8, 2),
      askPrice: text(position.ask, 8, 2),
      lastTradePrice: text(position.lastTradePrice, 8, 2),
      profit: text(position.profit, 14, 2),
      status: closed ? 'closed' : 'open',
      openedAt: position.openedAt,
      expiresAt: this.expiry(position),
      nextDecayAt: position.nextDecay,
      trades: position.trades,
    };
  }
}

/** trading-rules "On a quote", "Time", "Limits", "Rule changes while running". */
export function tradeByTheBook(initial: OracleRules, steps: Step[]): OracleResult {
  const oracle = new Oracle(initial);
  for (const step of steps) {
    if (step.kind === 'time') oracle.onTime(step.watermark, step.processing);
    else if (step.kind === 'position') oracle.onPosition(step.position, step.openedAt);
    else if (step.kind === 'quote') oracle.onQuote(step.quote, step.sequence);
    else if (step.kind === 'alignment') oracle.onAlignment(step.timeMs);
    else if (step.control.kind === 'rules') oracle.onRules(step.control.rules, step.greatest);
    else oracle.halted = step.control.kind === 'halt';
  }
  const { result } = oracle;
  result.rows = [...oracle.positions.values()]
    .map((position) => oracle.row(position))
    .sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  result.late.sort((a, b) => a - b);
  result.trades.sort((a, b) => a.eventTimeMs - b.eventTimeMs || a.quoteSequence - b.quoteSequence);
  return result;
}
