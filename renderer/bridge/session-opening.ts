import type { ChosenFile, FileKind, Launch } from '../../electron/contract/channels.ts';
import type { FlinkTradeApi } from '../../electron/contract/preload-api.ts';
import type { BarInterval } from '../../engine/contract/bars.ts';
import type { EngineCommand, SessionRequest } from '../../engine/contract/window.ts';
import type { MemoryKeeper } from '../persistence/memory-keeper.ts';
import type { LayoutStore } from '../stores/layout-store.ts';
import { fileOfPath, type OpenDraftStore } from '../stores/open-draft-store.ts';
import type { RulesStore } from '../stores/rules-store.ts';
import { isActive, type SessionStore } from '../stores/session-store.ts';
import { gatewayOf, type SettingsStore } from '../stores/settings-store.ts';

/** Any number: the sample is the same for the same seed, and a demo should look the same each time. */
const SAMPLE_SEED = 20_131_007;

/** What a session is opened with: the household. */
export interface OpeningHost {
  readonly api: Pick<FlinkTradeApi, 'announceDropped' | 'chooseFiles' | 'takeLaunch'>;
  readonly session: SessionStore;
  readonly settings: SettingsStore;
  readonly rules: RulesStore;
  readonly layout: LayoutStore;
  readonly openDraft: OpenDraftStore;
  readonly memory: MemoryKeeper;
  readonly send: (command: EngineCommand) => void;
  readonly nextRequest: () => number;
  /** null: the chart shows quotes, no bars. */
  readonly barInterval: () => BarInterval | null;
}

/**
 * How a session comes to be opened: the sample, files that were chosen, dropped or named on the command line, a live feed.
 * None takes the place of one that runs, or that can be gone on with, before a person has said so.
 */
export class SessionOpening {
  readonly #host: OpeningHost;
  /** What this window opened last; null: what is open was open before it. */
  #opened: { readonly inputs: SessionRequest['inputs']; readonly positionsPath: string | null } | null = null;

  constructor(host: OpeningHost) {
    this.#host = host;
  }

  playSample(): void {
    this.#whenFree('the sample', () => {
      this.#open({ kind: 'sample', seed: SAMPLE_SEED }, null, false);
      this.#host.layout.show(null);
    });
  }

  openDrafted(): void {
    const { sessionFiles, positionsFile, startPaused } = this.#host.openDraft.getState();
    if (sessionFiles.length === 0) return;
    const paths = sessionFiles.map((file) => file.path);
    this.#whenFree(sessionFiles.map((file) => file.name).join(', '), () => {
      this.#open({ kind: 'files', paths }, positionsFile?.path ?? null, startPaused);
      this.#host.layout.show(null);
    });
  }

  /** Connects to the live feed whose address was typed. */
  connectFeed(): void {
    const { feedUrl, feedAnew, positionsFile } = this.#host.openDraft.getState();
    const url = feedUrl.trim();
    if (url === '') return;
    this.#whenFree(url, () => {
      this.#open({ kind: 'live', url, anew: feedAnew }, positionsFile?.path ?? null, false);
      this.#host.openDraft.set({ feedAnew: false });
      if (isPublicAddress(url)) this.#host.settings.set({ feedUrl: url });
      this.#host.layout.show(null);
    });
  }

  async choose(kind: FileKind): Promise<void> {
    this.take(kind, await this.#host.api.chooseFiles(kind));
  }

  async drop(kind: 'session' | 'positions', files: readonly File[]): Promise<void> {
    const chosen = await this.#host.api.announceDropped(files);
    if (chosen.length === 0)
      this.#host.layout.say('bad', 'Nothing was opened: what was dropped is not a file on this machine.');
    this.take(kind, chosen);
  }

  /** Files that a person chose go into the next session, which the session dialog shows. */
  take(kind: FileKind, files: readonly ChosenFile[]): void {
    const [first] = files;
    if (first === undefined) return;
    if (kind === 'session') this.#host.openDraft.set({ sessionFiles: files });
    if (kind === 'positions') this.usePositions(first);
    if (kind === 'profile') this.#host.openDraft.set({ profile: first.path });
    this.#host.layout.show('session');
  }

  usePositions(positionsFile: ChosenFile | null): void {
    this.#host.openDraft.set({ positionsFile });
    this.#host.memory.keepPositionsPath(positionsFile?.path ?? null);
  }

  async forgetSession(key: string): Promise<void> {
    this.#host.openDraft.set({ recent: await this.#host.memory.forgetSession(key) });
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

  /** Does what the command line asked for. @param isStart of the program; else another start of it hands over */
  async takeLaunch(isStart: boolean): Promise<void> {
    const launch: Launch | null = await this.#host.api.takeLaunch();
    if (launch === null) return;
    this.#whenKnown(() => this.#launch(launch, isStart));
  }

  #open(inputs: SessionRequest['inputs'], positionsPath: string | null, startPaused: boolean): void {
    const { profile } = this.#host.openDraft.getState();
    const session: SessionRequest = {
      inputs,
      profile: inputs.kind === 'sample' ? null : profile,
      positionsPath,
      rules: this.#host.rules.getState().kept,
      workers: this.#host.settings.getState().workers,
      speed: this.#host.session.getState().speed,
      startPaused,
      bars: this.#host.barInterval() === null ? 'none' : 'built',
      gateway: gatewayOf(this.#host.settings.getState()),
    };
    this.#opened = { inputs, positionsPath };
    this.#host.send({ kind: 'open', requestId: this.#host.nextRequest(), session });
    if (inputs.kind !== 'files') return;
    void this.#host.memory
      .keepSession({ paths: inputs.paths, positionsPath, profile })
      .then((recent) => this.#host.openDraft.set({ recent }));
  }

  /** Opening a session ends the one that plays: that is asked first. */
  #whenFree(what: string, open: () => void): void {
    const { status, isKnown } = this.#host.session.getState();
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
    this.#host.layout.ask({
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
    if (this.#host.session.getState().isKnown) {
      act();
      return;
    }
    const stop = this.#host.session.subscribe(({ isKnown }) => {
      if (!isKnown) return;
      stop();
      act();
    });
  }

  /** A program that is started again the way it was started before has its session back already. */
  #isOpen(launch: Launch): boolean {
    const { session, status } = this.#host.session.getState();
    if (!isActive(status) || session === null) return false;
    if (launch.kind === 'sample') return session.mode === 'simulated';
    return launch.sessionPaths.join('\n') === session.inputs.join('\n');
  }

  #launch(launch: Launch, isStart: boolean): void {
    if (isStart && this.#isOpen(launch)) return;
    if (launch.kind === 'sample') {
      this.playSample();
      return;
    }
    this.#host.openDraft.set({
      sessionFiles: launch.sessionPaths.map(fileOfPath),
      positionsFile: launch.positionsPath === null ? null : fileOfPath(launch.positionsPath),
      profile: null,
    });
    this.openDrafted();
  }
}

/** A password or a key in an address is not kept on disk. */
function isPublicAddress(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { username, password, search } = new URL(url);
  return username === '' && password === '' && search === '';
}
