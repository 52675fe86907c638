import { waitMs } from '../../core/machine.node.ts';
import type { Problem, SessionInfo, SessionRequest, SessionStatus, Speed } from '../../contract/window.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import { FAILURES_IN_A_ROW_MAX, JobRestarts } from '../../runtime/checkpoint/job-restarts.ts';
import { CHECKPOINT_SETTINGS_DEFAULT } from '../session/checkpoint-settings.ts';
import type { KillLine } from '../session/kill-line.ts';
import { recoveredText } from '../session/live-recovery.node.ts';
import type { RecoveredLive } from '../session/live-session.node.ts';
import type { LiveState } from '../session/live-state.node.ts';
import type { SessionAudit } from '../session/session-audit.ts';
import type { SessionParameters } from '../session/session-parameters.ts';
import type { SessionScaling } from '../session/session-scaling.node.ts';
import type { KillSwitch } from './kill-switch.node.ts';
import { readLiveRequest } from './live-request.ts';
import { SessionBook } from './session-checkpoints.node.ts';
import { SessionKeeper } from './session-keeper.node.ts';
import { SessionOpener, type SessionPlaces } from './session-opener.node.ts';
import {
  describeLiveRecovery,
  describeRecovery,
  inForce,
  wasHalted,
  type InForce,
  type Interruption,
} from './session-recovery.node.ts';
import { checkRequest, describeSource, liveParameters, recordedInputs } from './session-request.node.ts';
import type { Emit } from './session-window.node.ts';
import { WorkstationSession, type FailureCause, type WorkstationLive } from './workstation-session.node.ts';

/** What every session is run with. */
export interface SessionDependencies extends SessionPlaces {
  /** 0 or more, below 1. */
  readonly random: () => number;
  readonly emit: Emit;
  readonly killLine: KillLine;
  readonly checkpointIntervalMs?: number;
  /** A thread of a session that shows no sign of life for so long has hung; absent: 30 s. */
  readonly hangMs?: number;
}

/** Names of sessions that have no number. */
const LIVE_SESSION = 'live';
const SESSION_NOT_KEPT = 'not kept';

/** Asked for by nobody: it goes on by itself. */
const NO_REQUEST = 0;

/** How a session begins. */
interface Beginning {
  readonly keeper: SessionKeeper | null;
  readonly live: WorkstationLive | null;
  readonly parameters: SessionParameters;
  readonly scaling: SessionScaling;
  readonly inForce: InForce;
  readonly audit: SessionAudit | null;
}

/**
 * The session that is open, over all its runs: opened, interrupted and gone on with, closed. Every turn of it sets the status
 * that the window shows. Coordinator thread only.
 *
 * A session that was interrupted is gone on with by itself: after a crash of the program (`start`) and after a failure of
 * one of its threads, from the newest checkpoint that is whole.
 */
export class SessionLifecycle {
  readonly #dependencies: SessionDependencies;
  readonly #killSwitch: () => KillSwitch;
  readonly #opener: SessionOpener;
  readonly #restarts: JobRestarts;
  #session: WorkstationSession | null = null;
  #info: SessionInfo | null = null;
  #status: SessionStatus = { kind: 'none' };
  #epoch: number;
  /** Of the session that is open, or was interrupted; null: it is not kept. */
  #keeper: SessionKeeper | null = null;
  /** What the live session was opened with; null: there is none. */
  #liveRequest: SessionRequest | null = null;
  /** Why the live session goes on by itself; null: it does not. */
  #interruption: Interruption | null = null;
  #book: SessionBook;
  /** Of the session that is open, over all its runs. */
  #scaling: SessionScaling | null = null;
  /** Of the run that was begun last. */
  #sessionAudit: SessionAudit | null = null;
  #started: Promise<void> = Promise.resolve();
  #isNearlyFull = false;

  constructor(dependencies: SessionDependencies, killSwitch: () => KillSwitch) {
    const { clock, emit, random } = dependencies;
    this.#dependencies = dependencies;
    this.#killSwitch = killSwitch;
    this.#opener = new SessionOpener(dependencies, emit);
    this.#book = this.#newBook();
    this.#restarts = new JobRestarts(() => clock.monotonicMs(), random);
    // Above those of an engine before this one, which a window may still have in mind.
    this.#epoch = clock.wallMs();
  }

  /** The run that is under way, or has finished and still answers; null: there is none. */
  get session(): WorkstationSession | null {
    return this.#session;
  }

