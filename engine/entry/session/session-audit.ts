import type { AuditEntry } from '../../connectors/audit/audit-record.ts';
import type { AuditTrail } from '../../connectors/audit/audit-trail.ts';
import type { StoredTrades } from '../../connectors/sinks/durable-trades.ts';
import { tradeDecision } from '../../connectors/sinks/trade-decision.ts';
import { SYMBOL_WORD, TRADE_WORDS } from '../../connectors/sinks/trade-run.ts';
import { tradeMessage } from '../../connectors/sinks/trades-csv.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import type { RescaleInfo } from '../../contract/window.ts';
import type { RefusedCheckpoint } from '../../runtime/checkpoint/checkpoint-storage.ts';
import { placeKey, readRules, readTold, readTrade, type RowCounts } from './audit-told.ts';
import type { SessionEvent } from './session-parameters.ts';
import type { DecidedTrade } from './trade-decisions.ts';

const SEQUENCE_WORD = 1;

/** Something of the stream that is told, with its place: ahead of the quote `sequence`. */
export interface AuditItem {
  readonly sequence: number;
  readonly entry: AuditEntry;
}

/**
 * What a checkpoint keeps for the trail. Its own items and trades are told once it is complete; a crash may come in
 * between, so whoever goes on from it tells those that the trail does not have.
 */
export interface StoredAudit {
  readonly trail: string;
  /** Records of the trail before this checkpoint's. */
  readonly from: number;
  /** Greatest quote sequence of a trade that was told by then; -1: none. */
  readonly toldUntil: number;
  /** Of the rules that the first of `items` finds in force. */
  readonly rulesVersion: number;
  readonly items: readonly AuditItem[];
  /** Rows told by then, and those there were at the barrier. */
  readonly rowsTold: RowCounts;
  readonly rows: RowCounts;
}

interface Mark {
  readonly checkpointId: number;
  readonly items: number;
  readonly sequence: number;
  readonly rows: RowCounts;
}

/** Trades with the names of their symbols, TRADE_WORDS words each. */
interface NamedTrades {
  readonly words: Float64Array;
  readonly trades: number;
  readonly nameOf: (symbol: number) => string;
}

/**
 * What one run of a session tells the audit trail, in the order of the stream and each thing once: what happened in it as
 * the source tells, and trades, which come from several workers in no order and are put in theirs when a checkpoint makes
 * them final. A run that goes on from a checkpoint goes through the same again; what the trail has is then left out.
 * Coordinator thread only; the trail stays the caller's.
 */
export class SessionAudit {
  readonly #trail: AuditTrail;
  readonly #session: string;
  /** Reasons whose rows come again when a session goes on; those of other rows are remembered. */
  readonly #comesAgain: (reason: string) => boolean;
  #rulesVersion = 1;
  #items: AuditItem[] = [];
  #marks: Mark[] = [];
  /** What comes again and was told: by `placeKey`, how often. */
  #toldItems = new Map<string, number>();
  #tradesUntil = -1;
  #rowsTold: RowCounts = {};

  /** @param session names it in the trail, apart from every other */
  constructor(trail: AuditTrail, session: string, comesAgain: (reason: string) => boolean = () => true) {
    this.#trail = trail;
    this.#session = session;
    this.#comesAgain = comesAgain;
  }

