import { checkRules } from '../../contract/rules-schema.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import { CONTRACT_VERSION, type EngineCommand, type EngineEvent, type Problem } from '../../contract/window.ts';
import { assertNever } from '../../core/assert.ts';
import type { ServedSession } from '../serve/trading-queries.ts';
import type { SessionScaling, WorkersOutcome } from '../session/session-scaling.node.ts';
import type { KillFlag } from './kill-flag.node.ts';
import { KillSwitch } from './kill-switch.node.ts';
import type { QueryCommand } from './query-desk.node.ts';
import { SessionLifecycle, type SessionDependencies } from './session-lifecycle.node.ts';
import type { WorkstationSession } from './workstation-session.node.ts';

export interface WorkstationDependencies extends SessionDependencies {
  /** Name and version of the engine, for the window's About. */
  readonly engine: string;
  /** A word nobody can guess: the first of the two acts that re-arm hands it out, the second brings it back. */
  readonly makeToken: () => string;
  /** The kill switch as a file; absent: it does not outlive the program. */
  readonly killFlag?: KillFlag;
}

const NO_SESSION = 'There is no session whose number of workers could change.';

/**
 * The engine as the workstation's window commands it: one session at a time, the kill switch, rules. Coordinator thread
 * only. It outlives every window; a window that comes says hello and is told everything.
 */
export class Workstation {
  readonly #dependencies: WorkstationDependencies;
  readonly #life: SessionLifecycle;
  readonly #killSwitch: KillSwitch;

  constructor(dependencies: WorkstationDependencies) {
    this.#dependencies = dependencies;
    this.#life = new SessionLifecycle(dependencies, () => this.#killSwitch);
    this.#killSwitch = this.#newKillSwitch();
  }

  /** Goes on with the session that was interrupted, if there is one. */
  start(): void {
    this.#life.start();
  }

  /** Whether a command must not wait behind one that is slow: the switch, and a window that wants to show something. */
  static isUrgent({ kind }: EngineCommand): boolean {
    return kind === 'halt' || kind === 'hello';
  }

  /** For tests of recovery alone: something happens to a thread of the session. */
  disturb(act: (session: WorkstationSession) => void): void {
    if (this.#life.session !== null) act(this.#life.session);
  }

  /** What can be asked about the session that is open; null: there is none. */
  get served(): ServedSession | null {
    return this.#life.session?.served ?? null;
  }

  /** Answers with events; never throws for what a window may get wrong. */
  async handle(command: Exclude<EngineCommand, QueryCommand>): Promise<void> {
    if (!Workstation.isUrgent(command)) await this.#life.started;
    const { session } = this.#life;
    switch (command.kind) {
      case 'hello':
        return this.#welcome(command.contractVersion);
      case 'open':
        return this.#life.open(command.requestId, command.session);
      case 'close-session':
        return this.#life.close();
      case 'recover':
        return this.#life.tryAgain();
      case 'play':
        return session?.play();
      case 'pause':
        return session?.pause();
      case 'set-speed':
        return this.#life.setSpeed(command.speed);
      case 'set-workers':
        // Not waited for: new threads take their time, and commands behind it need not.
        void this.setWorkers(command.workers);
        return;
      case 'set-autoscale':
        return this.#scaling()?.setAutoscale(command.autoscale);
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
    const scaling = this.#scaling();
    return scaling === null ? { kind: 'refused', problem: NO_SESSION } : scaling.setWorkers(workers);
  }

  /** The disk: the session stands still before a write fails, and goes on by itself when there is room. */
  setNearlyFull(on: boolean): void {
    this.#life.setNearlyFull(on);
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
    this.#life.tellStatus();
    this.#killSwitch.tell();
    this.#dependencies.audit.tell();
    const { session } = this.#life;
    if (session === null) return;
    this.#emit({ kind: 'rules-applied', requestId: null, rules: session.rules, version: session.rulesVersion });
    await session.tellEverything();
  }

  /** @returns null when nothing runs; the window has been told */
  #scaling(): SessionScaling | null {
    const { scaling } = this.#life;
    if (scaling === null) this.#problem(null, 'no-session', NO_SESSION);
    return scaling;
  }

  async #applyRules(requestId: number, document: RulesDocument): Promise<void> {
    const { session } = this.#life;
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
    await this.#life.rulesChanged(rules.value);
    if (outcome.kind === 'failed') {
      const message = `The change of rules holds, but a crash would forget it: ${outcome.message}`;
      this.#problem(null, 'state-not-kept', message);
    }
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
      enter: (control) => this.#life.session?.control(control) ?? Promise.resolve({ kind: 'ended' }),
      show: (halted) => this.#life.session?.setHalted(halted),
      audit: (entry) => audit.append(entry),
      problem: (code, message) => this.#problem(null, code, message),
    });
  }

  #problem(requestId: number | null, code: string, message: string, where: string | null = null): void {
    const problem: Problem = { code, message, where };
    this.#emit({ kind: 'problem', requestId, problem });
  }

  #emit(event: EngineEvent): void {
    this.#dependencies.emit(event);
  }
}
