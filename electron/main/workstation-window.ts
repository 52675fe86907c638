import { BrowserWindow, MessageChannelMain, screen, type WebContents } from 'electron';
import {
  PAGE_URL,
  PORT_CHANNEL,
  SAFE_PAGE_URL,
  type Appearance,
  type PortEvent,
  type WindowPlace,
} from '../contract/channels.ts';
import type { EngineEvent } from '../../engine/contract/window.ts';
import { Courier } from './courier.ts';
import { CrashBudget } from './crash-budget.ts';
import { BEAT_EVERY_MS, Heartbeat } from './heartbeat.ts';
import { closedPage } from './lockdown.ts';
import { clampToDisplays, WINDOW_SIZE_DEFAULT, WINDOW_SIZE_MIN } from './window-place.ts';

/**
 * The one window of the workstation: its page, its port, its place, and what happens when the page dies or hangs. It may
 * be closed and made anew at any time; the engine neither knows nor cares.
 */
const PLACE_SETTLES_MS = 250;
/** A page that cannot say it is ready (a broken bundle) is shown all the same, so that a person sees something. */
const SHOW_ANYWAY_MS = 4000;
const BACKGROUND: Readonly<Record<Appearance, string>> = { dark: '#0b0e13', light: '#f4f5f7' };

export interface WindowDependencies {
  readonly preload: string;
  readonly monotonicMs: () => number;
  readonly onKillShortcut: () => void;
  /** The window is gone; another may be made at any time. */
  readonly onClosed: () => void;
  readonly log: (line: string) => void;
}

/** More clicks than that, on a menu whose page does not come, mean no more. */
const WAITING_ACTIONS_MAX = 8;

export class WorkstationWindow {
  readonly #dependencies: WindowDependencies;
  readonly #budget = new CrashBudget();
  readonly #heartbeat = new Heartbeat();
  #window: BrowserWindow | null = null;
  #courier: Courier | null = null;
  #waiting: Exclude<PortEvent, { kind: 'engine' }>[] = [];
  #appearance: Appearance = 'dark';
  #placed = false;

  constructor(dependencies: WindowDependencies) {
    this.#dependencies = dependencies;
  }

  get browserWindow(): BrowserWindow | null {
    return this.#window;
  }

  owns(contents: WebContents): boolean {
    return this.#window !== null && !this.#window.isDestroyed() && this.#window.webContents.id === contents.id;
  }

