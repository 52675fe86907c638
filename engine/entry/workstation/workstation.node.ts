import { availableParallelism } from 'node:os';
import type {
  EngineCommand,
  EngineEvent,
  Problem,
  RescaleInfo,
  SessionInfo,
  SessionRequest,
  SessionStatus,
} from '../../contract/window.ts';
import type { DurableStore } from '../../contract/durable-store.ts';
import { CONTRACT_VERSION, type SessionSource } from '../../contract/window.ts';
import { checkRules } from '../../contract/rules-schema.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import { assertNever } from '../../core/assert.ts';
import type { Clock } from '../../core/time.ts';
import { FAILURES_IN_A_ROW_MAX, JobRestarts } from '../../runtime/checkpoint/job-restarts.ts';
import type { RecoveredLive } from '../session/live-session.node.ts';
import { recoveredText } from '../session/live-recovery.node.ts';
import type { LiveState } from '../session/live-state.node.ts';
import type { SessionParameters } from '../session/session-parameters.ts';
import { SessionScaling, type WorkersOutcome } from '../session/session-scaling.node.ts';
import { CHECKPOINT_SETTINGS_DEFAULT } from '../session/checkpoint-settings.ts';
import { waitMs } from '../../core/machine.node.ts';
import type { SessionAudit } from '../session/session-audit.ts';
import type { QueryCommand } from './query-desk.node.ts';
import type { KillLine } from '../session/kill-line.ts';
import type { KillFlag } from './kill-flag.node.ts';
import { KillSwitch } from './kill-switch.node.ts';
import { forgetLiveRequest, keepLiveRequest, readLiveRequest } from './live-request.ts';
import { SessionBook } from './session-checkpoints.node.ts';
import type { ControlOutcome } from './session-controls.node.ts';
import { SessionKeeper } from './session-keeper.node.ts';
import {
  describeLiveRecovery,
  describeRecovery,
  inForce,
  wasHalted,
  type InForce,
  type Interruption,
} from './session-recovery.node.ts';
import {
  checkRequest,
  describeSource,
  liveParameters,
  openLiveRequest,
  recordedInputs,
  type AskedParameters,
} from './session-request.node.ts';
import type { WorkstationAudit } from './workstation-audit.node.ts';
import type { ServedSession } from '../serve/trading-queries.ts';
import type { Emit } from './session-window.node.ts';
import { WorkstationSession, type FailureCause, type WorkstationLive } from './workstation-session.node.ts';

export interface WorkstationDependencies {
  readonly clock: Clock;
  /** 0 or more, below 1. */
  readonly random: () => number;
  readonly emit: Emit;
  /** Name and version of the engine, for the window's About. */
  readonly engine: string;
  /** A word nobody can guess: the first of the two acts that re-arm hands it out, the second brings it back. */
  readonly makeToken: () => string;
  /**
   * Where the live session keeps its state. `anew`: a new place; what there is of the last one stays.
   * @throws StoreError when nothing can be kept
   */
  readonly openLiveStore: (anew: boolean) => Promise<DurableStore>;
  /** Where sessions are kept; null: nowhere, which the store's keeper says. Absent: nowhere, and nothing is said. */
  readonly store?: Promise<DurableStore | null>;
  /** The kill switch as a file; absent: it does not outlive the program. */
  readonly killFlag?: KillFlag;
  readonly killLine: KillLine;
  readonly audit: WorkstationAudit;
  readonly checkpointIntervalMs?: number;
  /** A thread of a session that shows no sign of life for so long has hung; absent: 30 s. */
  readonly hangMs?: number;
}

/** Names of sessions that have no number. */
const LIVE_SESSION = 'live';
const SESSION_NOT_KEPT = 'not kept';

const NO_SESSION = 'There is no session whose number of workers could change.';

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
 * The engine as the workstation's window commands it: one session at a time, the kill switch, rules. Coordinator thread
 * only. It outlives every window; a window that comes says hello and is told everything.
 *
 * A session that was interrupted is gone on with by itself: after a crash of the program (`start`) and after a failure of
 * one of its threads, from the newest checkpoint that is whole.
 */
