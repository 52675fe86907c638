import type {
  EngineCommand,
  EngineEvent,
  Problem,
  SessionInfo,
  SessionRequest,
  SessionStatus,
} from '../../contract/window.ts';
import { CONTRACT_VERSION } from '../../contract/window.ts';
import { checkRules } from '../../contract/rules-schema.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import { assertNever } from '../../core/assert.ts';
import type { Clock } from '../../core/time.ts';
import { WORKERS_MAX } from '../cli/arguments.ts';
import { loadPositions } from '../cli/documents.node.ts';
import { CliError } from '../cli/messages.ts';
import { samplePositions } from '../session/sample.node.ts';
import type { SessionParameters } from '../session/session-parameters.ts';
import { CHECKPOINT_SETTINGS_DEFAULT } from '../session/checkpoint-settings.ts';
import type { DurableStore } from '../../contract/durable-store.ts';
import { waitMs } from '../../core/machine.node.ts';
import type { KillFlag } from './kill-flag.node.ts';
import { RestartDelay } from './restart-delay.ts';
import { SessionBook } from './session-checkpoints.node.ts';
import type { ControlOutcome } from './session-controls.node.ts';
import { SessionKeeper } from './session-keeper.node.ts';
import { describeRecovery, inForce, wasHalted, type InForce } from './session-recovery.node.ts';
import { WorkstationSession, type Emit } from './workstation-session.node.ts';

/** A chart wants a point a second, and keeps half as many whenever it has too many. */
const HISTORY_SAMPLE_MS = 1_000;

export interface WorkstationDependencies {
  readonly clock: Clock;
  readonly emit: Emit;
  /** Name and version of the engine, for the window's About. */
  readonly engine: string;
  /** A word nobody can guess: the first of the two acts that re-arm hands it out, the second brings it back. */
  readonly makeToken: () => string;
  /** Where sessions are kept; null: nowhere, which the store's keeper says. Absent: nowhere, and nothing is said. */
  readonly store?: Promise<DurableStore | null>;
  /** The kill switch as a file; absent: it does not outlive the program. */
  readonly killFlag?: KillFlag;
  readonly checkpointIntervalMs?: number;
}

/** How a session begins. */
interface Beginning {
  readonly keeper: SessionKeeper | null;
  readonly parameters: SessionParameters;
  readonly workers: number;
  readonly inForce: InForce;
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
  #token: string | null = null;
  /** The kill switch outlives the session in which it was thrown, and the program. */
  #halted: boolean;
  /** Of the session that is open, or was interrupted; null: it is not kept. */
  #keeper: SessionKeeper | null = null;
  #book: SessionBook;
  readonly #restarts = new RestartDelay();
  /** Nothing is opened or closed before what was interrupted has been looked for. */
  #started: Promise<void> = Promise.resolve();

