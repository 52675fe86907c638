import { BrowserWindow, MessageChannelMain, session, type MessagePortMain } from 'electron';
import type { StoreEvent } from '../../engine/contract/store-events.ts';
import type { VaultCall, VaultLabel, VaultResult } from '../../engine/contract/vault-messages.ts';
import {
  VAULT_HOST,
  VAULT_PORT_CHANNEL,
  VAULT_URL,
  vaultPageMessageSchema,
  type VaultPageRequest,
  type VaultPageResult,
} from '../contract/vault-port.ts';
import { servePages } from './app-scheme.ts';
import { CrashBudget } from './crash-budget.ts';
import { BEAT_EVERY_MS, Heartbeat } from './heartbeat.ts';
import { closedPage, guardSession } from './lockdown.ts';
import type { VaultPartition } from './vault-partition.ts';

export interface VaultWindowDependencies {
  readonly label: VaultLabel;
  readonly partition: VaultPartition;
  readonly preload: string;
  /** Folder of the pages. */
  readonly pages: string;
  /** Whether so many bytes, and what LevelDB needs around them, can be written without filling the disk. */
  readonly hasRoomFor: (bytes: number) => Promise<boolean>;
  readonly monotonicMs: () => number;
  readonly wallMs: () => number;
  readonly tell: (event: StoreEvent) => void;
  readonly log: (line: string) => void;
}

/** Chromium closes a database two seconds after its last connection. */
const LET_GO_MS = 5000;
/** A call that broke the database twice would break it again. */
const FAILURES_MAX = 2;

/** Only what a page is asked, and asked again when it died before it answered. */
type PageCall = VaultPageRequest['call'];
interface Waiting {
  readonly call: PageCall;
  /** How often a page has failed at it. */
  failures: number;
  readonly resolve: (result: VaultResult) => void;
}

type Life =
  | { readonly kind: 'none' }
  | { readonly kind: 'starting' }
  /** Its database broke; Chromium is given the time to let go of the files. */
  | { readonly kind: 'mending' }
  /** Its page has the port, and opens its database; the refusal stays until another opening succeeds. */
  | {
      readonly kind: 'serving';
      readonly window: BrowserWindow;
      readonly port: MessagePortMain;
      state: 'opening' | 'open' | VaultResult;
    };

/**
 * One copy of the vault: a hidden window with its own session partition, whose page keeps the values in IndexedDB. It
 * outlives the visible windows. A page that dies or hangs is replaced, and every call it had not answered is asked again:
 * there is one page at a time, and each call may be done twice. Dies four times a minute: its calls are refused.
 */
export class VaultWindow {
  readonly #dependencies: VaultWindowDependencies;
  readonly #budget = new CrashBudget();
  readonly #heartbeat = new Heartbeat();
  readonly #waiting = new Map<number, Waiting>();
  readonly #beat: NodeJS.Timeout;
  readonly #guarded = new Set<string>();
  #life: Life = { kind: 'none' };
  #window: BrowserWindow | null = null;
  #numbered = 0;
  /** A start that was overtaken by another, or by a setting aside, ends without a window. */
  #starts = 0;
  /** Which store it was at its first opening: a page that is started again must find the same. */
  #instance: string | null = null;
  #ending = false;

  constructor(dependencies: VaultWindowDependencies) {
    this.#dependencies = dependencies;
    this.#beat = setInterval(() => this.#look(), BEAT_EVERY_MS);
  }

