import { join } from 'node:path';
import { AUDIT_ANCHOR } from '../../connectors/audit/audit-anchor-file.node.ts';
import type { AuditEntry } from '../../connectors/audit/audit-record.ts';
import type { AuditTrail } from '../../connectors/audit/audit-trail.ts';
import { exportAudit } from '../../connectors/audit/export-audit.ts';
import { openAuditTrail } from '../../connectors/audit/open-audit-trail.node.ts';
import { TRADE_WORDS } from '../../connectors/sinks/trade-run.ts';
import { tradeMessage } from '../../connectors/sinks/trades-csv.ts';
import type { DurableStore } from '../../contract/durable-store.ts';
import type { TradeMessage } from '../../contract/window.ts';

/**
 * What a session tells its audit trail. A trade is told once, when it is final; after a crash, those that became final and
 * may have been told are looked up first. Coordinator thread only.
 */
export class SessionAudit {
  readonly #store: DurableStore;
  readonly #trail: AuditTrail;
  /** Of the rules in force, for each trade. */
  rulesVersion = 1;

  private constructor(store: DurableStore, trail: AuditTrail) {
    this.#store = store;
    this.#trail = trail;
  }

  /** @param onFailure what could not be stored when nobody was waiting for it. @throws StoreError */
  static async open(store: DurableStore, folder: string, onFailure: (error: unknown) => void): Promise<SessionAudit> {
    return new SessionAudit(store, await openAuditTrail(store, join(folder, AUDIT_ANCHOR), onFailure));
  }

  append(entry: AuditEntry): void {
    this.#trail.append(entry);
  }

  /** Trades that have become final and that nobody can have told before. */
  tellTrades(words: Float64Array, trades: number, nameOf: (symbol: number) => string): void {
    for (let at = 0; at < trades * TRADE_WORDS; at += TRADE_WORDS)
      this.#tell(tradeMessage(words, at, nameOf(words[at + 2])));
  }

  /** The same, for trades that a run before this one may have told already. */
  async tellUntold(words: Float64Array, trades: number, nameOf: (symbol: number) => string): Promise<void> {
    const untold = new Map<string, TradeMessage>();
    for (let at = 0; at < trades * TRADE_WORDS; at += TRADE_WORDS) {
      const trade = tradeMessage(words, at, nameOf(words[at + 2]));
      untold.set(trade.id, trade);
    }
    if (untold.size === 0) return;
    await this.#trail.flush();
    for await (const lines of exportAudit(this.#store)) {
      for (const line of lines.split('\n')) {
        if (!line.includes('"kind":"trade"')) continue;
        untold.delete((JSON.parse(line) as { details: TradeMessage }).details.id);
      }
    }
    for (const trade of untold.values()) this.#tell(trade);
  }

  async flush(): Promise<void> {
    await this.#trail.flush();
  }

  async close(): Promise<void> {
    await this.#trail.writeAnchor();
    await this.#trail.close();
  }

  #tell(trade: TradeMessage): void {
    const details = { ...trade, rulesVersion: this.rulesVersion };
    this.#trail.append({ kind: 'trade', details, sequence: trade.quoteSequence });
  }
}
