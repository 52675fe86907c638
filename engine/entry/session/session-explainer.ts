import type { RulesDocument } from '../../contract/rules.ts';
import type { SessionAudit } from './session-audit.ts';
import type { SessionEvent } from './session-parameters.ts';
import { TradeDecisions, type LatestTrades } from './trade-decisions.ts';
import { WatermarkWatch } from './watermark-watch.ts';

/** Why a run of a session does what it does, beyond what its tasks know. Coordinator thread only. */
export class SessionExplainer {
  readonly decisions: TradeDecisions;
  readonly watermark: WatermarkWatch;

  /**
   * @param rules that the session began with
   * @param audit where older trades are looked for; null: nowhere
   */
  constructor(
    startTimer: (delayMs: number, wake: () => void) => () => void,
    latest: LatestTrades,
    rules: RulesDocument,
    audit: SessionAudit | null,
  ) {
    this.watermark = new WatermarkWatch(startTimer);
    this.decisions = new TradeDecisions(latest, rules, audit);
  }

  /** Takes what the source tells. */
  take(event: SessionEvent): void {
    this.decisions.take(event);
    this.watermark.take(event);
  }
}
