import { tradeDecision } from '../../connectors/sinks/trade-decision.ts';
import { TRADE_WORDS } from '../../connectors/sinks/trade-run.ts';
import { tradeMessage } from '../../connectors/sinks/trades-csv.ts';
import type { TradeDecision, TradeExplanation } from '../../contract/explanations.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import type { TradeMessage } from '../../contract/window.ts';
import { StateQueryError } from '../../runtime/query/state-query-error.ts';
import { explainTrade } from '../../trading/explain-trade.ts';
import type { SessionAudit } from './session-audit.ts';
import type { SessionEvent } from './session-parameters.ts';

/** Trades that can be explained without the audit trail; 1.4 MB. */
const TRADES_KEPT = 10_000;
/** Documents of rules that are kept; a document may have megabytes. */
const RULES_KEPT = 16;
/** Of a symbol: enough to find the one that is meant. */
const TRADES_TOLD = 10;
/** More questions than this that need the audit trail are refused. */
const SEARCHES_MAX = 8;

/** A trade, and what decided it; null: it was stored before that was. */
export interface DecidedTrade {
  readonly trade: TradeMessage;
  readonly decision: TradeDecision | null;
}

/** The latest trades of a run, with what decided them. Coordinator thread only. */
export class LatestTrades {
  #words = new Float64Array(0);
  readonly #symbols: string[] = [];
  #count = 0;

  /** @param from TRADE_WORDS words at `offset` */
  add(from: Float64Array, offset: number, symbol: string): void {
    if (this.#count === 0) this.#words = new Float64Array(TRADES_KEPT * TRADE_WORDS);
    const place = this.#count % TRADES_KEPT;
    const at = place * TRADE_WORDS;
    for (let word = 0; word < TRADE_WORDS; word += 1) this.#words[at + word] = from[offset + word];
    this.#symbols[place] = symbol;
    this.#count += 1;
  }

  /** Trades of a symbol up to an event time, newest first. */
  of(symbol: string, untilMs: number, countMax: number): readonly TradeMessage[] {
    const found: TradeMessage[] = [];
    const oldest = Math.max(0, this.#count - TRADES_KEPT);
    for (let number = this.#count - 1; number >= oldest && found.length < countMax; number -= 1) {
      const place = number % TRADES_KEPT;
      if (this.#symbols[place] === symbol && this.#words[place * TRADE_WORDS] <= untilMs)
        found.push(tradeMessage(this.#words, place * TRADE_WORDS, symbol));
    }
    return found;
  }

  /** Looks through all of them: somebody asks seldom, and trades come often. @returns null: not among them */
  find(id: string): DecidedTrade | null {
    const sequence = Number.parseInt(id, 10);
    const kept = Math.min(this.#count, TRADES_KEPT);
    for (let place = 0; place < kept; place += 1) {
      const at = place * TRADE_WORDS;
      if (this.#words[at + 1] !== sequence) continue;
      const trade = tradeMessage(this.#words, at, this.#symbols[place]);
      if (trade.id === id) return { trade, decision: tradeDecision(this.#words, at) };
    }
    return null;
  }
}

/**
 * Explains trades of a session by their ids: the latest ones from memory, older ones from the audit trail, where there is
 * one. Coordinator thread only.
 */
export class TradeDecisions {
  readonly #latest: LatestTrades;
  readonly #audit: SessionAudit | null;
  readonly #rules = new Map<number, RulesDocument>();
  #searches: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @param rules that the session began with @param audit null: what is no longer in memory cannot be explained */
  constructor(latest: LatestTrades, rules: RulesDocument, audit: SessionAudit | null) {
    this.#latest = latest;
    this.#audit = audit;
    this.#keepRules(1, rules);
  }

  /** Notes rules as they enter the stream. */
  take(event: SessionEvent): void {
    if (event.kind !== 'happened' || event.entry.kind !== 'rules') return;
    const { version, rules } = event.entry.details;
    this.#keepRules(version, rules);
  }

  /** The newest first; those that are no longer in memory are left out. */
  lastTrades(symbol: string, untilMs: number): readonly TradeMessage[] {
    return this.#latest.of(symbol, untilMs, TRADES_TOLD);
  }

  /**
   * @returns null: there is no such trade, or nothing has it any more
   * @throws StateQueryError `busy`; StoreError of the trail's store
   */
  async explain(id: string): Promise<TradeExplanation | null> {
    const found = this.#latest.find(id) ?? (await this.#inTrail((audit) => audit.findTrade(id)));
    if (found === null) return null;
    const { trade, decision } = found;
    return explainTrade(trade, decision, decision === null ? null : await this.#rulesOf(decision.rulesVersion));
  }

  /** Reading the trail takes long, and is done for one question after the other. */
  async #inTrail<T>(find: (audit: SessionAudit) => Promise<T | null>): Promise<T | null> {
    const audit = this.#audit;
    if (audit === null) return null;
    if (this.#waiting >= SEARCHES_MAX)
      throw new StateQueryError('busy', `${SEARCHES_MAX} questions wait for the audit trail already; ask again later.`);
    this.#waiting += 1;
    const found = this.#searches.then(() => find(audit));
    this.#searches = found.catch(() => undefined).then(() => (this.#waiting -= 1));
    return found;
  }

  async #rulesOf(version: number): Promise<RulesDocument | null> {
    const known = this.#rules.get(version);
    if (known !== undefined) return known;
    const told = await this.#inTrail((audit) => audit.findRules(version));
    if (told !== null) this.#keepRules(version, told);
    return told;
  }

  #keepRules(version: number, rules: RulesDocument): void {
    this.#rules.set(version, rules);
    if (this.#rules.size > RULES_KEPT) this.#rules.delete(this.#rules.keys().next().value as number);
  }
}