  /** It begins. Resolves once that is stored: nothing of it is told before. @throws StoreError */
  async begin(details: {
    readonly inputs: readonly string[];
    readonly workers: number;
    readonly rules: RulesDocument;
  }): Promise<void> {
    this.#trail.append({
      kind: 'session-start',
      details: { ...details, rulesVersion: 1, session: this.#session },
      sequence: 0,
    });
    await this.#trail.flush();
  }

  /**
   * It goes on; what the checkpoint made final and the trail does not have is told.
   * @param stored of the checkpoint; null: there is none, or it was made without a trail
   * @param trades that the checkpoint made final
   * @throws StoreError
   */
  async goOn(
    stored: StoredAudit | null,
    trades: readonly StoredTrades[],
    recovery: Omit<Extract<AuditEntry, { kind: 'recovery' }>['details'], 'session'>,
  ): Promise<void> {
    const from = stored?.trail === this.#trail.id ? stored.from : 0;
    const told = await readTold(this.#trail, this.#session, from);
    this.#toldItems = told.items;
    this.#tradesUntil = Math.max(told.tradesUntil, stored?.toldUntil ?? -1);
    this.#trail.append({ kind: 'recovery', details: { ...recovery, session: this.#session } });
    this.#rowsTold = plus(stored?.rowsTold ?? {}, told.rows);
    if (stored === null) {
      this.#rowsTold = this.#baseline({});
      return this.#trail.flush();
    }
    this.#rulesVersion = stored.rulesVersion;
    this.#tellInOrder(stored.items, trades.map(named));
    this.#tellRows(stored.rows, null);
    this.#rowsTold = this.#baseline(stored.rows);
    await this.#trail.flush();
  }

  /** @returns whether the event was for the trail alone */
  take(event: SessionEvent): boolean {
    switch (event.kind) {
      case 'happened':
        this.#items.push({ sequence: event.sequence, entry: event.entry });
        return true;
      case 'barrier': {
        const { checkpointId, sequence, quarantined } = event;
        this.#marks.push({ checkpointId, items: this.#items.length, sequence, rows: quarantined });
        return false;
      }
      default:
        return false;
    }
  }

  /** The number of workers changed, or could not; what did not happen is not told. */
  rescaled({ from, to, pauseMs, status }: RescaleInfo): void {
    if (status === 'completed') this.#trail.append({ kind: 'rescale', details: { from, to, pauseMs } });
  }

  /** Before the checkpoint becomes complete: what was told so far is stored for good. @throws StoreError */
  async prepare(checkpointId: number): Promise<StoredAudit> {
    await this.#trail.flush();
    const mark = this.#marks.find((one) => one.checkpointId === checkpointId);
    return {
      trail: this.#trail.id,
      from: this.#trail.count,
      toldUntil: this.#tradesUntil,
      rulesVersion: this.#rulesVersion,
      items: this.#items.slice(0, mark?.items ?? 0),
      rowsTold: this.#rowsTold,
      rows: mark?.rows ?? this.#rowsTold,
    };
  }

  /** The checkpoint is complete: its trades, and what happened before its barrier, are told. */
  complete(checkpointId: number, trades: NamedTrades): void {
    const mark = this.#marks.find((one) => one.checkpointId === checkpointId);
    // Without a barrier of its own it is the end: nothing comes any more.
    const items = this.#items.splice(0, mark?.items ?? this.#items.length);
    this.#tellInOrder(items, [trades]);
    if (mark !== undefined) this.#tellRows(mark.rows, mark.sequence);
    this.#marks = this.#marks
      .filter((one) => one.checkpointId > checkpointId)
      .map((one) => ({ ...one, items: one.items - items.length }));
  }

  /** It is over; so trades and rows since the last checkpoint are told. Resolves once they are stored. @throws StoreError */
  async end(
    details: { readonly outcome: string; readonly quotes: number; readonly trades: number },
    rest: NamedTrades,
    rows: RowCounts,
  ): Promise<void> {
    this.#tellInOrder(this.#items.splice(0), [rest]);
    this.#marks = [];
    this.#tellRows(rows, details.quotes);
    this.#trail.append({ kind: 'session-end', details, sequence: details.quotes });
    await this.#trail.flush();
  }

  /** A trade of the session that was told, looked for from the beginning of the trail. @throws StoreError */
  findTrade(id: string): Promise<DecidedTrade | null> {
    return readTrade(this.#trail, this.#session, id);
  }

  /** Rules of the session that were told. @throws StoreError */
  findRules(version: number): Promise<RulesDocument | null> {
    return readRules(this.#trail, this.#session, version);
  }

  /** A control stands ahead of the quote of its sequence. */
  #tellInOrder(items: readonly AuditItem[], trades: readonly NamedTrades[]): void {
    let next = 0;
    for (const { words, at, nameOf } of inOrder(trades)) {
      const sequence = words[at + SEQUENCE_WORD];
      while (next < items.length && items[next].sequence <= sequence) this.#tellItem(items[next++]);
      if (sequence <= this.#tradesUntil) continue;
      const trade = tradeMessage(words, at, nameOf(words[at + SYMBOL_WORD]));
      const details = { ...trade, rulesVersion: this.#rulesVersion, decision: tradeDecision(words, at) };
      this.#trail.append({ kind: 'trade', details, sequence });
      this.#tradesUntil = sequence;
    }
    for (; next < items.length; next += 1) this.#tellItem(items[next]);
  }

  #tellItem({ sequence, entry }: AuditItem): void {
    if (entry.kind === 'rules') this.#rulesVersion = entry.details.version;
    const key = placeKey(entry, sequence);
    const times = this.#toldItems.get(key) ?? 0;
    if (times > 0) this.#toldItems.set(key, times - 1);
    else this.#trail.append({ ...entry, sequence });
  }

  /** Those that were quarantined since they were told last. */
  #tellRows(rows: RowCounts, sequence: number | null): void {
    const since = Object.entries(rows).map(
      ([reason, count]) => [reason, count - (this.#rowsTold[reason] ?? 0)] as const,
    );
    const more = Object.fromEntries(since.filter(([, count]) => count > 0));
    if (Object.keys(more).length === 0) return;
    this.#trail.append({ kind: 'quarantine', details: { rows: more }, sequence });
    this.#rowsTold = plus(this.#rowsTold, more);
  }

  /** Rows that do not come again are counted on from the checkpoint; others are told when they exceed what was told. */
  #baseline(rows: RowCounts): RowCounts {
    const again = Object.entries(this.#rowsTold).filter(([reason]) => this.#comesAgain(reason));
    const remembered = Object.entries(rows).filter(([reason]) => !this.#comesAgain(reason));
    return Object.fromEntries([...again, ...remembered]);
  }
}

function named({ words, symbols }: StoredTrades): NamedTrades {
  return { words, trades: words.length / TRADE_WORDS, nameOf: (symbol) => symbols.get(symbol) as string };
}

function plus(left: RowCounts, right: RowCounts): RowCounts {
  const sum: Record<string, number> = { ...left };
  for (const [reason, rows] of Object.entries(right)) sum[reason] = (sum[reason] ?? 0) + rows;
  return sum;
}

/** Places of trades in the order of their quotes. */
function inOrder(trades: readonly NamedTrades[]): { words: Float64Array; at: number; nameOf: NamedTrades['nameOf'] }[] {
  const places = trades.flatMap(({ words, trades: count, nameOf }) =>
    Array.from({ length: count }, (_, index) => ({ words, at: index * TRADE_WORDS, nameOf })),
  );
  return places.sort((left, right) => left.words[left.at + SEQUENCE_WORD] - right.words[right.at + SEQUENCE_WORD]);
}

/** What could not be recovered, in sentences. */
export function lostTexts(refused: readonly RefusedCheckpoint[]): string[] {
  return refused.map(({ id, problem }) => `Checkpoint ${id} could not be used: ${problem}`);
}
