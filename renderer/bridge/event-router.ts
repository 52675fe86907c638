import type { EngineEvent, Problem } from '../../engine/contract/window.ts';
import type { FrameLoop } from '../drawing/frame-loop.ts';
import type { BarStore } from '../stores/bar-store.ts';
import type { ChartStore } from '../stores/chart-store.ts';
import type { OrderStore } from '../stores/order-store.ts';
import type { RowStore } from '../stores/row-store.ts';
import type { RulesStore } from '../stores/rules-store.ts';
import type { SessionStore } from '../stores/session-store.ts';
import type { TradeStore } from '../stores/trade-store.ts';

/**
 * Takes each event of the engine to the store it belongs to. Quotes and trades only mark the frame loop; what changes a
 * few times a second goes to stores that React listens to. Events of a session that is over are dropped by their epoch.
 */
export interface RoutedStores {
  readonly rows: RowStore;
  readonly trades: TradeStore;
  readonly orders: OrderStore;
  readonly chart: ChartStore;
  readonly bars: BarStore;
  readonly session: SessionStore;
  readonly rules: RulesStore;
  readonly frameLoop: FrameLoop;
  /** Wall clock, for notes of when something happened. */
  readonly wallMs: () => number;
  /** A problem that no panel shows by itself: it is said to the person. */
  readonly onProblem: (problem: Problem) => void;
  readonly onNotice: (tone: 'good' | 'bad', text: string) => void;
  /** After a hello or a new session: asks again for the symbol that the chart shows. */
  readonly onSessionStarted: () => void;
}

export class EventRouter {
  readonly #stores: RoutedStores;
  #epoch = -1;

  constructor(stores: RoutedStores) {
    this.#stores = stores;
  }

  route(event: EngineEvent): void {
    const { session, rules, rows, frameLoop } = this.#stores;
    switch (event.kind) {
      case 'welcome':
        session.connected(event.engine);
        return;
      case 'status':
        this.#status(event);
        return;
      case 'rules-applied':
        session.setAppliedRules(event.rules, event.version, this.#stores.wallMs());
        rules.applied(event.requestId, event.rules, event.version);
        return;
      case 'problem':
        session.addProblem(event.problem, this.#stores.wallMs());
        if (event.requestId !== null && rules.refused(event.requestId, event.problem)) return;
        this.#stores.onProblem(event.problem);
        return;
      case 'notice':
        this.#stores.onNotice(event.tone, event.text);
        return;
      case 'symbols':
        rows.setNames(event.first, event.names);
        frameLoop.mark();
        return;
      case 'rearm-token':
        session.setRearmToken(event.token);
        return;
      case 'server':
        session.setServer(event.server);
        return;
      case 'server-token':
        return session.setServerToken(event.token);
      case 'symbol-state':
        return session.setSymbolState(event);
      case 'trade-explained':
        return session.setTradeExplained(event);
      case 'storage':
        for (const problem of session.setStorage(event.storage, this.#stores.wallMs())) this.#stores.onProblem(problem);
        return;
      case 'job-page':
        session.setJobPage(event.page);
        return;
      case 'audit':
        session.setAudit(event.audit);
        return;
      case 'job-page':
        return;
      case 'halted':
        session.setHalted(event.halted);
        return;
      case 'rows':
      case 'trades':
      case 'trades-final':
      case 'orders':
      case 'instruments':
      case 'routing':
      case 'state':
      case 'scaling':
      case 'quarantined':
      case 'progress':
      case 'chart-history':
      case 'chart':
      case 'chart-bars':
        if (this.#isCurrent(event.epoch)) this.#ofSession(event);
        return;
      default:
        event satisfies never;
    }
  }

  #status(event: Extract<EngineEvent, { kind: 'status' }>): void {
    const { session, rows } = this.#stores;
    const before = session.getState().status.kind;
    session.setStatus(event.status, event.session);
    if (event.status.kind === 'failed') session.addProblem(event.status.problem, this.#stores.wallMs());
    if (event.status.kind === 'opening' && before !== 'opening') {
      this.#forget();
      rows.clearNames();
    }
    const hasStarted =
      event.status.kind === 'playing' || event.status.kind === 'paused' || event.status.kind === 'finished';
    if (hasStarted && (before === 'opening' || before === 'none' || before === 'failed' || before === 'recovering'))
      this.#stores.onSessionStarted();
  }

  #ofSession(event: Extract<EngineEvent, { readonly epoch: number }>): void {
    const { rows, trades, orders, chart, bars, session, frameLoop } = this.#stores;
    switch (event.kind) {
      case 'rows':
        frameLoop.markCut(rows.apply(event.frame));
        return;
      case 'trades':
        trades.add(event.first, event.trades);
        chart.addTrades(event.trades);
        frameLoop.mark();
        return;
      case 'trades-final':
        trades.setFinal(event.count);
        frameLoop.mark();
        return;
      case 'orders':
        orders.setOutcomes(event.outcomes);
        frameLoop.mark();
        return;
      case 'instruments':
        orders.setInstruments(event.instruments);
        frameLoop.mark();
        return;
      case 'routing':
        orders.setRouting(event.routing);
        return;
      case 'state':
        session.setState(event.state);
        return;
      case 'scaling':
        session.setScaling(event.scaling);
        return;
      case 'quarantined':
        session.addQuarantined(event.rows);
        return;
      case 'progress':
        session.setProgress(event.progress);
        frameLoop.mark();
        return;
      case 'chart-history':
        chart.setHistory(event.symbol, event.samples, event.trades);
        frameLoop.mark();
        return;
      case 'chart':
        chart.add(event.symbol, event.samples);
        frameLoop.mark();
        return;
      case 'chart-bars':
        bars.take(event.symbol, event.interval, event.part, event.bars);
        frameLoop.mark();
        return;
      default:
        event satisfies never;
    }
  }

  /** An older session's event is late post; a newer one's means that what is shown is over. */
  #isCurrent(epoch: number): boolean {
    if (epoch < this.#epoch) return false;
    if (epoch > this.#epoch) {
      if (this.#epoch >= 0) this.#forget();
      this.#epoch = epoch;
    }
    return true;
  }

  #forget(): void {
    const { rows, trades, orders, chart, bars, session, frameLoop } = this.#stores;
    rows.clear();
    trades.clear();
    orders.clear();
    chart.choose(chart.symbol);
    bars.forget();
    session.forgetSession();
    frameLoop.mark();
  }
}