  constructor(dependencies: WorkstationDependencies) {
    this.#dependencies = dependencies;
    this.#book = this.#newBook();
    this.#halted = dependencies.killFlag?.isOn ?? false;
    dependencies.killFlag?.watch(() => this.#halt('command'));
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

  /** For tests of recovery alone: a thread of the session ends as if it had crashed. */
  killThread(index: number): void {
    this.#session?.killThread(index);
  }

  /** Answers with events; never throws for what a window may get wrong. */
  async handle(command: EngineCommand): Promise<void> {
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
      case 'apply-rules':
        return this.#applyRules(command.requestId, command.rules);
      case 'halt':
        return this.#halt(command.by);
      case 'rearm-request':
        this.#token = this.#dependencies.makeToken();
        return this.#emit({ kind: 'rearm-token', token: this.#token });
      case 'rearm-confirm':
        return this.#rearm(command.token, command.by);
      case 'select-symbol':
        return session?.select(command.symbol);
      default:
        return assertNever(command);
    }
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
    this.#tellHalted();
    const session = this.#session;
    if (session === null) return;
    this.#emit({ kind: 'rules-applied', requestId: null, rules: session.rules, version: session.rulesVersion });
    await session.tellEverything();
  }

  async #open(requestId: number, request: SessionRequest): Promise<void> {
    const parameters = await this.#parametersOf(requestId, request);
    if (parameters === null) return;
    await this.#closeSession();
    const { inputs, speed } = request;
    const info: SessionInfo = {
      inputs: inputs.kind === 'files' ? inputs.paths : [`simulated market, seed ${inputs.seed}`],
      mode: inputs.kind === 'files' ? 'replay' : 'simulated',
      positionsPath: request.positionsPath,
      profile: request.profile,
      speed,
    };
    this.#info = info;
    this.#setStatus({ kind: 'opening' });
    this.#book = this.#newBook();
    this.#restarts.reset();
    const keeper = await this.#keep({ parameters, workers: request.workers, info });
    const { rules } = parameters;
    this.#begin({
      keeper,
      parameters,
      workers: request.workers,
      inForce: { rules, rulesVersion: 1, halted: false, controls: 0 },
    });
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

  #begin({ keeper, parameters, workers, inForce: { rules, rulesVersion, halted } }: Beginning): void {
    const { clock, emit } = this.#dependencies;
    this.#epoch += 1;
    this.#keeper = keeper;
    const session: WorkstationSession = new WorkstationSession({
      epoch: this.#epoch,
      parameters,
      workers,
      clock,
      emit,
      keeper,
      book: this.#book,
      rules,
      rulesVersion,
      onStatus: (status) => {
        if (this.#session === session) this.#setStatus(status);
      },
      onCheckpoint: () => this.#restarts.reset(),
      onFailed: (problem, isInput) => {
        if (this.#session === session) void this.#failed(session, problem, isInput);
      },
    });
    this.#session = session;
    this.#emit({ kind: 'rules-applied', requestId: null, rules, version: rulesVersion });
    session.tellState();
    // A kill switch that was thrown stays thrown until two deliberate acts clear it, whatever session is opened.
    if (this.#halted && !halted) void this.#haltSession(session, 'still halted from before');
    else if (this.#halted) session.setHalted(true);
  }

  async #recover(): Promise<void> {
    const store = await this.#dependencies.store;
    if (store === undefined || store === null) return this.#setStatus({ kind: 'none' });
    try {
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
    if (wasHalted(keeper.controls)) this.#latch('the session before');
    this.#setStatus({ kind: 'opening' });
    this.#begin({ keeper, parameters: keeper.parameters, workers: spec.workers, inForce: now });
  }

  async #failed(session: WorkstationSession, problem: Problem, isInput: boolean): Promise<void> {
    const keeper = this.#keeper;
    if (isInput || keeper === null) return this.#setStatus({ kind: 'failed', problem, isKept: keeper !== null });
    const delayMs = this.#restarts.failed();
    if (delayMs === null) {
      const { failures } = this.#restarts;
      const message = `Trading has stopped: the session failed ${failures} times in a row without a checkpoint in between. The last failure: ${problem.message} Everything is kept; you can try again.`;
      return this.#setStatus({ kind: 'failed', problem: { ...problem, code: 'failed-again', message }, isKept: true });
    }
    const message = `${problem.message} Going on from the last checkpoint in ${(delayMs / 1000).toFixed(1)} s\u2026`;
    this.#setStatus({ kind: 'recovering', message });
    this.#problem(null, problem.code, problem.message, problem.where);
    this.#started = this.#restart(session, keeper, problem.message, delayMs);
    await this.#started;
  }

  async #restart(session: WorkstationSession, keeper: SessionKeeper, cause: string, delayMs: number): Promise<void> {
    await session.close();
    await waitMs(delayMs);
    if (this.#session === session) this.#session = null;
    try {
      await keeper.reload();
      await this.#goOn(keeper, 'session-failed', cause);
    } catch (error) {
      this.#notRecovered('state-lost', `${cause} It cannot be gone on with either. ${(error as Error).message}`);
    }
  }

  /** What is kept stays as it is. */
  #notRecovered(code: string, message: string): void {
    this.#setStatus({ kind: 'failed', problem: { code, message, where: null }, isKept: true });
  }

  /** @returns null when something in the request does not hold; the window has been told what */
  async #parametersOf(requestId: number, request: SessionRequest): Promise<SessionParameters | null> {
    const rules = checkRules(request.rules);
    if (!rules.ok) {
      this.#problem(
        requestId,
        'rules-invalid',
        rules.problem.map(({ message }) => message).join('\n'),
        rules.problem[0].path,
      );
      return null;
    }
    const { workers } = request;
    if (!Number.isInteger(workers) || workers < 1 || workers > WORKERS_MAX) {
      this.#problem(
        requestId,
        'workers-invalid',
        `The number of workers must be a whole number from 1 to ${WORKERS_MAX}; found ${workers}.`,
      );
      return null;
    }
    try {
      const positions = await this.#positionsOf(request);
      const inputs: SessionParameters['inputs'] =
        request.inputs.kind === 'files'
          ? { ...request.inputs, profile: request.profile }
          : { ...request.inputs, seconds: null };
      return {
        inputs,
        positions,
        rules: rules.value,
        speed: request.speed,
        startPaused: request.startPaused,
        outOfOrdernessMs: null,
        maxFutureMs: null,
        historySampleMs: HISTORY_SAMPLE_MS,
      };
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      this.#problem(requestId, 'positions-invalid', error.message, request.positionsPath);
      return null;
    }
  }

  async #positionsOf({ inputs, positionsPath }: SessionRequest): Promise<SessionParameters['positions']> {
    if (positionsPath !== null) return loadPositions(positionsPath);
    return inputs.kind === 'sample' ? samplePositions(inputs.seed) : [];
  }

  async #closeSession(): Promise<void> {
    const session = this.#session;
    const keeper = this.#keeper;
    this.#session = null;
    this.#keeper = null;
    this.#info = null;
    if (session !== null || this.#status.kind === 'failed') this.#setStatus({ kind: 'none' });
    await session?.close();
    try {
      await keeper?.close();
    } catch (error) {
      this.#problem(
        null,
        'state-not-kept',
        `That the session was closed could not be kept: ${(error as Error).message}`,
      );
    }
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
    this.#sayIfNotKept(outcome, 'The change of rules');
  }

  #halt(by: string): void {
    this.#token = null;
    // The stream first: it must not wait for a disk.
    if (this.#session !== null) void this.#haltSession(this.#session, by);
    this.#halted = true;
    this.#latch(by);
    this.#tellHalted();
  }

  #latch(by: string): void {
    this.#halted = true;
    try {
      this.#dependencies.killFlag?.press(by, this.#dependencies.clock.wallMs());
    } catch (error) {
      this.#problem(
        null,
        'state-not-kept',
        `Trading is halted, but a crash would forget it: ${(error as Error).message}`,
      );
    }
  }

  async #haltSession(session: WorkstationSession, by: string): Promise<void> {
    session.setHalted(true);
    this.#sayIfNotKept(await session.control({ kind: 'halt', by }), 'The place of the halt');
  }

  async #rearm(token: string, by: string): Promise<void> {
    if (this.#token === null || token !== this.#token) {
      return this.#problem(
        null,
        'rearm-refused',
        'Re-arming takes two acts: ask for it first, then confirm. Nothing was re-armed.',
      );
    }
    this.#token = null;
    const session = this.#session;
    // The file goes last: a crash in between leaves the switch on.
    const outcome = (await session?.control({ kind: 'rearm', by })) ?? { kind: 'kept' };
    try {
      this.#dependencies.killFlag?.release();
    } catch (error) {
      return this.#problem(null, 'rearm-refused', `The kill switch stays on: ${(error as Error).message}`);
    }
    this.#halted = false;
    session?.setHalted(false);
    this.#tellHalted();
    this.#sayIfNotKept(outcome, 'The place of the re-arming');
  }

  #sayIfNotKept(outcome: ControlOutcome, what: string): void {
    if (outcome.kind === 'failed')
      this.#problem(null, 'state-not-kept', `${what} holds, but a crash would forget it: ${outcome.message}`);
  }

  /** Also without a session. */
  #tellHalted(): void {
    this.#emit({ kind: 'halted', halted: this.#halted });
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
