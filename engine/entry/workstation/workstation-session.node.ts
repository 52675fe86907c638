import type { SinkWriter } from '../../api/sink.ts';
import type { FeedStatus } from '../../connectors/live/live-feed-input.ts';
import type { DurableStore } from '../../contract/durable-store.ts';
import type { Problem, SessionStatus, Speed } from '../../contract/window.ts';
import type { BarInterval } from '../../contract/bars.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import type { Clock } from '../../core/time.ts';
import type { ControlRecord, Trade } from '../../trading/records.ts';
import type { CheckpointRecord } from '../../contract/checkpoint-record.ts';
import { startMachineTimer, waitMs } from '../../core/machine.node.ts';
import { JobFailedError } from '../job-failed-error.ts';
import type { RunningJob } from '../job-runner.node.ts';
import type { KillLine } from '../session/kill-line.ts';
import type { SessionAudit } from '../session/session-audit.ts';
import type { SessionEvent, SessionParameters, SessionProgress } from '../session/session-parameters.ts';
import { LiveCoordinator, type PreparedLive, type RecoveredLive } from '../session/live-session.node.ts';
import type { SessionScaling } from '../session/session-scaling.node.ts';
import { servedSession, type ServedSession } from '../serve/trading-queries.ts';
import { SessionExplainer } from '../session/session-explainer.ts';
import { startSession } from '../session/start-session.node.ts';
import { CheckpointRhythm } from '../session/checkpoint-rhythm.node.ts';
import type { SessionBook } from './session-checkpoints.node.ts';
import { SessionControls, type ControlOutcome } from './session-controls.node.ts';
import { CHECKPOINT_TIMEOUT_MS, type SessionKeeper } from './session-keeper.node.ts';
import { pendingRows } from './pending-rows.ts';
import { feedInfo, type SessionFacts } from './progress-meter.ts';
import { SessionOrders } from './session-orders.node.ts';
import { SessionPace } from './session-pace.ts';
import { SessionTrades } from './session-trades.node.ts';
import { SessionWindow, type Emit } from './session-window.node.ts';

/** A live session that is closed gets this long to take what has come. */
const END_LIVE_MS_MAX = 2_000;

export interface WorkstationSessionOptions {
  readonly epoch: number;
  readonly parameters: SessionParameters;
  readonly scaling: SessionScaling;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Keeps the session, and knows what it goes on from; null: it is gone with the program. */
  readonly keeper: SessionKeeper | null;
  readonly book: SessionBook;
  /** What it tells the audit trail; null: there is none. */
  readonly audit: SessionAudit | null;
  /** The life of the session moved on. */
  readonly onStatus: (status: SessionStatus) => void;
  /** It cannot go on. */
  readonly onFailed: (problem: Problem, cause: FailureCause) => void;
  readonly killLine: KillLine;
  /** The source stands still at the kill line, until a halt enters. */
  readonly onStandsForHalt: () => void;
  /** A checkpoint is complete. */
  readonly onCheckpoint: () => void;
  /** In force at its beginning. */
  readonly rules: RulesDocument;
  readonly rulesVersion: number;
  /** Of a live session; null: files or the sample. */
  readonly live: WorkstationLive | null;
  /** A thread that shows no sign of life for so long has hung; absent: the runner's default. */
  readonly hangMs?: number;
  /** Address of the execution gateway; null: paper trading. */
  readonly gateway: string | null;
}

/** `input`, `state-refused`: no restart would mend it. */
export type FailureCause = 'input' | 'state-refused' | 'fault';

/** What a live session needs beyond its parameters. */
export interface WorkstationLive {
  readonly store: DurableStore;
  readonly prepared: PreparedLive;
  /** The rules that are asked for; `parameters.rules` are those the session began with. */
  readonly rules: RulesDocument;
  readonly onRecovered: (recovered: RecoveredLive) => void;
}

/**
 * One session as the window sees it: frames, trades, progress, the chosen symbol. Coordinator thread only.
 * Life: opening, playing or paused, then finished or failed; a finished one still answers, until `close`. A session that
 * goes on after an interruption is a new object, made from what the keeper restored.
 */
