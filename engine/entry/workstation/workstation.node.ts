import type {
  EngineCommand,
  EngineEvent,
  Problem,
  SessionInfo,
  SessionRequest,
  SessionStatus,
} from '../../contract/window.ts';
import { StoreError, type DurableStore } from '../../contract/durable-store.ts';
import { CONTRACT_VERSION, type SessionSource } from '../../contract/window.ts';
import { checkRules } from '../../contract/rules-schema.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import { assertNever } from '../../core/assert.ts';
import type { Clock } from '../../core/time.ts';
import { WORKERS_MAX } from '../cli/arguments.ts';
import { feedUrlProblem, LIVE_PROFILE_DEFAULT } from '../cli/live-arguments.ts';
import { loadPositions } from '../cli/documents.node.ts';
import { CliError } from '../cli/messages.ts';
import { OtherSessionError, prepareLive, type PreparedLive, type RecoveredLive } from '../session/live-session.node.ts';
import { samplePositions } from '../session/sample.node.ts';
import type { SessionInputs, SessionParameters } from '../session/session-parameters.ts';
import { WorkstationSession, type Emit, type WorkstationLive } from './workstation-session.node.ts';

/** A chart wants a point a second, and keeps half as many whenever it has too many. */
const HISTORY_SAMPLE_MS = 1_000;

/** What a request decides by itself; where quotes come from is looked at after it. */
type AskedParameters = Omit<SessionParameters, 'inputs'>;

export interface WorkstationDependencies {
  readonly clock: Clock;
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
}

/**
 * The engine as the workstation's window commands it: one session at a time, the kill switch, rules. Coordinator thread
 * only. It outlives every window; a window that comes says hello and is told everything.
 */
export class Workstation {
  readonly #dependencies: WorkstationDependencies;
  #session: WorkstationSession | null = null;
  #info: SessionInfo | null = null;
  #status: SessionStatus = { kind: 'none' };
  #epoch = 0;
  #token: string | null = null;
  /** The kill switch outlives the session in which it was thrown. */
  #halted = false;
  #isNearlyFull = false;

  constructor(dependencies: WorkstationDependencies) {
    this.#dependencies = dependencies;
  }

  /** Answers with events; never throws for what a window may get wrong. */
  async handle(command: EngineCommand): Promise<void> {
    const session = this.#session;
    switch (command.kind) {
      case 'hello':
        return this.#welcome(command.contractVersion);
      case 'open':
        return this.#open(command.requestId, command.session);
      case 'close-session':
        return this.#closeSession();
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
      case 'stood-still':
        return session?.stoodStill(command.forMs);
      case 'select-symbol':
        return session?.select(command.symbol);
      default:
        return assertNever(command);
    }
  }

