import type { AppInfo, MenuAction } from '../../electron/contract/channels.ts';
import type { FlinkTradeApi } from '../../electron/contract/preload-api.ts';
import type { BarInterval } from '../../engine/contract/bars.ts';
import type { AutoscaleSettings, EngineCommand, Speed } from '../../engine/contract/window.ts';
import { FrameLoop } from '../drawing/frame-loop.ts';
import { positionsCsv } from '../features/positions/position-csv.ts';
import { tradesCsv } from '../features/trades/trade-csv.ts';
import { MemoryKeeper } from '../persistence/memory-keeper.ts';
import { readSettings } from '../persistence/stored-settings.ts';
import { BarStore } from '../stores/bar-store.ts';
import { ChartStore } from '../stores/chart-store.ts';
import { makeLayoutStore } from '../stores/layout-store.ts';
import { fileOfPath, makeOpenDraftStore } from '../stores/open-draft-store.ts';
import { OrderStore } from '../stores/order-store.ts';
import { PositionView } from '../stores/position-view.ts';
import { RowStore } from '../stores/row-store.ts';
import { makeRulesStore } from '../stores/rules-store.ts';
import { isActive, makeSessionStore } from '../stores/session-store.ts';
import { makeSettingsStore, type ChartInterval } from '../stores/settings-store.ts';
import { TradeStore } from '../stores/trade-store.ts';
import { EngineLink } from './engine-link.ts';
import { EventRouter } from './event-router.ts';
import { runMenuAction } from './menu-actions.ts';
import { RulesDesk } from './rules-desk.ts';
import { SessionOpening } from './session-opening.ts';
import { nextSpeed } from './speeds.ts';

const SETTINGS_SETTLE_MS = 300;
/** Names come with the first quotes; after this long a remembered symbol is not one of this session. */
const UNKNOWN_SYMBOL_MS = 3000;

/**
 * The page's household: every store, the wire to the engine, and what a person can ask for. Components get it by
 * context, read the stores and call these methods; there is no other way from a click to the engine.
 */
export class Workstation {
  readonly rows = new RowStore();
  readonly view = new PositionView(this.rows);
  readonly trades = new TradeStore();
  readonly orders = new OrderStore();
  readonly chart = new ChartStore();
  readonly bars = new BarStore();
  readonly session = makeSessionStore();
  readonly settings = makeSettingsStore();
  readonly rules = makeRulesStore();
  readonly layout = makeLayoutStore();
  readonly openDraft = makeOpenDraftStore();
  readonly frameLoop = new FrameLoop({
    nowMs: () => performance.now(),
    request: (draw) => requestAnimationFrame(draw),
    cancel: (handle) => cancelAnimationFrame(handle),
  });
  readonly memory: MemoryKeeper;
  readonly opening: SessionOpening;
  readonly rulesDesk: RulesDesk;
  appInfo: AppInfo | null = null;

  readonly #api: FlinkTradeApi;
  readonly #link: EngineLink;
  #requests = 0;
  #chartUnknownSinceMs: number | null = null;