export class WorkstationSession {
  readonly #options: WorkstationSessionOptions;
  readonly #job: RunningJob<SessionParameters>;
  readonly #trades: SessionTrades;
  readonly #explainer: SessionExplainer;
  #served: ServedSession | null = null;
  readonly #controls: SessionControls;
  readonly #rhythm: CheckpointRhythm | null;
  readonly #window: SessionWindow;
  readonly #pace: SessionPace;
  #progress: SessionProgress | null = null;
  #isClosed = false;
  #isOpen = false;
  #ended = false;
  #isEndTold = false;
  #inputProblem: Problem | null = null;
  #halted = false;
  readonly #live: LiveCoordinator | null;
  #feed: FeedStatus | null = null;
  /** null: paper trading. */
  readonly #orders: SessionOrders | null;
  rules: RulesDocument;
  rulesVersion: number;

  constructor(options: WorkstationSessionOptions) {
    const { keeper, parameters } = options;
    this.#options = options;
    this.#pace = new SessionPace({
      startPaused: parameters.startPaused,
      send: (command) => this.#job.sendSourceEvent(command),
      keep: keeper === null ? null : (desk) => keeper.keepDesk(desk),
    });
    const { live } = options;
    this.rules = live?.rules ?? options.rules;
    this.rulesVersion = options.rulesVersion;
    const restored = keeper?.restored ?? live?.prepared.state.restored ?? null;
    const trades: SinkWriter<Trade> = {
      write: (trade, context) => this.#trades.write(trade, context),
      prepareCommit: (checkpointId) => this.#trades.prepareCommit(checkpointId),
      commit: (checkpointId) => this.#trades.commit(checkpointId),
    };
    this.#live = live === null ? null : this.#coordinate(live, trades);
    const checkpoints =
      this.#live?.jobCheckpoints() ??
      keeper?.checkpoints(
        () => this.#trades,
        options.audit,
        (record) => this.#tookCheckpoint(record),
      );
    this.#job = startSession({
      parameters: { ...parameters, killLine: options.killLine.memory },
      workers: options.scaling.workers,
      maxParallelism: restored?.maxParallelism ?? null,
      sinks: {
        trades: this.#live?.gate ?? trades,
        lateQuotes: { write: () => undefined },
      },
      onEvent: (event) => {
        if (this.#live === null) options.audit?.take(event);
        this.#explainer.take(event);
        if (this.#live?.take(event) !== true) this.#take(event);
      },
      restore: restored,
      ...(options.hangMs !== undefined && { hangMs: options.hangMs }),
      ...(checkpoints !== undefined && { checkpoints }),
    });
    this.#trades = new SessionTrades(
      keeper?.store ?? null,
      keeper?.tradeValues ?? [],
      (id) => this.#job.symbolText(id),
      options.audit,
    );
    this.#explainer = new SessionExplainer(startMachineTimer, this.#trades.latest, parameters.rules, options.audit);
    this.#orders = this.#routeOrders();
    if (this.#orders !== null) this.#trades.onFinal = (final) => this.#orders?.offer(final);
    this.#trades.restore(keeper?.trades ?? live?.prepared.state.trades ?? []);
    this.#controls = new SessionControls(keeper, (control, number) =>
      this.#job.sendSourceEvent({ kind: 'control', control, number }),
    );
    this.#rhythm = keeper === null ? null : this.#createRhythm();
    this.#window = this.#openWindow();
    options.scaling.attach(this.#job, () => this.tellScaling());
    this.#job.finished.then(
      () => this.#finish(),
      (error: unknown) => this.#fail(error),
    );
  }

  play(): void {
    this.#setPaused(false);
  }

  pause(): void {
    this.#setPaused(true);
  }

  setSpeed(speed: Speed): void {
    this.#pace.setSpeed(speed);
  }

  /** Enters the stream at one place. Resolves once it would enter there again after a crash; never rejects. */
  control(control: ControlRecord): Promise<ControlOutcome> {
    return this.#controls.insert(control);
  }

  tellState(): void {
    this.#window.tellState();
  }

  tellScaling(): void {
    this.#window.tellScaling();
  }

  setHalted(halted: boolean): void {
    this.#halted = halted;
    this.#window.tellProgress();
  }

  /** What can be asked about it, from the window and by programs. */
  get served(): ServedSession {
    // One for all who ask: rates are measured between two readings.
    return (this.#served ??= this.#serve());
  }

  #serve(): ServedSession {
    const { keeper, live, parameters, scaling, book } = this.#options;
    const storage = keeper?.storage ?? live?.prepared.state.storage ?? null;
    const runs = { rescales: () => scaling.info.history, restarts: () => book.state.recoveries };
    return servedSession(this.#job, storage, parameters.rules, this.#explainer, runs);
  }

  get isRunning(): boolean {
    return !this.#ended;
  }

  async select(symbol: string | null): Promise<void> {
    await this.#window.choose(symbol);
  }

  setInSight(symbols: readonly number[]): void {
    this.#window.setInSight(symbols);
  }

  selectBars(interval: BarInterval | null): void {
    this.#window.chooseBars(interval);
  }

  /** Everything a window needs that just came, in an order it can show at once. */
  async tellEverything(): Promise<void> {
    await this.#window.tellEverything();
  }

  /** The machine slept: a live feed is not to be trusted. */
  stoodStill(forMs: number): void {
    if (this.#live !== null) this.#job.sendSourceEvent({ kind: 'stood-still', forMs });
  }

  /** The disk is nearly full: a live session takes nothing more, before a write of its journal fails. */
  setNearlyFull(on: boolean): void {
    if (this.#live !== null) this.#job.sendSourceEvent({ kind: 'hold', on });
    else if (!this.#ended) this.#pace.setHeld(on);
  }

  #openWindow(): SessionWindow {
    const { epoch, clock, emit, book, scaling, parameters } = this.#options;
    const window = new SessionWindow({
      ...{ epoch, clock, emit, book, scaling },
      job: this.#job,
      trades: this.#trades,
      orders: this.#orders,
      bars: parameters.bars ?? 'none',
      facts: () => this.#facts(),
    });
    for (const { symbol, position } of pendingRows(parameters.positions, parameters.rules))
      window.addPending(symbol, position);
    return window;
  }

  #coordinate(live: WorkstationLive, trades: SinkWriter<Trade>): LiveCoordinator {
    const { emit } = this.#options;
    return new LiveCoordinator({
      ...live,
      trades,
      symbolText: (id) => this.#job.symbolText(id),
      intervalMs: this.#options.book.intervalMs,
      timeoutMs: CHECKPOINT_TIMEOUT_MS,
      checkpoint: () => this.#job.checkpoint(),
      audit: this.#options.audit,
      onCheckpoint: (record) => this.#tookCheckpoint(record),
      send: (command) => this.#job.sendSourceEvent(command),
      onFeed: (status) => {
        this.#feed = status;
      },
      onRecovered: (recovered) => {
        this.rulesVersion = recovered.rulesVersion;
        live.onRecovered(recovered);
      },
      onFull: (problem) =>
        emit(
          problem === null
            ? { kind: 'notice', tone: 'good', text: 'There is room for the journal again: trading goes on.' }
            : { kind: 'notice', tone: 'bad', text: `${problem.message} Trading stands still until there is room.` },
        ),
      onFailed: (error) => {
        this.#inputProblem ??= { code: 'journal-failed', message: (error as Error).message, where: null };
        this.#fail(error);
        void this.#job.cancel();
      },
    });
  }

  /** A live session ends in order: what came is taken and journaled, so that it can go on from there. */
  async #endLive(live: LiveCoordinator): Promise<void> {
    if (!this.#ended) {
      this.#job.sendSourceEvent({ kind: 'end' });
      await Promise.race([this.#job.finished.catch(() => undefined), waitMs(END_LIVE_MS_MAX)]);
      await Promise.race([live.keeper.idle(), waitMs(END_LIVE_MS_MAX)]);
    }
  }

  /** Ends its threads. What was kept stays as it is. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#rest();
    this.#window.close();
    await this.#orders?.close();
    if (this.#live !== null) await this.#endLive(this.#live);
    await this.#job.close();
    await Promise.race([this.#live?.close(), waitMs(END_LIVE_MS_MAX)]);
    await this.#options.live?.store.close();
  }

  /** For the audit trail: it is over, and what became final since the last checkpoint is told. May be called twice. */
  async tellEnd(outcome: string): Promise<void> {
    const totals = this.#progress?.totals;
    if (this.#isEndTold || totals === undefined) return;
    this.#isEndTold = true;
    const { quotes, quarantinedByReason } = totals;
    try {
      if (this.#live !== null) await this.#live.tellEnd(outcome, totals, this.#trades.log.count);
      else
        await this.#options.audit?.end(
          { outcome, quotes, trades: this.#trades.finalCount },
          { words: new Float64Array(0), trades: 0, nameOf: String },
          quarantinedByReason,
        );
    } catch (error) {
      const message = `The audit trail could not be told of the end of the session yet: ${(error as Error).message}`;
      this.#options.emit({ kind: 'problem', requestId: null, problem: { code: 'audit-failed', message, where: null } });
    }
  }

  /** For tests of recovery alone: one of its threads is gone, as if it had crashed. */
  killThread(index: number): void {
    this.#job.killThread(index);
  }

  hangThread(index: number): void {
    this.#job.hangThread(index);
  }

  #routeOrders(): SessionOrders | null {
    const { gateway, keeper, live, clock, emit, epoch, killLine } = this.#options;
    if (gateway === null) return null;
    const store = keeper?.store ?? live?.store ?? null;
    if (store !== null) return new SessionOrders({ gateway, store, clock, emit, epoch, killLine });
    const text = 'This session is not kept, so its trades are not final and no order is sent: paper trading.';
    emit({ kind: 'notice', tone: 'bad', text });
    return null;
  }

  #createRhythm(): CheckpointRhythm {
    return new CheckpointRhythm({
      intervalMs: this.#options.book.intervalMs,
      changes: () => (this.#progress?.totals.rows ?? 0) + this.#controls.entered + this.#trades.log.count,
      checkpoint: () => this.#job.checkpoint(),
    });
  }

  #tookCheckpoint(record: CheckpointRecord): void {
    if (!this.#options.book.record(record) || record.status === 'in-progress') return;
    if (record.status === 'completed') this.#options.onCheckpoint();
    this.tellState();
  }

  /** No checkpoint, no control and no change of workers any more. */
  #rest(): void {
    this.#options.scaling.detach();
    this.#rhythm?.stop();
    this.#controls.end();
  }

  #setPaused(paused: boolean): void {
    if (this.#ended || !this.#pace.setPaused(paused)) return;
    if (this.#isOpen) this.#options.onStatus({ kind: this.#pace.status });
  }

  #take(event: SessionEvent): void {
    switch (event.kind) {
      case 'opened':
        this.#isOpen = true;
        this.#rhythm?.start();
        this.#options.onStatus({ kind: this.#pace.status });
        return;
      case 'progress':
      case 'ended':
        this.#progress = event.progress;
        if (event.kind === 'ended') this.#rest();
        return;
      case 'control-entered':
        this.#controls.tookPlace(event.entered);
        return;
      case 'stands-for-halt':
        this.#options.onStandsForHalt();
        return;
      case 'quarantined':
        this.#window.tellQuarantined(event.rows);
        return;
      case 'input-failed': {
        const { code, message, where } = event.failure;
        this.#inputProblem = { code, message, where };
        return;
      }
      default:
        return;
    }
  }

  /** null: the source has not told yet. */
  #facts(): SessionFacts | null {
    if (this.#progress === null) return null;
    return {
      source: this.#progress,
      trades: this.#trades.log.count,
      halted: this.#halted,
      rulesVersion: this.rulesVersion,
      maxParallelism: this.#job.graph.maxParallelism,
      feed: this.#feed === null ? null : feedInfo(this.#feed, this.#live?.gate.pending ?? 0),
    };
  }

  async #finish(): Promise<void> {
    // One that failed first has its job cancelled: there is nobody left to ask for rows.
    if (this.#isClosed || this.#ended) return;
    await this.#window.fetchAllRows();
    this.#end();
    await this.#keepEnd();
    await this.tellEnd('finished');
    this.#window.tellLast();
    this.#options.onStatus({ kind: 'finished' });
  }

  #end(): void {
    this.#ended = true;
    this.#window.end();
    this.#rest();
  }

  /** Trades after the last checkpoint are final with the session. */
  async #keepEnd(): Promise<void> {
    try {
      await this.#options.keeper?.finish(this.#trades);
    } catch (error) {
      const message = `The end of the session could not be kept: ${(error as Error).message} Its last trades stay pending.`;
      this.#options.emit({
        kind: 'problem',
        requestId: null,
        problem: { code: 'state-not-kept', message, where: null },
      });
    }
  }

  #fail(error: unknown): void {
    this.#end();
    this.#window.fail();
    if (this.#isClosed) return;
    if (this.#inputProblem !== null) return this.#options.onFailed(this.#inputProblem, 'input');
    const { message } = error as Error;
    const where = error instanceof JobFailedError ? error.thread : null;
    if (error instanceof JobFailedError && error.isStateRefused)
      this.#options.onFailed({ code: 'state-refused', message, where }, 'state-refused');
    else this.#options.onFailed({ code: 'worker-failed', message, where }, 'fault');
  }
}
