import type { Reason } from './frames.ts';
import type { ResolvedSymbolRules } from './rules-resolve.ts';
import type { LimitRules } from './rules.ts';
import type { TradeMessage } from './window.ts';

/**
 * What decided a trade, beside what the trade itself says: its price is the bid, its event time the quote's. Kept with the
 * trade, and told to the audit trail. Decimals are text, times ms since the Unix epoch.
 */
export interface TradeDecision {
  /** null: nobody told it. */
  readonly bidSize: string | null;
  /** null: the quote had no ask. */
  readonly ask: string | null;
  readonly askSize: string | null;
  readonly buyPrice: string;
  readonly sharesBefore: string;
  readonly sharesAfter: string;
  /** Of the rules in force. */
  readonly rulesVersion: number;
  /** When the time to live ends; null: never. */
  readonly expiresAtBefore: number | null;
  readonly expiresAtAfter: number | null;
  /** The timer: when the ask decays next; null: none is planned. */
  readonly nextDecayAtBefore: number | null;
  readonly nextDecayAtAfter: number | null;
}

interface BeforeAndAfter<T> {
  readonly before: T;
  readonly after: T;
}

/** Why a trade was made as it was. Decimals are text, times ms since the Unix epoch. */
export interface TradeExplanation {
  readonly id: string;
  readonly symbol: string;
  /** Sentences, with the numbers that were compared. */
  readonly why: string;
  readonly shares: string;
  readonly price: string;
  readonly profit: string;
  /** null, here and below: the trade was stored by a version that did not keep what decided. */
  readonly buyPrice: string | null;
  /** The quote that was traded on; of an older trade the bid alone. */
  readonly quote: {
    readonly sequence: number;
    readonly eventTimeMs: number;
    readonly bid: string;
    readonly bidSize: string | null;
    readonly ask: string | null;
    readonly askSize: string | null;
  };
  readonly rulesVersion: number | null;
  /** That applied to the symbol; null as well where nothing has them any more. */
  readonly rules: ResolvedSymbolRules | null;
  readonly limits: Required<LimitRules> | null;
  readonly askPrice: BeforeAndAfter<string>;
  readonly sharesHeld: BeforeAndAfter<string> | null;
  /** When the time to live ends; null: never. */
  readonly expiresAtMs: BeforeAndAfter<number | null> | null;
  /** The timer: when the ask decays next; null: none is planned. */
  readonly nextDecayAtMs: BeforeAndAfter<number | null> | null;
}

/** What event time waits for at the source. */
export type SourceWait =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'paused' }
  /** The next quote is not due yet at the speed asked for; `inMs` of the machine's clock. */
  | { readonly kind: 'pace'; readonly nextEventTimeMs: number; readonly inMs: number }
  /** Their next quote may be the earliest: nothing goes ahead of it. */
  | { readonly kind: 'input'; readonly inputs: readonly string[] }
  | { readonly kind: 'failed' }
  | { readonly kind: 'ended' };

/** One input of a session, as it is read. */
export interface InputTime {
  readonly name: string;
  readonly state: 'ready' | 'waiting' | 'ended';
  /** Of the last quote that was read of it, and of the next one that is at hand; null: there is none. */
  readonly lastEventTimeMs: number | null;
  readonly nextEventTimeMs: number | null;
}

/** Event time at the source, where it is made: the greatest seen - `outOfOrdernessMs` - 1. */
export interface SourceTime {
  /** null: no quote has come. */
  readonly watermarkMs: number | null;
  readonly greatestEventTimeMs: number | null;
  readonly outOfOrdernessMs: number;
  readonly maxFutureMs: number;
  /** Live: event time goes on with the clock after so much silence; null: it does not. */
  readonly idleMs: number | null;
  /** Live: the clock that event time would go on with; null: none. */
  readonly clockMs: number | null;
  /** Quotes stamped more than `maxFutureMs` ahead, about which nothing is decided. */
  readonly heldQuotes: number;
  readonly waitsFor: SourceWait;
  readonly inputs: readonly InputTime[];
}

/** A live feed, as far as it holds event time back. */
export interface FeedTime {
  readonly state: string;
  /** Since the last quote that moved event time. */
  readonly silentMs: number;
  /** null: no attempt is planned. */
  readonly retryInMs: number | null;
  /** The journal is behind, or has no room: nothing is taken. */
  readonly isHeld: boolean;
}

export interface TaskTime {
  readonly subtask: number;
  /** null: it has none yet. */
  readonly watermarkMs: number | null;
  /** Event time by which it trails the source; null: one of the two has none. */
  readonly behindSourceMs: number | null;
}

/** What keeps the watermark from being further on. Times ms since the Unix epoch. */
export interface WatermarkExplanation {
  /** What has come to pass for every symbol: the lowest of all tasks. null: nothing yet. */
  readonly watermarkMs: number | null;
  /** Sentences, with the numbers that were compared. */
  readonly why: string;
  /** A task that has not come as far as the source, or what the source waits for. */
  readonly heldBackBy: 'task' | 'feed' | 'order' | Exclude<SourceWait['kind'], 'nothing'>;
  /** Event time by which the watermark trails the greatest seen; live, the clock; null: there is none. */
  readonly behindGreatestMs: number | null;
  readonly behindClockMs: number | null;
  readonly source: SourceTime;
  /** null: not live. */
  readonly feed: FeedTime | null;
  readonly tasks: readonly TaskTime[];
  /** The source did not answer in time; it is what it told last. */
  readonly isStale: boolean;
}

/** Why a symbol did or did not trade on its last quote. Decimals are text, times ms since the Unix epoch. */
export interface Explanation {
  readonly symbol: string;
  /** One sentence, with the numbers that were compared. */
  readonly why: string;
  /** null: the last quote traded, or nothing was held. */
  readonly reason: Reason | null;
  readonly bid: string | null;
  readonly bidSize: string | null;
  readonly ask: string | null;
  readonly quoteTimeMs: number | null;
  readonly askPrice: string | null;
  readonly shares: string | null;
  /** The one timer that is pending: the next decay of the ask price; null: none is. */
  readonly timerAtMs: number | null;
  readonly timerClock: 'event-time' | 'processing-time' | null;
  readonly expiresAtMs: number | null;
  /** The ask price never decays below it. */
  readonly floor: string | null;
}

/** What is known of a symbol, by name, as people read it. */
export type SymbolFacts = Readonly<Record<string, string | number | null>>;

/** Why a symbol did or did not trade, and all that stands around it. */
export interface SymbolExplanation {
  readonly symbol: string;
  /** The checkpoint that was asked; null: now. */
  readonly asOf: number | null;
  readonly explanation: Explanation;
  /** A position row (trading-rules "Records"); null: it was quoted, and never held. */
  readonly position: SymbolFacts | null;
  /** How often each reason kept it from trading. */
  readonly reasons: Readonly<Record<string, number>>;
  /** The newest first: each can be explained by its id. */
  readonly lastTrades: readonly TradeMessage[];
  /** null: as of a checkpoint. */
  readonly watermark: WatermarkExplanation | null;
  /** Ids of the kept checkpoints, oldest first. */
  readonly checkpoints: readonly number[];
  /** What is different from the checkpoint `since`, by name: [then, as asked]; null: nothing was compared. */
  readonly changes: Readonly<Record<string, readonly [string | number | null, string | number | null]>> | null;
}