  /** Brings the window to the front, making it first when there is none. */
  reveal(): void {
    if (this.#window === null) {
      this.#open();
      return;
    }
    if (this.#window.isMinimized()) this.#window.restore();
    this.#window.show();
    this.#window.focus();
  }

  carry(event: EngineEvent): void {
    this.#courier?.carry(event);
  }

  /** An entry of the menu that was chosen before the page was there waits for it; what else is told belongs to the moment. */
  tell(event: Exclude<PortEvent, { kind: 'engine' }>): void {
    if (this.#courier !== null) this.#courier.tell(event);
    else if (event.kind === 'menu' && this.#waiting.length < WAITING_ACTIONS_MAX) this.#waiting.push(event);
  }

  setAppearance(appearance: Appearance): void {
    this.#appearance = appearance;
    this.#window?.setBackgroundColor(BACKGROUND[appearance]);
  }

  /** Makes a fresh port for a page that has just been loaded; the page before it is gone, and so is its port. */
  connect(): void {
    if (this.#window === null) return;
    this.#courier?.dispose();
    const { port1, port2 } = new MessageChannelMain();
    this.#heartbeat.reset();
    this.#courier = new Courier({
      port: port1,
      monotonicMs: this.#dependencies.monotonicMs,
      onHeartbeat: () => this.#heartbeat.beat(this.#dependencies.monotonicMs()),
      log: this.#dependencies.log,
    });
    this.#window.webContents.postMessage(PORT_CHANNEL, null, [port2]);
    for (const event of this.#waiting) this.#courier.tell(event);
    this.#waiting = [];
  }

  /** The page is drawn. Its remembered place counts once per window: a reload must not move the window. */
  ready(place: WindowPlace | null): void {
    const window = this.#window;
    if (window === null) return;
    if (!this.#placed && place !== null) {
      const displays = screen.getAllDisplays().map((display) => display.workArea);
      const { maximized, ...bounds } = clampToDisplays(place, displays);
      window.setBounds(bounds);
      if (maximized) window.maximize();
    }
    this.#placed = true;
    if (!window.isVisible()) window.show();
  }

  #open(): void {
    const { workArea } = screen.getPrimaryDisplay();
    const window = new BrowserWindow({
      width: Math.min(WINDOW_SIZE_DEFAULT.width, workArea.width),
      height: Math.min(WINDOW_SIZE_DEFAULT.height, workArea.height),
      minWidth: Math.min(WINDOW_SIZE_MIN.width, workArea.width),
      minHeight: Math.min(WINDOW_SIZE_MIN.height, workArea.height),
      show: false,
      title: 'FlinkTrade',
      backgroundColor: BACKGROUND[this.#appearance],
      autoHideMenuBar: true,
      webPreferences: {
        ...closedPage(this.#dependencies.preload),
        navigateOnDragDrop: false,
      },
    });
    this.#window = window;
    this.#placed = false;
    const stop = [this.#watchPlace(window), this.#watchPage(window), this.#watchHeartbeat(window)];
    const showAnyway = setTimeout(() => {
      if (!window.isDestroyed() && !window.isVisible()) window.show();
    }, SHOW_ANYWAY_MS);
    window.on('closed', () => {
      clearTimeout(showAnyway);
      for (const end of stop) end();
      this.#courier?.dispose();
      this.#courier = null;
      this.#window = null;
      this.#dependencies.onClosed();
    });
    this.#load(window, PAGE_URL);
  }

  #load(window: BrowserWindow, url: string): void {
    window.loadURL(url).catch((error: unknown) => this.#dependencies.log(`Loading ${url} failed: ${String(error)}.`));
  }

  #watchPage(window: BrowserWindow): () => void {
    const { webContents } = window;
    webContents.on('render-process-gone', (_event, details) => {
      this.#courier?.dispose();
      this.#courier = null;
      this.#heartbeat.reset();
      this.#dependencies.log(`The page died: ${details.reason}, exit code ${details.exitCode}.`);
      if (details.reason === 'clean-exit' || window.isDestroyed()) return;
      const verdict = this.#budget.died(this.#dependencies.monotonicMs());
      // Not within the event itself: the process that died is still being cleared away.
      setImmediate(() => {
        if (!window.isDestroyed()) this.#load(window, verdict === 'reload' ? PAGE_URL : SAFE_PAGE_URL);
      });
    });
    webContents.on('before-input-event', (event, input) => {
      if (input.type !== 'keyDown' || !isKillShortcut(input)) return;
      // Seen here, in the main process, before the page: it works while the page hangs.
      event.preventDefault();
      this.#dependencies.onKillShortcut();
    });
    return () => undefined;
  }

  #watchHeartbeat(window: BrowserWindow): () => void {
    const timer = setInterval(() => {
      if (window.isDestroyed() || window.webContents.isDevToolsOpened()) return;
      if (!this.#heartbeat.look(this.#dependencies.monotonicMs())) return;
      this.#heartbeat.reset();
      this.#dependencies.log('The page gave no sign of life; it is ended and loaded again.');
      window.webContents.forcefullyCrashRenderer();
    }, BEAT_EVERY_MS);
    return () => clearInterval(timer);
  }

  #watchPlace(window: BrowserWindow): () => void {
    let settle: NodeJS.Timeout | undefined;
    const changed = (): void => {
      clearTimeout(settle);
      settle = setTimeout(() => {
        if (window.isDestroyed() || !this.#placed || window.isMinimized()) return;
        const place = { ...window.getNormalBounds(), maximized: window.isMaximized() };
        this.tell({ kind: 'place', place });
      }, PLACE_SETTLES_MS);
    };
    window.on('resize', changed);
    window.on('move', changed);
    window.on('maximize', changed);
    window.on('unmaximize', changed);
    return () => clearTimeout(settle);
  }
}

/** Ctrl+Shift+K, on macOS Command+Shift+K. */
function isKillShortcut(input: {
  key: string;
  control: boolean;
  meta: boolean;
  shift: boolean;
  alt: boolean;
}): boolean {
  const command = process.platform === 'darwin' ? input.meta : input.control;
  return command && input.shift && !input.alt && input.key.toLowerCase() === 'k';
}