export class Workstation {
  readonly #dependencies: WorkstationDependencies;
  #session: WorkstationSession | null = null;
  #info: SessionInfo | null = null;
  #status: SessionStatus = { kind: 'none' };
  #epoch = 0;
  readonly #killSwitch: KillSwitch;
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
  readonly #restarts: JobRestarts;
  /** Nothing is opened or closed before what was interrupted has been looked for. */
  #started: Promise<void> = Promise.resolve();
  #isNearlyFull = false;

  constructor(dependencies: WorkstationDependencies) {
    this.#dependencies = dependencies;
    this.#book = this.#newBook();
    this.#restarts = new JobRestarts(() => dependencies.clock.monotonicMs(), dependencies.random);
    // Above those of an engine before this one, which a window may still have in mind.
    this.#epoch = dependencies.clock.wallMs();
    this.#killSwitch = this.#newKillSwitch();
  }

  /** Goes on with the session that was interrupted, if there is one. */
  start(): void {
    this.#setStatus({ kind: 'recovering', message: 'Looking for a session that was interrupted\u2026' });
    this.#started = this.#recover();
  }

  /** Whether a command must not wait behind one that is slow: the switch, and a window that wants to show something. */
  static isUrgent({ kind }: EngineCommand): boolean {
    return kind === 'halt' || kind === 'hello';
  }