  /** Tells every session that has a journal to stand still, or to go on. */
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
    const session = this.#session;
    if (session === null) return;
    this.#emit({ kind: 'rules-applied', requestId: null, rules: session.rules, version: session.rulesVersion });
    await session.tellEverything();
  }

  async #open(requestId: number, request: SessionRequest): Promise<void> {
    const asked = await this.#parametersOf(requestId, request);
    if (asked === null) return;
    await this.#closeSession();
    const source = request.inputs;
    const live = source.kind === 'live' ? await this.#prepareLive(requestId, source, request.profile, asked) : null;
    let parameters: SessionParameters;
    if (source.kind !== 'live') parameters = { ...asked, inputs: recordedInputs(source, request.profile) };
    else if (live !== null) parameters = liveParameters(asked, live.prepared);
    else return;
    this.#epoch += 1;
    const { inputs, speed } = request;
    this.#info = {
      ...describeSource(inputs),
      positionsPath: request.positionsPath,
      profile: request.profile,
      speed,
    };
    this.#setStatus({ kind: 'opening' });
    const { clock, emit } = this.#dependencies;
    const session = new WorkstationSession({
      epoch: this.#epoch,
      parameters,
      workers: request.workers,
      clock,
      emit,
      live,
      onStatus: (status) => {
        if (this.#session === session) this.#setStatus(status);
      },
    });
    this.#session = session;
    this.#emit({ kind: 'rules-applied', requestId: null, rules: session.rules, version: session.rulesVersion });
    if (this.#isNearlyFull) session.setNearlyFull(true);
    // A kill switch that was thrown stays thrown until two deliberate acts clear it, whatever session is opened.
    if (this.#halted) this.#haltSession(session, 'still halted from the session before');
  }

  /** @returns null when something in the request does not hold; the window has been told what */
  async #parametersOf(requestId: number, request: SessionRequest): Promise<AskedParameters | null> {
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
      return {
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

  /** @returns null when it cannot begin or go on; the window has been told why */
  async #prepareLive(
    requestId: number,
    source: Extract<SessionSource, { kind: 'live' }>,
    profile: string | null,
    asked: AskedParameters,
  ): Promise<WorkstationLive | null> {
    const problem = feedUrlProblem(source.url);
    if (problem !== null) {
      this.#problem(requestId, 'feed-invalid', problem);
      return null;
    }
    let store: DurableStore | null = null;
    try {
      store = await this.#dependencies.openLiveStore(source.anew);
      const rest = { staleMs: null, idleMs: null, outOfOrdernessMs: null, maxFutureMs: null };
      const { positions, rules } = asked;
      const prepared = await prepareLive(store, {
        url: source.url,
        subscribe: null,
        profile: profile ?? LIVE_PROFILE_DEFAULT,
        positions,
        rules,
        ...rest,
      });
      const { cutOff } = prepared.found;
      if (cutOff !== null) this.#emit({ kind: 'notice', tone: 'bad', text: cutOff });
      return { store, prepared, rules, onRecovered: (recovered) => this.#recovered(recovered) };
    } catch (error) {
      await store?.close();
      if (!(error instanceof StoreError || error instanceof OtherSessionError)) throw error;
      const hint = error instanceof OtherSessionError ? ' In the session dialog, choose to begin a new session.' : '';
      this.#problem(requestId, 'live-state', `${error.message}${hint}`);
      return null;
    }
  }

  #recovered({ quotes, halted, rulesVersion }: RecoveredLive): void {
    const session = this.#session;
    if (session === null) return;
    this.#emit({ kind: 'rules-applied', requestId: null, rules: session.rules, version: rulesVersion });
    const text = `The live session goes on: ${quotes} quotes were recovered from its journal${halted ? ', and the kill switch is on' : ''}.`;
    this.#emit({ kind: 'notice', tone: 'good', text });
    if (!halted) return;
    // The switch survives every crash.
    this.#halted = true;
    session.setHalted(true);
  }

  async #positionsOf({ inputs, positionsPath }: SessionRequest): Promise<SessionParameters['positions']> {
    if (positionsPath !== null) return loadPositions(positionsPath);
    return inputs.kind === 'sample' ? samplePositions(inputs.seed) : [];
  }

  async #closeSession(): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    this.#session = null;
    this.#info = null;
    this.#setStatus({ kind: 'none' });
    await session.close();
  }

  #applyRules(requestId: number, document: RulesDocument): void {
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
    session.rulesVersion += 1;
    session.rules = rules.value;
    session.control({ kind: 'rules', rules: rules.value, version: session.rulesVersion });
    this.#emit({ kind: 'rules-applied', requestId, rules: rules.value, version: session.rulesVersion });
  }

  #halt(by: string): void {
    this.#token = null;
    this.#halted = true;
    if (this.#session !== null) this.#haltSession(this.#session, by);
  }

  #haltSession(session: WorkstationSession, by: string): void {
    session.control({ kind: 'halt', by });
    session.setHalted(true);
  }

  #rearm(token: string, by: string): void {
    if (this.#token === null || token !== this.#token) {
      return this.#problem(
        null,
        'rearm-refused',
        'Re-arming takes two acts: ask for it first, then confirm. Nothing was re-armed.',
      );
    }
    this.#token = null;
    this.#halted = false;
    this.#session?.control({ kind: 'rearm', by });
    this.#session?.setHalted(false);
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

function describeSource(source: SessionSource): Pick<SessionInfo, 'inputs' | 'mode'> {
  switch (source.kind) {
    case 'files':
      return { inputs: source.paths, mode: 'replay' };
    case 'sample':
      return { inputs: [`simulated market, seed ${source.seed}`], mode: 'simulated' };
    case 'live':
      return { inputs: [source.url], mode: 'live' };
    default:
      return assertNever(source);
  }
}

function recordedInputs(source: Exclude<SessionSource, { kind: 'live' }>, profile: string | null): SessionInputs {
  return source.kind === 'files' ? { ...source, profile } : { ...source, seconds: null };
}

function liveParameters(asked: AskedParameters, { inputs, rules }: PreparedLive): SessionParameters {
  const { outOfOrdernessMs, maxFutureMs } = inputs.settings;
  return { ...asked, inputs, rules, outOfOrdernessMs, maxFutureMs, speed: { kind: 'max' }, startPaused: false };
}
