import type { AppInfo, ChosenFile, FileKind, Launch, MenuAction } from '../../electron/contract/channels.ts';
import type { FlinkTradeApi } from '../../electron/contract/preload-api.ts';
import type { BarInterval } from '../../engine/contract/bars.ts';
import type { AutoscaleSettings, SessionRequest, Speed } from '../../engine/contract/window.ts';
import { checkRules, readRules } from '../../engine/contract/rules-schema.ts';
import { FrameLoop } from '../drawing/frame-loop.ts';
import { positionsCsv } from '../features/positions/position-csv.ts';
import { tradesCsv } from '../features/trades/trade-csv.ts';
import { MemoryKeeper } from '../persistence/memory-keeper.ts';
import { readSettings } from '../persistence/stored-settings.ts';
import { BarStore } from '../stores/bar-store.ts';
import { ChartStore } from '../stores/chart-store.ts';
import { makeLayoutStore } from '../stores/layout-store.ts';
import { baseName, fileOfPath, makeOpenDraftStore } from '../stores/open-draft-store.ts';
import { OrderStore } from '../stores/order-store.ts';
import { PositionView } from '../stores/position-view.ts';
import { RowStore } from '../stores/row-store.ts';
import { makeRulesStore } from '../stores/rules-store.ts';
import { isActive, makeSessionStore } from '../stores/session-store.ts';
import { gatewayOf, makeSettingsStore, type ChartInterval } from '../stores/settings-store.ts';
import { TradeStore } from '../stores/trade-store.ts';
import { EngineLink } from './engine-link.ts';
import { EventRouter } from './event-router.ts';
import { runMenuAction } from './menu-actions.ts';