  /** For tests of recovery alone: something happens to a thread of the session. */
  disturb(act: (session: WorkstationSession) => void): void {
    if (this.#session !== null) act(this.#session);
  }

  /** What can be asked about the session that is open; null: there is none. */
  get served(): ServedSession | null {
    return this.#session?.served ?? null;
  }

  /** Answers with events; never throws for what a window may get wrong. */
  async handle(command: Exclude<EngineCommand, QueryCommand>): Promise<void> {
    if (!Workstation.isUrgent(command)) await this.#started;
    const session = this.#session;
    switch (command.kind) {
      case 'hello':
        return this.#welcome(command.contractVersion);
      case 'open':
        return this.#open(command.requestId, command.session);
      case 'close-session':
        return this.#closeSession();
      case 'recover':
        if (this.#status.kind === 'failed') this.start();
        return this.#started;
      case 'play':
        return session?.play();
      case 'pause':
        return session?.pause();
      case 'set-speed':
        if (this.#info !== null) this.#info = { ...this.#info, speed: command.speed };
        session?.setSpeed(command.speed);
        return this.#tellStatus();
      case 'set-workers':
        // Not waited for: new threads take their time, and commands behind it need not.
        void this.setWorkers(command.workers);
        return;
      case 'set-autoscale':
        return this.#scalingOf(session)?.setAutoscale(command.autoscale);
      case 'apply-rules':
        return this.#applyRules(command.requestId, command.rules);
      case 'halt':
        return this.#killSwitch.press(command.by);
      case 'rearm-request':
        return this.#killSwitch.requestRearm();
      case 'rearm-confirm':
        return this.#killSwitch.rearm(command.token, command.by);
      case 'verify-audit':
        return this.#dependencies.audit.verify();
      case 'export-audit':
        return this.#dependencies.audit.exportTo(command.path);
      case 'stood-still':
        return session?.stoodStill(command.forMs);
      case 'select-symbol':
        return session?.select(command.symbol);
      case 'select-bars':
        return session?.selectBars(command.interval);
      case 'rows-in-sight':
        return session?.setInSight(command.symbols);
      default:
        return assertNever(command);
    }
  }

  /** Somebody outside asks for another number of workers. */
  async setWorkers(workers: number): Promise<WorkersOutcome> {
    const scaling = this.#scalingOf(this.#session);
    return scaling === null ? { kind: 'refused', problem: NO_SESSION } : scaling.setWorkers(workers);
  }

  /** The disk: the session stands still before a write fails, and goes on by itself when there is room. */
  setNearlyFull(on: boolean): void {
    this.#isNearlyFull = on;
    this.#session?.setNearlyFull(on);
  }

  async #welcome(contractVersion: number): Promise<void> {
    this.#emit({ kind: 'welcome', contractVersion: CONTRACT_VERSION, engine: this.#dependencies.engine });
    if (contractVersion !== CONTRACT_VERSION) {
      return this.#problem(
        null,
        'contract-version',
        `The window speaks version ${contractVersion} of the contract and the engine version ${CONTRACT_VERSION}. Install both from one package.`,
      );
    }
    this.#tellStatus();
    this.#killSwitch.tell();
    this.#dependencies.audit.tell();
    const session = this.#session;
    if (session === null) return;
    this.#emit({ kind: 'rules-applied', requestId: null, rules: session.rules, version: session.rulesVersion });
    await session.tellEverything();
  }

  /** @param interruption of the live session that goes on by itself; null: somebody asked */
  async #open(requestId: number, request: SessionRequest, interruption: Interruption | null = null): Promise<void> {
    const checked = await checkRequest(request);
    if (!checked.ok) return void this.#refuse(requestId, checked.problem);
    const asked = checked.value;
    await this.#closeSession();
    const source = request.inputs;
    const { speed } = request;
    const live = source.kind === 'live' ? await this.#prepareLive(requestId, source, request.profile, asked) : null;
    let parameters: SessionParameters;
    if (source.kind !== 'live') parameters = { ...asked, inputs: recordedInputs(source, request.profile) };
    else if (live !== null) parameters = liveParameters(asked, live.prepared);
    else return;
    const info: SessionInfo = {
      ...describeSource(source),
      positionsPath: request.positionsPath,
      profile: request.profile,
      speed,
      gateway: request.gateway ?? null,
    };
    this.#info = info;
    this.#setStatus({ kind: 'opening' });
    this.#interruption = interruption;
    if (interruption === null) {
      this.#book = this.#newBook();
      this.#restarts.achieved();
    }
    const keeper = live === null ? await this.#keep({ parameters, workers: request.workers, info }) : null;
    if (live !== null) await this.#keepLive(request);
    const { rules } = parameters;
    const id = keeper?.spec.id ?? (live === null ? SESSION_NOT_KEPT : LIVE_SESSION);
    const scaling = await this.#openScaling(id, request.workers, requestId !== NO_REQUEST);
    const audit = await this.#audited((trails) => {
      if (keeper !== null) return trails.begin(keeper);
      const reason = interruption?.cause ?? 'The session was opened again.';
      return live === null ? Promise.resolve(null) : trails.live(live.prepared, { workers: scaling.workers, reason });
    });
    this.#begin({
      keeper,
      live,
      parameters,
      scaling,
      inForce: { rules, rulesVersion: 1, halted: false, controls: 0 },
      audit,
    });
  }

  /** A session runs all the same when its audit trail cannot be told of it; the window is told. */
  async #audited(begin: (audit: WorkstationAudit) => Promise<SessionAudit | null>): Promise<SessionAudit | null> {
    try {
      return await begin(this.#dependencies.audit);
    } catch (error) {
      this.#problem(null, 'audit-failed', `Nothing of this session is audited: ${(error as Error).message}`);
      return null;
    }
  }

  /** @returns null when the session cannot be kept; the window is told why, and it runs all the same */
  async #keep(opened: Parameters<typeof SessionKeeper.begin>[2]): Promise<SessionKeeper | null> {
    const store = await this.#dependencies.store;
    if (store === undefined) return null;
    if (store === null) {
      this.#book.notKept = 'There is no place to keep it in.';
      return null;
    }
    try {
      return await SessionKeeper.begin(store, this.#dependencies.clock, opened);
    } catch (error) {
      const { message } = error as Error;
      this.#book.notKept = message;
      // An input that is not there is told when it is opened.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#problem(null, 'state-not-kept', `This session would not survive a crash: ${message}`);
      return null;
    }
  }

  #begin({ keeper, live, parameters, scaling, audit, inForce: { rules, rulesVersion, halted } }: Beginning): void {
    const { clock, emit, hangMs } = this.#dependencies;
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
      killLine: this.#dependencies.killLine,
      onStandsForHalt: () => this.#killSwitch.stands(),
      onCheckpoint: () => this.#restarts.achieved(),
      onFailed: (problem, cause) => {
        if (this.#session === session) void this.#failed(session, problem, cause);
      },
    });
    this.#session = session;
    this.#emit({ kind: 'rules-applied', requestId: null, rules: session.rules, version: rulesVersion });
    session.tellState();
    session.tellScaling();
    if (this.#isNearlyFull) session.setNearlyFull(true);
    // A kill switch that was thrown stays thrown until two deliberate acts clear it, whatever session is opened.
    if (this.#killSwitch.isOn && !halted) void this.#killSwitch.haltStream('still halted from before');
    else if (this.#killSwitch.isOn) session.setHalted(true);
  }

  async #recover(): Promise<void> {
    const store = await this.#dependencies.store;
    if (store === undefined || store === null) return this.#setStatus({ kind: 'none' });
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
    if (wasHalted(keeper.controls)) this.#killSwitch.latch('the session before');
    this.#setStatus({ kind: 'opening' });
    const scaling = await this.#openScaling(spec.id, spec.workers, false);
    const audit = await this.#audited((trails) =>
      trails.goOn(keeper, cause ?? 'The program had ended in mid session.'),
    );
    this.#begin({ keeper, live: null, parameters: keeper.parameters, scaling, inForce: now, audit });
  }

  /** @param isNew it begins, whatever was kept of one before it */
  async #openScaling(session: string, workers: number, isNew: boolean): Promise<SessionScaling> {
    if (!isNew && this.#scaling?.session === session) return this.#scaling;
    const { clock, store } = this.#dependencies;
    const options = {
      session,
      workers,
      autoscale: { on: false, minWorkers: 1, maxWorkers: availableParallelism() },
      clock,
      store: (await store) ?? null,
      onProblem: (message: string) => this.#problem(null, 'workers-not-changed', message),
      onRescaled: (rescale: RescaleInfo) => this.#sessionAudit?.rescaled(rescale),
    };
    return isNew ? new SessionScaling(options) : SessionScaling.load(options);
  }

  /** @returns null when nothing runs; the window has been told */
  #scalingOf(session: WorkstationSession | null): SessionScaling | null {
    if (session !== null && this.#scaling !== null) return this.#scaling;
    this.#problem(null, 'no-session', NO_SESSION);
    return null;
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
    this.#problem(null, problem.code, problem.message, problem.where);
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
      this.#problem(null, 'state-not-kept', `That the session failed could not be kept: ${(error as Error).message}`);
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
    const store = await this.#dependencies.store;
    try {
      if (store !== undefined && store !== null) await keepLiveRequest(store, request);
    } catch (error) {
      this.#problem(
        null,
        'state-not-kept',
        `After a crash this session would not be opened by itself: ${(error as Error).message}`,
      );
    }
  }

  /** What is kept stays as it is. */
  #notRecovered(code: string, message: string): void {
    this.#setStatus({ kind: 'failed', problem: { code, message, where: null }, isKept: true });
  }

  /** @returns null when it cannot begin or go on; the window has been told why */
  async #prepareLive(
    requestId: number,
    source: Extract<SessionSource, { kind: 'live' }>,
    profile: string | null,
    asked: AskedParameters,
  ): Promise<WorkstationLive | null> {
    const opened = await openLiveRequest(source, profile, asked, this.#dependencies.openLiveStore);
    if (!opened.ok) return this.#refuse(requestId, opened.problem);
    const { prepared } = opened.value;
    const { cutOff } = prepared.found;
    if (cutOff !== null) this.#emit({ kind: 'notice', tone: 'bad', text: cutOff });
    const { rules } = asked;
    return { ...opened.value, rules, onRecovered: (recovered) => this.#recovered(prepared.state, recovered) };
  }

  #refuse(requestId: number, problem: Problem): null {
    this.#emit({ kind: 'problem', requestId, problem });
    return null;
  }

  #recovered(state: LiveState, recovered: RecoveredLive): void {
    const { halted, rulesVersion } = recovered;
    const session = this.#session;
    if (session === null) return;
    this.#emit({ kind: 'rules-applied', requestId: null, rules: session.rules, version: rulesVersion });
    const { clock } = this.#dependencies;
    if (this.#interruption !== null)
      this.#book.recovered(describeLiveRecovery(state, recovered, this.#interruption, clock.wallMs()));
    session.tellState();
    const text = `The live session goes on. ${recoveredText(state, recovered)}${halted ? ' The kill switch is on.' : ''}`;
    this.#emit({ kind: 'notice', tone: 'good', text });
    if (!halted) return;
    // The switch survives every crash.
    this.#killSwitch.latch('the session before');
    session.setHalted(true);
  }

  async #closeSession(): Promise<void> {
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
    try {
      await keeper?.close();
      const store = wasLive ? await this.#dependencies.store : null;
      if (store !== undefined && store !== null) await forgetLiveRequest(store);
    } catch (error) {
      this.#problem(
        null,
        'state-not-kept',
        `That the session was closed could not be kept: ${(error as Error).message}`,
      );
    }
    // Only now: whoever ends the program on seeing it must not find the session again.
    if (isShown) this.#setStatus({ kind: 'none' });
  }

  async #applyRules(requestId: number, document: RulesDocument): Promise<void> {
    const session = this.#session;
    if (session?.isRunning !== true) {
      return this.#problem(
        requestId,
        'no-session',
        'There is no running session to apply the rules to; they are used when the next one is opened.',
      );
    }
    const rules = checkRules(document);
    if (!rules.ok) {
      return this.#problem(
        requestId,
        'rules-invalid',
        rules.problem.map(({ message }) => message).join('\n'),
        rules.problem[0].path,
      );
    }
    const version = session.rulesVersion + 1;
    session.rulesVersion = version;
    session.rules = rules.value;
    const outcome = await session.control({ kind: 'rules', rules: rules.value, version });
    if (outcome.kind === 'ended') {
      return this.#problem(requestId, 'no-session', 'The session ended before the rules came into force.');
    }
    this.#emit({ kind: 'rules-applied', requestId, rules: rules.value, version });
    if (this.#liveRequest !== null) await this.#keepLive({ ...this.#liveRequest, rules: rules.value });
    this.#sayIfNotKept(outcome, 'The change of rules');
  }

  #sayIfNotKept(outcome: ControlOutcome, what: string): void {
    if (outcome.kind === 'failed')
      this.#problem(null, 'state-not-kept', `${what} holds, but a crash would forget it: ${outcome.message}`);
  }

  #newKillSwitch(): KillSwitch {
    const { audit, clock, emit, killFlag, killLine, makeToken } = this.#dependencies;
    return new KillSwitch({
      clock,
      emit,
      makeToken,
      line: killLine,
      flag: killFlag ?? null,
      // Without a session there is no stream to enter.
      enter: (control) => this.#session?.control(control) ?? Promise.resolve({ kind: 'ended' }),
      show: (halted) => this.#session?.setHalted(halted),
      audit: (entry) => audit.append(entry),
      problem: (code, message) => this.#problem(null, code, message),
    });
  }

  #newBook(): SessionBook {
    return new SessionBook(this.#dependencies.checkpointIntervalMs ?? CHECKPOINT_SETTINGS_DEFAULT.intervalMs);
  }

  #setStatus(status: SessionStatus): void {
    this.#status = status;
    this.#tellStatus();
  }

  #tellStatus(): void {
    this.#emit({ kind: 'status', status: this.#status, session: this.#info });
  }

  #problem(requestId: number | null, code: string, message: string, where: string | null = null): void {
    const problem: Problem = { code, message, where };
    this.#emit({ kind: 'problem', requestId, problem });
  }

  #emit(event: EngineEvent): void {
    this.#dependencies.emit(event);
  }
}