  async call(call: VaultCall): Promise<VaultResult> {
    switch (call.kind) {
      case 'close':
        // The page stays open for whoever comes next; it keeps nothing back.
        return { kind: 'done' };
      case 'set-aside':
        return { kind: 'set-aside', to: await this.#setAside() };
      case 'open':
        return this.#ask({ kind: 'open', instance: this.#instance });
      case 'put':
        return (await this.#dependencies.hasRoomFor(call.bytes.length)) ? this.#ask(call) : this.#noRoom();
      case 'remove':
        return (await this.#dependencies.hasRoomFor(0)) ? this.#ask(call) : this.#noRoom();
      default:
        return this.#ask(call);
    }
  }

  /** The program ends: what has no answer yet gets none, for a refusal would look like a fault of this copy. */
  end(): void {
    this.#ending = true;
    this.#waiting.clear();
    clearInterval(this.#beat);
  }

  #ask(call: PageCall): Promise<VaultResult> {
    if (this.#ending) return new Promise(() => undefined);
    return new Promise((resolve) => {
      const id = (this.#numbered += 1);
      this.#waiting.set(id, { call, resolve, failures: 0 });
      const life = this.#life;
      if (life.kind === 'none') void this.#start();
      if (life.kind !== 'serving' || life.state === 'opening') return;
      if (life.state === 'open' || call.kind === 'open') {
        life.port.postMessage({ id, call } satisfies VaultPageRequest);
      } else {
        this.#waiting.delete(id);
        resolve(life.state);
      }
    });
  }

  async #start(): Promise<void> {
    this.#life = { kind: 'starting' };
    const start = (this.#starts += 1);
    const { partition, label, wallMs, log } = this.#dependencies;
    try {
      // Even opening writes, and on a full disk it would break what is there.
      if (!(await this.#dependencies.hasRoomFor(0))) {
        this.#life = { kind: 'none' };
        return this.#answerAll(this.#noRoom());
      }
      const day = new Date(wallMs()).toISOString().replaceAll(/[:.]/g, '-');
      const cuts = await partition.makeSafe(day);
      for (const { file, cutBytes, copy } of cuts) {
        this.#tell(
          'log-trimmed',
          `${file} of vault ${label.toUpperCase()} ended in a torn record; ${cutBytes} bytes were cut off and are kept in ${copy}.`,
        );
      }
      const name = await partition.name();
      if (!this.#ending && start === this.#starts) this.#open(name);
    } catch (error) {
      log(`The window of vault ${label} could not be made: ${String(error)}.`);
      this.#life = { kind: 'none' };
      this.#refuseAll(`its window could not be made: ${String(error)}`);
    }
  }

  #open(partitionName: string): void {
    const { pages, preload, label, log } = this.#dependencies;
    const own = session.fromPartition(`persist:${partitionName}`);
    if (!this.#guarded.has(partitionName)) {
      this.#guarded.add(partitionName);
      guardSession(own);
      servePages(own, pages, VAULT_HOST);
    }
    const window = new BrowserWindow({
      show: false,
      width: 200,
      height: 100,
      focusable: false,
      skipTaskbar: true,
      paintWhenInitiallyHidden: false,
      title: `FlinkTrade vault ${label.toUpperCase()}`,
      webPreferences: {
        ...closedPage(preload),
        session: own,
      },
    });
    this.#window = window;
    this.#heartbeat.reset();
    window.webContents.once('did-finish-load', () => this.#connect(window));
    window.webContents.on('render-process-gone', (_event, details) => this.#died(window, details.reason));
    window.on('closed', () => this.#died(window, 'closed'));
    window.loadURL(VAULT_URL).catch((error: unknown) => log(`Loading ${VAULT_URL} failed: ${String(error)}.`));
  }

  #connect(window: BrowserWindow): void {
    if (this.#window !== window || window.isDestroyed()) return;
    const { port1: port, port2 } = new MessageChannelMain();
    port.on('message', ({ data }) => this.#receive(window, data));
    port.start();
    window.webContents.postMessage(VAULT_PORT_CHANNEL, null, [port2]);
    this.#life = { kind: 'serving', window, port, state: 'opening' };
    // The page opens its database first; what waits follows once it has. Whoever asked for the opening is answered by it.
    const id = (this.#numbered += 1);
    const call: PageCall = { kind: 'open', instance: this.#instance };
    this.#waiting.set(id, { call, resolve: () => undefined, failures: 0 });
    port.postMessage({ id, call } satisfies VaultPageRequest);
  }

  #receive(window: BrowserWindow, data: unknown): void {
    const life = this.#life;
    if (life.kind !== 'serving' || life.window !== window) return;
    const checked = vaultPageMessageSchema.safeParse(data);
    if (!checked.success) {
      this.#dependencies.log('Refused a message of a vault page: it is neither an answer nor a sign of life.');
      return;
    }
    this.#heartbeat.beat(this.#dependencies.monotonicMs());
    if (checked.data.kind === 'beat') return;
    const { id, result } = checked.data;
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    if (result.kind === 'refused' && result.reason === 'failed' && waiting.call.kind !== 'open') {
      waiting.failures += 1;
      if (waiting.failures < FAILURES_MAX) return this.#mend(result.message);
    }
    this.#waiting.delete(id);
    if (waiting.call.kind === 'open') this.#opened(life, result);
    waiting.resolve(this.#translate(result));
  }

  /** The first answer to an opening decides for everything that waits. */
  #opened(life: Extract<Life, { kind: 'serving' }>, result: VaultPageResult): void {
    if (result.kind === 'opened') {
      this.#instance = result.instance;
      if (life.state === 'open') return;
      life.state = 'open';
      for (const [id, { call }] of this.#waiting) life.port.postMessage({ id, call } satisfies VaultPageRequest);
      return;
    }
    if (life.state === 'open') return;
    const answer = this.#translate(result);
    life.state = answer;
    this.#answerAll(answer);
  }

  /**
   * The database broke at a write, of which a torn record may be left. The page is ended, and when Chromium has let go of
   * the files its logs are made safe before the next page opens them; then everything unanswered is asked again.
   */
  #mend(why: string): void {
    const { partition, label, log } = this.#dependencies;
    log(`The database of vault ${label} broke: ${why}.`);
    this.#discard();
    this.#life = { kind: 'mending' };
    const start = (this.#starts += 1);
    setTimeout(() => {
      if (this.#ending || start !== this.#starts) return;
      partition.closed();
      this.#tell('copy-restarted', `The database of vault ${label.toUpperCase()} broke (${why}) and was opened anew.`);
      void this.#start();
    }, LET_GO_MS);
  }

  #translate(result: VaultPageResult): VaultResult {
    if (result.kind === 'opened') return { kind: 'done' };
    const where = `vault ${this.#dependencies.label.toUpperCase()}`;
    return result.kind === 'refused' ? { ...result, where, message: `${where} refused to ${result.message}` } : result;
  }

  #died(window: BrowserWindow, reason: string): void {
    if (this.#window !== window || this.#ending) return;
    this.#discard();
    const where = `vault ${this.#dependencies.label.toUpperCase()}`;
    this.#dependencies.log(`The window of ${where} is gone: ${reason}.`);
    if (this.#budget.died(this.#dependencies.monotonicMs()) === 'give-up') {
      this.#refuseAll(`its window died again and again, the last time because it was ${reason}`);
      return;
    }
    this.#tell('copy-restarted', `The window of ${where} is gone (${reason}) and was started again.`);
    this.#life = { kind: 'starting' };
    // Not within the event itself: the process that died is still being cleared away.
    setImmediate(() => void this.#start());
  }

  async #setAside(): Promise<string | null> {
    const { partition } = this.#dependencies;
    this.#discard();
    this.#instance = null;
    return await partition.advance();
  }

  /** Ends the page, for sure, before another can be made: two must never write. */
  #discard(): void {
    const window = this.#window;
    this.#starts += 1;
    if (this.#life.kind === 'serving') this.#life.port.close();
    this.#life = { kind: 'none' };
    this.#window = null;
    if (window !== null && !window.isDestroyed()) window.destroy();
  }

  #refuseAll(why: string): void {
    const where = `vault ${this.#dependencies.label.toUpperCase()}`;
    this.#answerAll({ kind: 'refused', reason: 'failed', where, message: `${where} does not work: ${why}.` });
  }

  #answerAll(result: VaultResult): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { resolve } of all) resolve(result);
  }

  #noRoom(): VaultResult {
    const where = `vault ${this.#dependencies.label.toUpperCase()}`;
    const message = `There is no room on the disk of ${where}: nothing was written. Make room; it is tried again.`;
    return { kind: 'refused', reason: 'full', where, message };
  }

  #look(): void {
    const window = this.#window;
    if (window === null || window.isDestroyed() || !this.#heartbeat.look(this.#dependencies.monotonicMs())) return;
    this.#heartbeat.reset();
    window.webContents.forcefullyCrashRenderer();
  }

  #tell(kind: StoreEvent['kind'], message: string): void {
    this.#dependencies.tell({ kind, severity: 'note', copy: this.#dependencies.label, message });
  }
}