/** Any number: the sample is the same for the same seed, and a demo should look the same each time. */
const SAMPLE_SEED = 20_131_007;
const SETTINGS_SETTLE_MS = 300;
/** Names come with the first quotes; after this long a remembered symbol is not one of this session. */
const UNKNOWN_SYMBOL_MS = 3000;
export const SPEEDS: readonly Speed[] = [
  ...[1, 2, 5, 10, 60, 600].map((factor) => ({ kind: 'times', factor }) as const),
  { kind: 'max' },
];

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
  appInfo: AppInfo | null = null;

  readonly #api: FlinkTradeApi;
  readonly #link: EngineLink;
  #requests = 0;
  /** What this window opened last; null: what is open was open before it. */
  #opened: { readonly inputs: SessionRequest['inputs']; readonly positionsPath: string | null } | null = null;
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
      onLaunchWaiting: () => void this.#takeLaunch(false),
      onLeftOut: (frames) => {
        this.session.addLeftOut(frames);
        this.#askForChart();
      },
      onRefused: (reason) => this.layout.say('bad', reason),
    });
    this.frameLoop.setEngineClock(this.#link.clock.toEngineMs);
  }

  /** Reads the memory, connects, shows the window, and does what the command line asked for. */
  async start(): Promise<void> {
    const remembered = await this.memory.open();
    this.settings.set(readSettings(remembered.settings));
    this.#rememberRules(remembered.rules, remembered.savedRules);
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
    await this.#takeLaunch(true);
  }

  // --- session ---

  playSample(): void {
    this.#whenFree('the sample', () => {
      this.#open({ kind: 'sample', seed: SAMPLE_SEED }, null, false);
      this.layout.show(null);
    });
  }

  openDrafted(): void {
    const { sessionFiles, positionsFile, startPaused } = this.openDraft.getState();
    if (sessionFiles.length === 0) return;
    const paths = sessionFiles.map((file) => file.path);
    this.#whenFree(sessionFiles.map((file) => file.name).join(', '), () => {
      this.#open({ kind: 'files', paths }, positionsFile?.path ?? null, startPaused);
      this.layout.show(null);
    });
  }

  /** Connects to the live feed whose address was typed. */
  connectFeed(): void {
    const { feedUrl, feedAnew, positionsFile } = this.openDraft.getState();
    const url = feedUrl.trim();
    if (url === '') return;
    this.#whenFree(url, () => {
      this.#open({ kind: 'live', url, anew: feedAnew }, positionsFile?.path ?? null, false);
      this.openDraft.set({ feedAnew: false });
      if (isPublicAddress(url)) this.settings.set({ feedUrl: url });
      this.layout.show(null);
    });
  }

  async choose(kind: FileKind): Promise<void> {
    this.take(kind, await this.#api.chooseFiles(kind));
  }

  async drop(kind: 'session' | 'positions', files: readonly File[]): Promise<void> {
    const chosen = await this.#api.announceDropped(files);
    if (chosen.length === 0)
      this.layout.say('bad', 'Nothing was opened: what was dropped is not a file on this machine.');
    this.take(kind, chosen);
  }

  /** Files that a person chose go into the next session, which the session dialog shows. */
  take(kind: FileKind, files: readonly ChosenFile[]): void {
    const [first] = files;
    if (first === undefined) return;
    if (kind === 'session') this.openDraft.set({ sessionFiles: files });
    if (kind === 'positions') this.usePositions(first);
    if (kind === 'profile') this.openDraft.set({ profile: first.path });
    this.layout.show('session');
  }

  usePositions(positionsFile: ChosenFile | null): void {
    this.openDraft.set({ positionsFile });
    this.memory.keepPositionsPath(positionsFile?.path ?? null);
  }

  async forgetSession(key: string): Promise<void> {
    this.openDraft.set({ recent: await this.memory.forgetSession(key) });
  }

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
    this.#requests += 1;
    this.#link.send({ kind: 'ask-symbol-state', requestId: this.#requests, symbol, asOf, since });
  }

  /** Shows why a trade was made as it was. */
  explainTrade(tradeId: string): void {
    this.#requests += 1;
    this.session.setTradeExplained(null);
    this.layout.show('trade');
    this.#link.send({ kind: 'ask-trade', requestId: this.#requests, tradeId });
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
    const at = SPEEDS.findIndex((one) => isSameSpeed(one, speed));
    const next = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + by))];
    if (next !== undefined) this.setSpeed(next);
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

  /** Opens once more what is open, so that its bars are built. */
  openAgain(): void {
    const again = this.#opened;
    if (again === null) return;
    this.#whenFree('it again, with bars,', () => this.#open(again.inputs, again.positionsPath, false));
  }

  get canOpenAgain(): boolean {
    return this.#opened !== null;
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

  // --- rules ---

  applyRules(): void {
    const document = this.rules.checkedDraft();
    if (document === null) return;
    this.memory.keepRules(document);
    if (!isActive(this.session.getState().status)) {
      // Nothing runs: the next session starts with them.
      this.rules.applied(null, document, 0);
      this.rules.revert();
      this.layout.say('good', 'Rules saved. The next session starts with them.');
      return;
    }
    const requestId = this.#nextRequest();
    this.rules.sent(requestId);
    this.#link.send({ kind: 'apply-rules', requestId, rules: document });
  }

  async importRules(): Promise<void> {
    const answer = await this.#api.importRules();
    if (answer.kind === 'cancelled') return;
    if (answer.kind === 'failed') {
      this.rules.setImportProblems([answer.reason]);
      return;
    }
    const read = readRules(answer.text);
    if (read.ok) {
      this.rules.load(read.value);
      this.layout.say('good', `${baseName(answer.path)} is loaded. Apply it to make it hold.`);
    } else {
      this.rules.setImportProblems(read.problem.map((problem) => `${baseName(answer.path)}: ${problem.message}`));
    }
  }

  async exportRules(): Promise<void> {
    const document = this.rules.checkedDraft();
    if (document !== null) await this.#export('rules', 'rules.json', `${JSON.stringify(document, null, 2)}\n`);
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

  #open(inputs: SessionRequest['inputs'], positionsPath: string | null, startPaused: boolean): void {
    const { profile } = this.openDraft.getState();
    const session: SessionRequest = {
      inputs,
      profile: inputs.kind === 'sample' ? null : profile,
      positionsPath,
      rules: this.rules.getState().kept,
      workers: this.settings.getState().workers,
      speed: this.session.getState().speed,
      startPaused,
      bars: this.#barInterval() === null ? 'none' : 'built',
      gateway: gatewayOf(this.settings.getState()),
    };
    this.#opened = { inputs, positionsPath };
    this.#link.send({ kind: 'open', requestId: this.#nextRequest(), session });
    if (inputs.kind !== 'files') return;
    void this.memory
      .keepSession({ paths: inputs.paths, positionsPath, profile })
      .then((recent) => this.openDraft.set({ recent }));
  }

  /** Opening a session ends the one that plays: that is asked first. */
  #whenFree(what: string, open: () => void): void {
    const { status, isKnown } = this.session.getState();
    if (!isKnown) {
      // Whether a session was interrupted is being looked for: opening another now would give it up unseen.
      this.#whenKnown(() => this.#whenFree(what, open));
      return;
    }
    const isKept = status.kind === 'failed' && status.isKept === true;
    if (!isActive(status) && !isKept) {
      open();
      return;
    }
    this.layout.ask({
      title: isKept ? 'Give up the session that is kept?' : 'End the running session?',
      text: isKept
        ? `A session that failed is kept and can be gone on with. Opening ${what} gives it up for good.`
        : `A session is running. Opening ${what} ends it; its trades and positions leave the window.`,
      action: isKept ? 'Give it up and open' : 'End it and open',
      onYes: open,
    });
  }

  /** Acts once the engine has said whether a session is open. */
  #whenKnown(act: () => void): void {
    if (this.session.getState().isKnown) {
      act();
      return;
    }
    const stop = this.session.subscribe(({ isKnown }) => {
      if (!isKnown) return;
      stop();
      act();
    });
  }

  /** A program that is started again the way it was started before has its session back already. */
  #isOpen(launch: Launch): boolean {
    const { session, status } = this.session.getState();
    if (!isActive(status) || session === null) return false;
    if (launch.kind === 'sample') return session.mode === 'simulated';
    return launch.sessionPaths.join('\n') === session.inputs.join('\n');
  }

  async #takeLaunch(isStart: boolean): Promise<void> {
    const launch: Launch | null = await this.#api.takeLaunch();
    if (launch === null) return;
    this.#whenKnown(() => this.#launch(launch, isStart));
  }

  #launch(launch: Launch, isStart: boolean): void {
    if (isStart && this.#isOpen(launch)) return;
    if (launch.kind === 'sample') {
      this.playSample();
      return;
    }
    this.openDraft.set({
      sessionFiles: launch.sessionPaths.map(fileOfPath),
      positionsFile: launch.positionsPath === null ? null : fileOfPath(launch.positionsPath),
      profile: null,
    });
    this.openDrafted();
  }

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

  #rememberRules(current: unknown, saved: readonly { readonly name: string; readonly document: unknown }[]): void {
    const checked = current === null ? null : checkRules(current);
    if (checked?.ok === true) this.rules.keep(checked.value);
    if (checked?.ok === false) {
      this.layout.say('bad', 'The remembered rules do not hold with this version; the defaults are used instead.');
    }
    this.rules.setSaved(
      saved.flatMap(({ name, document }) => {
        const read = checkRules(document);
        return read.ok ? [{ name, document: read.value }] : [];
      }),
    );
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

/** A password or a key in an address is not kept on disk. */
function isPublicAddress(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { username, password, search } = new URL(url);
  return username === '' && password === '' && search === '';
}

export function isSameSpeed(left: Speed, right: Speed): boolean {
  if (left.kind === 'max' || right.kind === 'max') return left.kind === right.kind;
  return left.factor === right.factor;
}

export function speedText(speed: Speed): string {
  return speed.kind === 'max' ? 'max' : `\u00d7${speed.factor}`;
}
