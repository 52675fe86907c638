import type { EngineCommand, EngineEvent } from '../../engine/contract/window.ts';

/**
 * Every door between a window and the main process, in one table. There are no others:
 *
 *   REQUESTS   the window asks, main answers (ipcRenderer.invoke / ipcMain.handle). Checked for sender and shape.
 *   PORT       one MessagePort per window, made by main: engine events out, acknowledgements and pings in.
 *
 * Plain data only. A path never comes from a window unless a person chose it before (main/granted-paths.ts).
 */
export const SCHEME = 'app';
/** Never change it after a release: the origin app://workstation names the folder of the window's IndexedDB. */
export const HOST = 'workstation';
export const PAGE_URL = `${SCHEME}://${HOST}/index.html`;
export const SAFE_PAGE_URL = `${SCHEME}://${HOST}/safe.html`;

export const PORT_CHANNEL = 'flinktrade/port';

/** The table of questions: what a window may ask, with what, and what comes back. */
export interface Requests {
  /** Hands out the window's port (as a message on PORT_CHANNEL) and says what this installation is. */
  connect: { readonly request: null; readonly answer: AppInfo };
  /** The page is drawn: main puts the window where it was last and shows it. */
  ready: { readonly request: WindowPlace | null; readonly answer: null };
  command: { readonly request: EngineCommand; readonly answer: CommandAnswer };
  chooseFiles: { readonly request: FileKind; readonly answer: readonly ChosenFile[] };
  /** Only the preload sends it, with paths that the operating system gave for files a person dropped. */
  announceDropped: { readonly request: readonly string[]; readonly answer: readonly ChosenFile[] };
  exportText: { readonly request: ExportRequest; readonly answer: ExportAnswer };
  /** Main asks where to, and has the engine write it there: the engine tells when it is done. */
  exportAudit: { readonly request: null; readonly answer: AuditExportAnswer };
  importRules: { readonly request: null; readonly answer: ImportAnswer };
  /** What the command line asked for; handed out once, so that a reload does not open it again. */
  takeLaunch: { readonly request: null; readonly answer: Launch | null };
  openLink: { readonly request: LinkName; readonly answer: boolean };
  setAppearance: { readonly request: Appearance; readonly answer: null };
}
export type RequestName = keyof Requests;

export const REQUESTS: { readonly [Name in RequestName]: `flinktrade/${Name}` } = {
  connect: 'flinktrade/connect',
  ready: 'flinktrade/ready',
  command: 'flinktrade/command',
  chooseFiles: 'flinktrade/chooseFiles',
  announceDropped: 'flinktrade/announceDropped',
  exportText: 'flinktrade/exportText',
  exportAudit: 'flinktrade/exportAudit',
  importRules: 'flinktrade/importRules',
  takeLaunch: 'flinktrade/takeLaunch',
  openLink: 'flinktrade/openLink',
  setAppearance: 'flinktrade/setAppearance',
};

export interface AppInfo {
  readonly version: string;
  readonly electron: string;
  readonly chromium: string;
  readonly node: string;
  readonly platform: string;
  /** Logical processors, for the choice of workers. */
  readonly processors: number;
  /** The kill switch's shortcut that works in other programs too, or null when the system refused it. */
  readonly globalKillShortcut: string | null;
}

export type CommandAnswer = { readonly kind: 'sent' } | { readonly kind: 'refused'; readonly reason: string };

export type FileKind = 'session' | 'positions' | 'profile';

/** A file that a person chose in a dialog or dropped on the window. */
export interface ChosenFile {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
}

export type ExportKind = 'rules' | 'positions' | 'trades';
export interface ExportRequest {
  readonly kind: ExportKind;
  readonly suggestedName: string;
  readonly text: string;
}
export type ExportAnswer =
  | { readonly kind: 'saved'; readonly path: string }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly reason: string };
export type AuditExportAnswer =
  | { readonly kind: 'begun'; readonly path: string }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly reason: string };
export type ImportAnswer =
  | { readonly kind: 'read'; readonly path: string; readonly text: string }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly reason: string };

export type Launch =
  | { readonly kind: 'sample' }
  | { readonly kind: 'files'; readonly sessionPaths: readonly string[]; readonly positionsPath: string | null };

export const LINKS = { tradingview: 'https://www.tradingview.com/' } as const;
export type LinkName = keyof typeof LINKS;

export type Appearance = 'dark' | 'light';

export interface WindowPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly maximized: boolean;
}

/** What the menu asks of the page. The kill switch is not among them: main sends it to the engine itself. */
export type MenuAction =
  | 'open-session'
  | 'open-positions'
  | 'play-sample'
  | 'play-pause'
  | 'faster'
  | 'slower'
  | 'show-rules'
  | 'show-settings'
  | 'show-job'
  | 'show-problems'
  | 'show-about'
  | 'find-symbol'
  | 'toggle-theme'
  | 'rearm';

/** main -> window, over the port. */
export type PortEvent =
  /** `number` counts the engine's events to this window; the window acknowledges each. */
  | { readonly kind: 'engine'; readonly number: number; readonly event: EngineEvent }
  /** The window was too slow and events were left out on purpose: it must say hello again. */
  | { readonly kind: 'resync'; readonly leftOutFrames: number }
  | { readonly kind: 'menu'; readonly action: MenuAction }
  | { readonly kind: 'place'; readonly place: WindowPlace }
  /** A second start of the program brought files along. */
  | { readonly kind: 'launch-waiting' }
  /** `mainMs` is main's monotonic clock, the one that frames are stamped with. */
  | { readonly kind: 'pong'; readonly askedAtMs: number; readonly mainMs: number };

/** window -> main, over the port. */
export type PortMessage =
  { readonly kind: 'ack'; readonly number: number } | { readonly kind: 'ping'; readonly askedAtMs: number };

/** Posted from the preload to its own page together with the port. */
export const PORT_HANDOVER = 'flinktrade-port-handover';
