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
    const session = this.#session;
    if (session === null) return;
    this.#emit({ kind: 'rules-applied', requestId: null, rules: session.rules, version: session.rulesVersion });
    await session.tellEverything();
  }

  async #open(requestId: number, request: SessionRequest): Promise<void> {
    const parameters = await this.#parametersOf(requestId, request);
    if (parameters === null) return;
    await this.#closeSession();
    this.#epoch += 1;
    const { inputs, speed } = request;
    this.#info = {
      inputs: inputs.kind === 'files' ? inputs.paths : [`simulated market, seed ${inputs.seed}`],
      mode: inputs.kind === 'files' ? 'replay' : 'simulated',
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
      onStatus: (status) => {
        if (this.#session === session) this.#setStatus(status);
      },
    });
    this.#session = session;
    this.#emit({ kind: 'rules-applied', requestId: null, rules: parameters.rules, version: session.rulesVersion });
    // A kill switch that was thrown stays thrown until two deliberate acts clear it, whatever session is opened.
    if (this.#halted) this.#haltSession(session, 'still halted from the session before');
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
