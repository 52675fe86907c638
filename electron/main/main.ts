import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { app, globalShortcut, nativeTheme, powerMonitor, session } from 'electron';
import type { AppInfo, Launch } from '../contract/channels.ts';
import type { EngineCommand } from '../../engine/contract/window.ts';
import { declareScheme, servePages } from './app-scheme.ts';
import { readArguments } from './arguments.ts';
import { BackgroundTray } from './background-tray.ts';
import { whyNotGranted } from './command-paths.ts';
import { openDoors, type Handlers } from './doors.ts';
import { EngineHost } from './engine-host.ts';
import { chooseAuditExport, chooseFiles, exportText, grantFiles, importRules } from './files.ts';
import { GrantedPaths } from './granted-paths.ts';
import { lockDown, openLink } from './lockdown.ts';
import { pressKillFile, watchKillFile } from './kill-file.ts';
import { log } from './log.ts';
import { installMenu } from './menu.ts';
import { Vault } from './vault.ts';
import { WorkstationWindow } from './workstation-window.ts';

/**
 * The main process: a supervisor. It owns the window, the engine's thread, the vault and the doors between them; it parses no quote
 * and never waits. What happens here, in order: profile folder, lock, scheme, ready, lockdown, doors, engine, window.
 */
const GLOBAL_KILL_SHORTCUT = 'CommandOrControl+Alt+Shift+K';
/** A page that does not come must not keep the state from being opened. */
const FIRST_WINDOW_MS_MAX = 3000;
const distFolder = join(import.meta.dirname, '..');
const nowMs = (): number => performance.now();

const started = readArguments(process.argv.slice(1), process.cwd());
if (started.userDataDir !== null) app.setPath('userData', started.userDataDir);

// Before any session is opened: two programs on one profile would break its IndexedDB.
if (app.requestSingleInstanceLock()) {
  declareScheme();
  app.whenReady().then(run, fail);
} else {
  app.exit(0);
}

async function run(): Promise<void> {
  lockDown();
  servePages(session.defaultSession, join(distFolder, 'renderer'));
  nativeTheme.themeSource = 'dark';

  const grants = new GrantedPaths(join(app.getPath('userData'), 'granted-paths.json'));
  await grants.load();
  let launch = grantLaunch(started.launch, grants);
  let isQuitting = false;

  const window = firstWindow();
  const vault = makeVault(window.shown);
  const host = new EngineHost({
    entry: join(distFolder, 'engine', 'workstation.js'),
    connectVault: () => vault.connect(),
    onEvent: (event) => workstation.carry(event),
    onRestarted: () => workstation.tell({ kind: 'resync', leftOutFrames: 0 }),
    monotonicMs: nowMs,
    random: Math.random,
    log,
  });
  const kill = killSwitch(host);
  const workstation = new WorkstationWindow({
    preload: join(distFolder, 'electron', 'preload.cjs'),
    monotonicMs: nowMs,
    onKillShortcut: () => kill('keyboard'),
    onClosed: () => (isQuitting ? undefined : withoutWindow(host, tray)),
    log,
  });
  const tray = new BackgroundTray({
    show: () => reveal(),
    kill: () => kill('tray'),
    quit: () => app.quit(),
    log,
  });
  const reveal = (): void => {
    tray.hide();
    workstation.reveal();
  };

  installMenu({
    act: (action) => {
      reveal();
      workstation.tell({ kind: 'menu', action });
    },
    kill: () => kill('menu'),
    showWindow: reveal,
    isPackaged: app.isPackaged,
  });
  const info = describeApp(globalShortcut.register(GLOBAL_KILL_SHORTCUT, () => kill('global shortcut')));

  const takeLaunch = (): Launch | null => {
    const taken = launch;
    launch = null;
    return taken;
  };
  const handlers = answerDoors({ host, workstation, grants, info, takeLaunch, drawn: window.drawn });
  openDoors(handlers, (contents) => workstation.owns(contents), log, nowMs);

  app.on('second-instance', (_event, argv, workingDirectory) => {
    reveal();
    const asked = grantLaunch(readArguments(argv.slice(1), workingDirectory).launch, grants);
    if (asked === null) return;
    launch = asked;
    workstation.tell({ kind: 'launch-waiting' });
  });
  app.on('activate', reveal);
  endCleanly(host, grants, () => {
    isQuitting = true;
    vault.end();
  });
  watchOutside(host);

  host.start();
  reveal();
}

/** Presses the kill switch without the page: it may hang. */
function killSwitch(host: EngineHost): (by: string) => void {
  return (by) => {
    const refusal = host.send({ kind: 'halt', by });
    if (refusal !== null) log(`The kill switch could not reach the engine: ${refusal}`);
    // Also for an engine that hangs, or is not there: the next one starts halted.
    pressKillFile(app.getPath('userData'), by).catch((error: unknown) =>
      log(`The kill switch's file could not be written: ${String(error)}`),
    );
  };
}

/** What comes from neither a window nor the menu. */
function watchOutside(host: EngineHost): void {
  watchSleep(host);
  watchForKill(host);
}

/** `flinktrade kill` makes the file. This thread has less to do than the engine's, which looks for it as well. */
function watchForKill(host: EngineHost): void {
  try {
    watchKillFile(app.getPath('userData'), () => host.send({ kind: 'halt', by: 'command' }));
  } catch (error) {
    log(`The kill switch's file is not watched; the engine looks for it by itself: ${String(error)}`);
  }
}

