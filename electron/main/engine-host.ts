import { Worker, type MessagePort } from 'node:worker_threads';
import { KillLine } from '../../engine/entry/session/kill-line.ts';
import { FAILURES_IN_A_ROW_MAX, JobRestarts } from '../../engine/runtime/checkpoint/job-restarts.ts';
import type { EngineCommand, EngineEvent, SessionStatus } from '../../engine/contract/window.ts';

/**
 * Owns the thread in which the engine's coordinator runs. Main only starts it, passes words to and fro, and says so when
 * it dies; it never looks into a frame. Lives as long as the program: windows come and go without the engine noticing.
 *
 * An engine that died is started again after a moment, and goes on with the session from what is kept of it; the kill
 * switch is a file, so no crash releases it. One that dies three times in a short time stays dead, with its failure shown,
 * until a person opens a session again.
 */
type Life =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly worker: Worker }
  | { readonly kind: 'dead'; readonly reason: string };

export interface EngineHostDependencies {
  /** Path of the engine's bundle, dist/engine/workstation.js. */
  readonly entry: string;
  readonly onEvent: (event: EngineEvent) => void;
  /** Given to each engine at its start: its way to the vault, and where the vault's mark lies. */
  readonly connectVault: () => { readonly vaultPort: MessagePort; readonly markFile: string };
  /** A new engine runs; whoever shows the old one's state asks anew. */
  readonly onRestarted: () => void;
  readonly monotonicMs: () => number;
  /** 0 or more, below 1. */
  readonly random: () => number;
  readonly log: (line: string) => void;
}

export class EngineHost {
  readonly #dependencies: EngineHostDependencies;
  #life: Life = { kind: 'idle' };
  #status: SessionStatus = { kind: 'none' };
  #hasSession = false;
  readonly #restarts: JobRestarts;
  /** Of every engine it starts: what is pressed while one is dead holds for the next. */
  readonly #killLine = new KillLine();
  /** Until the next engine is started, ms; null: a person must ask for it. */
  #restartInMs: number | null = null;
  #restart: NodeJS.Timeout | undefined;

  constructor(dependencies: EngineHostDependencies) {
    this.#dependencies = dependencies;
    this.#restarts = new JobRestarts(dependencies.monotonicMs, dependencies.random);
  }

  /** True while quotes may still come: closing the last window must then not end the program. */
  get sessionIsActive(): boolean {
    const { kind } = this.#status;
    const isRecovering = kind === 'recovering' && this.#hasSession;
    return (
      this.#life.kind === 'running' && (isRecovering || kind === 'opening' || kind === 'playing' || kind === 'paused')
    );
  }

  get status(): SessionStatus {
    return this.#status;
  }

  start(): void {
    if (this.#life.kind === 'running') return;
    clearTimeout(this.#restart);
    const access = this.#dependencies.connectVault();
    const worker = new Worker(this.#dependencies.entry, {
      name: 'engine',
      workerData: { ...access, killLine: this.#killLine.memory },
      transferList: [access.vaultPort],
    });
    this.#life = { kind: 'running', worker };
    this.#status = { kind: 'none' };
    worker.on('message', (event: EngineEvent) => {
      if (event.kind === 'status') {
        this.#status = event.status;
        this.#hasSession = event.session !== null;
      }
      this.#dependencies.onEvent(event);
    });
    worker.on('error', (error) => this.#died(worker, `it failed with: ${error.message}`, error.stack));
    worker.on('messageerror', (error) => this.#died(worker, `one of its messages could not be read: ${error.message}`));
    worker.on('exit', (code) => this.#died(worker, `its thread ended with code ${code}`));
  }

  /** @returns null when sent, else why not */
  send(command: EngineCommand): string | null {
    // In front of whatever the engine's thread is at.
    if (command.kind === 'halt') this.#killLine.press();
    if (this.#life.kind !== 'running' && command.kind === 'open') {
      this.#restarts.achieved();
      this.start();
    }
    if (this.#life.kind === 'running') {
      this.#life.worker.postMessage(command);
      return null;
    }
    if (command.kind === 'hello') {
      this.#announceFailure();
      return null;
    }
    return this.#life.kind === 'dead' ? `The engine has stopped: ${this.#life.reason}.` : 'The engine has not started.';
  }

  /** Ends the thread; must be awaited before the app exits, since a live thread at exit can bring the process down. */
  async stop(): Promise<void> {
    clearTimeout(this.#restart);
    if (this.#life.kind !== 'running') return;
    const { worker } = this.#life;
    this.#life = { kind: 'idle' };
    await worker.terminate();
  }

  #died(worker: Worker, reason: string, stack?: string): void {
    if (this.#life.kind !== 'running' || this.#life.worker !== worker) return;
    this.#life = { kind: 'dead', reason };
    this.#dependencies.log(`The engine has stopped: ${reason}.${stack === undefined ? '' : `\n${stack}`}`);
    this.#restartInMs = this.#restarts.failed();
    this.#announceFailure();
    this.#restartLater();
    worker.terminate().catch((error: unknown) => this.#dependencies.log(`Ending the engine failed: ${String(error)}.`));
  }

  #restartLater(): void {
    if (this.#restartInMs === null) return;
    this.#restart = setTimeout(() => {
      this.start();
      this.#dependencies.onRestarted();
    }, this.#restartInMs);
  }

  #announceFailure(): void {
    const reason = this.#life.kind === 'dead' ? this.#life.reason : 'it was never started';
    const problem = {
      code: 'engine-stopped',
      message: `The engine has stopped: ${reason}. No more trades happen. ${this.#restartInMs === null ? `It has died ${FAILURES_IN_A_ROW_MAX} times; open the session again to start a new engine` : 'A new one goes on from what is kept in a moment'}.`,
      where: null,
    };
    this.#status = { kind: 'failed', problem };
    this.#dependencies.onEvent({ kind: 'status', status: this.#status, session: null });
  }
}