  constructor(api: FlinkTradeApi) {
    this.#api = api;
    const wallMs = (): number => Date.now();
    this.memory = new MemoryKeeper((text) => this.layout.say('bad', text), wallMs);
    const router = new EventRouter({
      ...this,
      wallMs,
      onProblem: ({ message, where }) => this.layout.say('bad', where === null ? message : `${message} (${where})`),
      onNotice: (tone, text) => this.layout.say(tone, text),
      onSessionStarted: () => this.#askForChart(),
    });
    this.#link = new EngineLink(api, {
      onEngine: (event) => router.route(event),
      onMenu: (action) => this.runMenu(action),
      onPlace: (place) => this.memory.keepWindowPlace(place),
      onLaunchWaiting: () => void this.opening.takeLaunch(false),
      onLeftOut: (frames) => {
        this.session.addLeftOut(frames);
        this.#askForChart();
      },
      onRefused: (reason) => this.layout.say('bad', reason),
    });
    const household = {
      ...this,
      send: (command: EngineCommand) => this.#link.send(command),
      nextRequest: () => this.#nextRequest(),
    };
    this.opening = new SessionOpening({ ...household, api, barInterval: () => this.#barInterval() });
    this.rulesDesk = new RulesDesk({
      ...household,
      importRules: () => api.importRules(),
      save: (kind, suggestedName, text) => this.#export(kind, suggestedName, text),
    });
    this.frameLoop.setEngineClock(this.#link.clock.toEngineMs);
  }

  /** Reads the memory, connects, shows the window, and does what the command line asked for. */
  async start(): Promise<void> {
    const remembered = await this.memory.open();
    this.settings.set(readSettings(remembered.settings));
    this.rulesDesk.remember(remembered.rules, remembered.savedRules);
    this.openDraft.remember({
      recent: remembered.sessions,
      recentPositions: remembered.positionsFiles,
      positionsFile: remembered.positionsPath === null ? null : fileOfPath(remembered.positionsPath),
      feedUrl: this.settings.getState().feedUrl,
    });
    this.#keepSettings();
    this.appInfo = await this.#link.connect();
    // The page before a reload may have been looking.
    this.watchJob(false);
    if (this.settings.getState().serverOn) this.#link.send({ kind: 'set-server', on: true });
    await this.#api.setAppearance(this.settings.getState().theme);
    await this.#api.ready(remembered.windowPlace);
    await this.opening.takeLaunch(true);
  }

  // --- session ---

  /** Programs on this machine may ask for the state of the session, or may not; kept for the next start. */
  setServer(on: boolean): void {
    this.settings.set({ serverOn: on });
    this.#link.send({ kind: 'set-server', on });
  }

  showServerToken(): void {
    this.#link.send({ kind: 'show-server-token' });
  }

  /** @param asOf a kept checkpoint; null: now @param since another one, to compare with; null: none */
  askSymbolState(symbol: string, asOf: number | null, since: number | null): void {
    this.#link.send({ kind: 'ask-symbol-state', requestId: this.#nextRequest(), symbol, asOf, since });
  }

  /** Shows why a trade was made as it was. */
  explainTrade(tradeId: string): void {
    this.session.setTradeExplained(null);
    this.layout.show('trade');
    this.#link.send({ kind: 'ask-trade', requestId: this.#nextRequest(), tradeId });
  }

  playPause(): void {
    const { kind } = this.session.getState().status;
    if (kind === 'playing') this.#link.send({ kind: 'pause' });
    if (kind === 'paused') this.#link.send({ kind: 'play' });
  }

  /** Goes on with what was kept of a session that failed. */
  recover(): void {
    this.#link.send({ kind: 'recover' });
  }

  verifyAudit(): void {
    this.#link.send({ kind: 'verify-audit' });
  }

  /** The engine tells when it is written. */
  async exportAudit(): Promise<void> {
    const answer = await this.#api.exportAudit();
    if (answer.kind === 'failed') this.layout.say('bad', answer.reason);
  }

  closeSession(): void {
    const close = (): void => {
      this.#link.send({ kind: 'close-session' });
      this.layout.show(null);
    };
    if (!isActive(this.session.getState().status)) {
      close();
      return;
    }
    this.layout.ask({
      title: 'End the running session?',
      text: 'A session is running. Closing it ends it; its trades and positions leave the window.',
      action: 'End it',
      onYes: close,
    });
  }

  setSpeed(speed: Speed): void {
    this.session.setSpeed(speed);
    if (isActive(this.session.getState().status)) this.#link.send({ kind: 'set-speed', speed });
  }

  stepSpeed(by: 1 | -1): void {
    const { speed } = this.session.getState();
    const next = nextSpeed(speed, by);
    if (next !== null) this.setSpeed(next);
  }

  // --- the job ---

  /** Its numbers come only while somebody looks at them. */
  watchJob(on: boolean): void {
    this.#link.send({ kind: 'watch-job', on });
  }

  // --- workers ---

  setWorkers(workers: number): void {
    this.#link.send({ kind: 'set-workers', workers });
  }

  setAutoscale(autoscale: AutoscaleSettings): void {
    // Shown at once, and the next change builds on it; what the engine then tells takes its place.
    const { scaling } = this.session.getState();
    if (scaling !== null) this.session.setScaling({ ...scaling, autoscale });
    this.#link.send({ kind: 'set-autoscale', autoscale });
  }

  // --- kill switch ---

  halt(): void {
    this.#link.send({ kind: 'halt', by: 'window' });
  }

  /** The first of two acts: asks the engine for a token. The second is `confirmRearm`. */
  requestRearm(): void {
    this.session.setRearmToken(null);
    this.#link.send({ kind: 'rearm-request' });
    this.layout.show('rearm');
  }

  confirmRearm(by: string): void {
    const { rearmToken } = this.session.getState();
    if (rearmToken === null) return;
    this.#link.send({ kind: 'rearm-confirm', token: rearmToken, by });
    this.session.setRearmToken(null);
    this.layout.show(null);
  }

  // --- symbols ---

  select(symbol: string | null): void {
    if (this.chart.symbol === symbol) return;
    this.settings.set({ selectedSymbol: symbol });
    this.chart.choose(symbol);
    this.bars.choose(symbol, this.#barInterval());
    this.#link.send({ kind: 'select-symbol', symbol });
  }

  tellInSight(symbols: readonly number[]): void {
    this.#link.send({ kind: 'rows-in-sight', symbols });
  }

  /** What the chart is made of. Bars are there in a session that was opened while some were chosen. */
  setChartInterval(chartInterval: ChartInterval): void {
    this.settings.set({ chartInterval });
    this.bars.choose(this.chart.symbol, this.#barInterval());
    this.#link.send({ kind: 'select-bars', interval: this.#barInterval() });
  }

  /**
   * A chart that shows nothing helps nobody: takes the first listed symbol when none is chosen, or when the chosen one is
   * still unknown to this session after a while.
   */
  ensureChart(nowMs: number): void {
    const { symbol } = this.chart;
    if (this.view.length === 0 || (symbol !== null && this.rows.find(symbol) !== null)) {
      this.#chartUnknownSinceMs = null;
      return;
    }
    this.#chartUnknownSinceMs ??= nowMs;
    if (symbol !== null && nowMs - this.#chartUnknownSinceMs < UNKNOWN_SYMBOL_MS) return;
    this.#chartUnknownSinceMs = null;
    this.select(this.rows.name(this.view.symbolAt(0)));
  }

  // --- exports, links, menu ---

  async exportPositions(): Promise<void> {
    await this.#export('positions', 'positions.csv', positionsCsv(this.rows, this.view));
  }

  async exportTrades(): Promise<void> {
    await this.#export('trades', 'trades.csv', tradesCsv(this.trades));
  }

  openLink(name: 'tradingview'): void {
    void this.#api.openLink(name);
  }

  setTheme(theme: 'dark' | 'light'): void {
    this.settings.set({ theme });
    void this.#api.setAppearance(theme);
  }

  resetSettings(): void {
    this.settings.reset();
    this.setTheme(this.settings.getState().theme);
  }

  runMenu(action: MenuAction): void {
    runMenuAction(this, action);
  }

  // --- within ---

  #askForChart(): void {
    const symbol = this.chart.symbol ?? this.settings.getState().selectedSymbol;
    if (symbol === null) return;
    this.chart.choose(symbol);
    this.bars.choose(symbol, this.#barInterval());
    this.#link.send({ kind: 'select-symbol', symbol });
    this.#link.send({ kind: 'select-bars', interval: this.#barInterval() });
  }

  #barInterval(): BarInterval | null {
    const { chartInterval } = this.settings.getState();
    return chartInterval === 'ticks' ? null : chartInterval;
  }

  /** The first change is written at once, a stream of changes (a dragged splitter) once it has settled. */
  #keepSettings(): void {
    let settle: number | undefined;
    let hasMore = false;
    const keep = (): void => {
      this.memory.keepSettings(this.settings.getState());
      hasMore = false;
      settle = window.setTimeout(() => {
        settle = undefined;
        if (hasMore) keep();
      }, SETTINGS_SETTLE_MS);
    };
    this.settings.subscribe(() => {
      if (settle === undefined) keep();
      else hasMore = true;
    });
  }

  async #export(kind: 'rules' | 'positions' | 'trades', suggestedName: string, text: string): Promise<void> {
    const answer = await this.#api.exportText({ kind, suggestedName, text });
    if (answer.kind === 'saved') this.layout.say('good', `Saved to ${answer.path}.`);
    if (answer.kind === 'failed') this.layout.say('bad', answer.reason);
  }

  #nextRequest(): number {
    this.#requests += 1;
    return this.#requests;
  }
}