/** Closing the window never disturbs a session: it plays on, and the window can be had back at any time. */
function withoutWindow(host: EngineHost, tray: BackgroundTray): void {
  if (host.sessionIsActive) tray.show();
  else if (process.platform !== 'darwin') app.quit();
}

/** Settles when the first window is drawn, or when it should have been. */
function firstWindow(): { readonly shown: Promise<void>; readonly drawn: () => void } {
  let drawn = (): void => undefined;
  const shown = new Promise<void>((resolve) => {
    drawn = resolve;
    setTimeout(resolve, FIRST_WINDOW_MS_MAX);
  });
  return { shown, drawn: () => drawn() };
}

function makeVault(mayStart: Promise<void>): Vault {
  return new Vault({
    userData: app.getPath('userData'),
    preload: join(distFolder, 'electron', 'vault-preload.cjs'),
    pages: join(distFolder, 'renderer'),
    mayStart,
    monotonicMs: nowMs,
    wallMs: () => Date.now(),
    log,
  });
}

interface Household {
  readonly host: EngineHost;
  readonly workstation: WorkstationWindow;
  readonly grants: GrantedPaths;
  readonly info: AppInfo;
  readonly takeLaunch: () => Launch | null;
  readonly drawn: () => void;
}

/** What main does behind each door of the table (electron/contract/channels.ts). */
function answerDoors({ host, workstation, grants, info, takeLaunch, drawn }: Household): Handlers {
  return {
    connect: () => {
      workstation.connect();
      return info;
    },
    ready: (place) => {
      workstation.ready(place);
      drawn();
      return null;
    },
    command: (command) => {
      const refusal = whyNotGranted(command, grants) ?? host.send(command);
      return refusal === null ? { kind: 'sent' } : { kind: 'refused', reason: refusal };
    },
    chooseFiles: async (kind) => {
      const window = workstation.browserWindow;
      return window === null ? [] : await chooseFiles(window, kind, grants);
    },
    announceDropped: (paths) => grantFiles(paths, grants),
    exportText: async (request) => {
      const window = workstation.browserWindow;
      return window === null ? { kind: 'cancelled' } : await exportText(window, request);
    },
    exportAudit: async () => {
      const window = workstation.browserWindow;
      const path = window === null ? null : await chooseAuditExport(window);
      if (path === null) return { kind: 'cancelled' };
      const refusal = host.send({ kind: 'export-audit', path });
      return refusal === null ? { kind: 'begun', path } : { kind: 'failed', reason: refusal };
    },
    importRules: async () => {
      const window = workstation.browserWindow;
      return window === null ? { kind: 'cancelled' } : await importRules(window);
    },
    takeLaunch,
    openLink: (name) => openLink(name),
    setAppearance: (appearance) => {
      nativeTheme.themeSource = appearance;
      workstation.setAppearance(appearance);
      return null;
    },
  };
}

/** What was connected before the machine slept is not to be trusted after it. The engine's own clocks may not notice. */
function watchSleep(host: EngineHost): void {
  let sleptAtMs = nowMs();
  powerMonitor.on('suspend', () => {
    sleptAtMs = nowMs();
  });
  powerMonitor.on('resume', () => {
    const forMs = Math.max(0, Math.round(nowMs() - sleptAtMs));
    log(`The machine slept for ${forMs} ms as the monotonic clock tells.`);
    host.send({ kind: 'stood-still', forMs });
  });
}

/** Threads are ended before the process: one that is still running at exit can bring it down with a signal. */
function endCleanly(host: EngineHost, grants: GrantedPaths, beforeQuit: () => void): void {
  let ended = false;
  // The vault's hidden windows are windows, too; closing the visible one is what counts (onClosed in run).
  app.on('window-all-closed', () => undefined);
  app.on('before-quit', beforeQuit);
  app.on('will-quit', (event) => {
    if (ended) return;
    event.preventDefault();
    globalShortcut.unregisterAll();
    Promise.all([host.stop(), grants.settled()]).then(() => {
      ended = true;
      app.exit(0);
    }, fail);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => app.quit());
  process.on('uncaughtException', (error) => {
    // An unknown state must not go on trading.
    log(`A bug in the main process ends the program: ${error.stack ?? error.message}`);
    host.send({ kind: 'halt', by: 'main process failure' } satisfies EngineCommand);
    host.stop().then(
      () => app.exit(1),
      () => app.exit(1),
    );
  });
}

/** A file named on the command line was chosen by a person. */
function grantLaunch(asked: Launch | null, grants: GrantedPaths): Launch | null {
  if (asked?.kind !== 'files') return asked;
  const paths = asked.positionsPath === null ? asked.sessionPaths : [...asked.sessionPaths, asked.positionsPath];
  // Granted even when it is not there: the engine then says that it cannot be read, by name.
  grants.grant(paths);
  return asked;
}

function describeApp(hasGlobalKill: boolean): AppInfo {
  return {
    version: app.getVersion(),
    electron: process.versions.electron,
    chromium: process.versions.chrome ?? '',
    node: process.versions.node,
    platform: process.platform,
    processors: availableParallelism(),
    globalKillShortcut: hasGlobalKill ? GLOBAL_KILL_SHORTCUT : null,
  };
}

function fail(error: unknown): void {
  log(`FlinkTrade cannot start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  app.exit(1);
}