  /** null: there is no session whose number of workers could change. */
  get scaling(): SessionScaling | null {
    return this.#session === null ? null : this.#scaling;
  }

  /** Resolves when what was interrupted has been looked for: nothing is opened or closed before. */
  get started(): Promise<void> {
    return this.#started;
  }

  /** Goes on with the session that was interrupted, if there is one. */
  start(): void {
    this.#setStatus({ kind: 'recovering', message: 'Looking for a session that was interrupted\u2026' });
    this.#started = this.#recover();
  }

  /** Goes on with what was kept of a session that failed. */
  async tryAgain(): Promise<void> {
    if (this.#status.kind === 'failed') this.start();
    return this.#started;
  }

  /** Ends the session that is open. A request that does not hold is refused, and changes nothing. */
  async open(requestId: number, request: SessionRequest): Promise<void> {
    return this.#open(requestId, request, null);
  }

  async close(): Promise<void> {
    const session = this.#session;
    const keeper = this.#keeper;
    const wasLive = this.#liveRequest !== null;
    this.#session = null;
    this.#keeper = null;
    this.#liveRequest = null;
    this.#info = null;
    const isShown = session !== null || this.#status.kind === 'failed';
    await session?.close();
    await session?.tellEnd('closed');
    await this.#opener.giveUp(keeper, wasLive);
    // Only now: whoever ends the program on seeing it must not find the session again.
    if (isShown) this.#setStatus({ kind: 'none' });
  }

  setSpeed(speed: Speed): void {
    if (this.#info !== null) this.#info = { ...this.#info, speed };
    this.#session?.setSpeed(speed);
    this.tellStatus();
  }

  /** The disk: the session stands still before a write fails, and goes on by itself when there is room. */
  setNearlyFull(on: boolean): void {
    this.#isNearlyFull = on;
    this.#session?.setNearlyFull(on);
  }

  /** A live session that goes on asks for these; others have the change among their controls. */
  async rulesChanged(rules: RulesDocument): Promise<void> {
    if (this.#liveRequest !== null) await this.#keepLive({ ...this.#liveRequest, rules });
  }

  tellStatus(): void {
    this.#dependencies.emit({ kind: 'status', status: this.#status, session: this.#info });
  }

  /** @param interruption of the live session that goes on by itself; null: somebody asked */
  async #open(requestId: number, request: SessionRequest, interruption: Interruption | null): Promise<void> {
    const checked = await checkRequest(request);
    if (!checked.ok) return this.#dependencies.emit({ kind: 'problem', requestId, problem: checked.problem });
    const asked = checked.value;
    await this.close();
    const { inputs, positionsPath, profile, speed, gateway = null } = request;
    const live =
      inputs.kind === 'live'
        ? await this.#opener.prepareLive(requestId, { inputs, profile }, asked, (state, recovered) =>
            this.#recovered(state, recovered),
          )
        : null;
    let parameters: SessionParameters;
    if (inputs.kind !== 'live') parameters = { ...asked, inputs: recordedInputs(inputs, profile) };
    else if (live !== null) parameters = liveParameters(asked, live.prepared);
    else return;
    const info: SessionInfo = { ...describeSource(inputs), positionsPath, profile, speed, gateway };
    this.#info = info;
    this.#setStatus({ kind: 'opening' });
    this.#interruption = interruption;
    if (interruption === null) {
      this.#book = this.#newBook();
      this.#restarts.achieved();
    }
    const opened = { parameters, workers: request.workers, info };
    const keeper = live === null ? await this.#opener.keep(opened, this.#book) : null;
    if (live !== null) await this.#keepLive(request);
    const id = keeper?.spec.id ?? (live === null ? SESSION_NOT_KEPT : LIVE_SESSION);
    const scaling = await this.#openScaling(id, request.workers, requestId !== NO_REQUEST);
    const audit = await this.#opener.audited((trails) => {
      if (keeper !== null) return trails.begin(keeper);
      const reason = interruption?.cause ?? 'The session was opened again.';
      return live === null ? Promise.resolve(null) : trails.live(live.prepared, { workers: scaling.workers, reason });
    });
    const now: InForce = { rules: parameters.rules, rulesVersion: 1, halted: false, controls: 0 };
    this.#begin({ keeper, live, parameters, scaling, inForce: now, audit });
  }

  #begin({ keeper, live, parameters, scaling, audit, inForce: { rules, rulesVersion, halted } }: Beginning): void {
    const { clock, emit, hangMs, killLine } = this.#dependencies;
    const killSwitch = this.#killSwitch();
    this.#epoch += 1;
    this.#keeper = keeper;
    this.#scaling = scaling;
    this.#sessionAudit = audit;
    const session: WorkstationSession = new WorkstationSession({
      epoch: this.#epoch,
      parameters,
      scaling,
      clock,
      emit,
      keeper,
      book: this.#book,
      audit,
      rules,
      rulesVersion,
      live,
      ...(hangMs !== undefined && { hangMs }),
      gateway: this.#info?.gateway ?? null,
      onStatus: (status) => {
        if (this.#session === session) this.#setStatus(status);
      },
      killLine,
      onStandsForHalt: () => killSwitch.stands(),
      onCheckpoint: () => this.#restarts.achieved(),
      onFailed: (problem, cause) => {
        if (this.#session === session) void this.#failed(session, problem, cause);
      },
    });
    this.#session = session;
    emit({ kind: 'rules-applied', requestId: null, rules: session.rules, version: rulesVersion });
    session.tellState();
    session.tellScaling();
    if (this.#isNearlyFull) session.setNearlyFull(true);
    // A kill switch that was thrown stays thrown until two deliberate acts clear it, whatever session is opened.
    if (killSwitch.isOn && !halted) void killSwitch.haltStream('still halted from before');
    else if (killSwitch.isOn) session.setHalted(true);
  }

  async #recover(): Promise<void> {
    const store = await this.#opener.store();
    if (store === null) return this.#setStatus({ kind: 'none' });
    try {
      const live = await readLiveRequest(store);
      if (live !== null) return await this.#openAgain(live, { why: 'program-ended', cause: null });
      const keeper = await SessionKeeper.find(store, this.#dependencies.clock);
      if (keeper === null) return this.#setStatus({ kind: 'none' });
      await this.#goOn(keeper, 'program-ended', null);
    } catch (error) {
      this.#notRecovered(
        'state-lost',
        `The session that was interrupted cannot be gone on with. ${(error as Error).message}`,
      );
    }
  }

  async #goOn(keeper: SessionKeeper, why: 'program-ended' | 'session-failed', cause: string | null): Promise<void> {
    const { spec, desk } = keeper;
    this.#keeper = keeper;
    this.#info = { ...spec.info, speed: desk.speed };
    const changed = await keeper.changedInputs();
    if (changed.length > 0) {
      const taken = keeper.restored === null ? 'its beginning' : `checkpoint ${keeper.restored.id}`;
      return this.#notRecovered(
        'inputs-changed',
        `The session stopped at ${taken}, and its inputs are not what they were: ${changed.join(', ')}. Everything is kept; nothing was started. Bring the inputs back and try again.`,
      );
    }
    const recovery = describeRecovery(keeper, why, cause, this.#dependencies.clock.wallMs());
    this.#book.recovered(recovery);
    const now = inForce(keeper);
    if (wasHalted(keeper.controls)) this.#killSwitch().latch('the session before');
    this.#setStatus({ kind: 'opening' });
    const scaling = await this.#openScaling(spec.id, spec.workers, false);
    const audit = await this.#opener.audited((trails) =>
      trails.goOn(keeper, cause ?? 'The program had ended in mid session.'),
    );
    this.#begin({ keeper, live: null, parameters: keeper.parameters, scaling, inForce: now, audit });
  }

  /** @param isNew it begins, whatever was kept of one before it */
  async #openScaling(session: string, workers: number, isNew: boolean): Promise<SessionScaling> {
    if (!isNew && this.#scaling?.session === session) return this.#scaling;
    return this.#opener.scaling(session, workers, isNew, (rescale) => this.#sessionAudit?.rescaled(rescale));
  }

  async #failed(session: WorkstationSession, problem: Problem, cause: FailureCause): Promise<void> {
    const keeper = this.#keeper;
    const live = this.#liveRequest;
    if (cause === 'input' || (keeper === null && live === null)) return this.#endFailed(problem);
    // Another attempt would end the same, so it is said at once.
    if (cause === 'state-refused') {
      const message = `This program cannot take over what is kept of the session, and has changed nothing of it. ${problem.message} Opening another session gives it up.`;
      return this.#stop(session, { ...problem, message });
    }
    const delayMs = this.#restarts.failed();
    if (delayMs === null) {
      const message = `Trading has stopped: the session failed ${FAILURES_IN_A_ROW_MAX} times in a row without a checkpoint in between. The last failure: ${problem.message} Everything is kept; you can try again.`;
      return this.#stop(session, { ...problem, code: 'failed-again', message });
    }
    const message = `${problem.message} Going on from the last checkpoint in ${(delayMs / 1000).toFixed(1)} s\u2026`;
    this.#setStatus({ kind: 'recovering', message });
    this.#dependencies.emit({ kind: 'problem', requestId: null, problem });
    this.#started = this.#restart(session, problem.message, delayMs);
    await this.#started;
  }

  /** Until a person asks for it again. What is kept stays as it is. */
  async #stop(session: WorkstationSession, problem: Problem): Promise<void> {
    await session.close();
    if (this.#session !== session) return;
    this.#session = null;
    this.#setStatus({ kind: 'failed', problem, isKept: true });
  }

  /** What never came as far as a checkpoint is not worth a question when the next session is opened. */
  async #endFailed(problem: Problem): Promise<void> {
    const keeper = this.#keeper;
    const isWorth = keeper?.restored !== null || this.#book.state.history.some(({ status }) => status === 'completed');
    const isKept = keeper !== null && isWorth;
    this.#setStatus({ kind: 'failed', problem, isKept });
    if (keeper === null || isKept) return;
    this.#keeper = null;
    try {
      await keeper.close();
    } catch (error) {
      const message = `That the session failed could not be kept: ${(error as Error).message}`;
      const notKept: Problem = { code: 'state-not-kept', message, where: null };
      this.#dependencies.emit({ kind: 'problem', requestId: null, problem: notKept });
    }
  }

  async #restart(session: WorkstationSession, cause: string, delayMs: number): Promise<void> {
    const keeper = this.#keeper;
    const live = this.#liveRequest;
    await session.close();
    await waitMs(delayMs);
    if (this.#session === session) this.#session = null;
    try {
      const interruption: Interruption = { why: 'session-failed', cause };
      if (keeper === null) return live === null ? undefined : await this.#openAgain(live, interruption);
      await keeper.reload();
      await this.#goOn(keeper, 'session-failed', cause);
    } catch (error) {
      this.#notRecovered('state-lost', `${cause} It cannot be gone on with either. ${(error as Error).message}`);
    }
  }

  /** A live session goes on from its newest checkpoint and the journal behind it. */
  async #openAgain(request: SessionRequest, interruption: Interruption): Promise<void> {
    this.#liveRequest = null;
    const { inputs } = request;
    const again = inputs.kind === 'live' ? { ...request, inputs: { ...inputs, anew: false } } : request;
    await this.#open(NO_REQUEST, again, interruption);
    if (this.#session === null)
      this.#notRecovered('state-lost', 'The live session cannot be gone on with; see the problem.');
  }

  async #keepLive(request: SessionRequest): Promise<void> {
    this.#liveRequest = request;
    await this.#opener.keepLive(request);
  }

  #recovered(state: LiveState, recovered: RecoveredLive): void {
    const { halted, rulesVersion } = recovered;
    const session = this.#session;
    if (session === null) return;
    const { clock, emit } = this.#dependencies;
    emit({ kind: 'rules-applied', requestId: null, rules: session.rules, version: rulesVersion });
    if (this.#interruption !== null)
      this.#book.recovered(describeLiveRecovery(state, recovered, this.#interruption, clock.wallMs()));
    session.tellState();
    const text = `The live session goes on. ${recoveredText(state, recovered)}${halted ? ' The kill switch is on.' : ''}`;
    emit({ kind: 'notice', tone: 'good', text });
    if (!halted) return;
    // The switch survives every crash.
    this.#killSwitch().latch('the session before');
    session.setHalted(true);
  }

  /** What is kept stays as it is. */
  #notRecovered(code: string, message: string): void {
    this.#setStatus({ kind: 'failed', problem: { code, message, where: null }, isKept: true });
  }

  #newBook(): SessionBook {
    return new SessionBook(this.#dependencies.checkpointIntervalMs ?? CHECKPOINT_SETTINGS_DEFAULT.intervalMs);
  }

  #setStatus(status: SessionStatus): void {
    this.#status = status;
    this.tellStatus();
  }
}
