import type { EngineEvent } from '../../contract/window.ts';
import { startMachineTimer } from '../../core/machine.node.ts';
import type { Clock } from '../../core/time.ts';
import type { ControlRecord } from '../../trading/records.ts';
import type { KillLine } from '../session/kill-line.ts';
import type { KillFlag } from './kill-flag.node.ts';
import type { ControlOutcome } from './session-controls.node.ts';

/** Whoever pressed the line says so at once; a source that stands for longer than this is believed without. */
const WORD_MS_MAX = 200;

export interface KillSwitchDependencies {
  readonly clock: Clock;
  readonly emit: (event: EngineEvent) => void;
  /** A word nobody can guess: the first of the two acts that re-arm hands it out, the second brings it back. */
  readonly makeToken: () => string;
  /** What stops the source before any message reaches it. */
  readonly line: KillLine;
  /** The switch as a file; null: it does not outlive the program. */
  readonly flag: KillFlag | null;
  /** Into the stream of the session that is open. */
  readonly enter: (control: ControlRecord) => Promise<ControlOutcome>;
  /** What the session that is open shows from now on. */
  readonly show: (halted: boolean) => void;
  /** There was no stream to enter: the trail is told all the same. */
  readonly audit: (entry: { readonly kind: 'kill' | 'rearm'; readonly details: { readonly by: string } }) => void;
  readonly problem: (code: string, message: string) => void;
}

/**
 * The kill switch, which outlives sessions and the program: from its place in the stream on nothing trades, until two
 * deliberate acts clear it. Coordinator thread only.
 *
 * Three things are pressed, fastest first: a line in shared memory, at which the source stands still; a record in the
 * stream, which is what decides; and a file, which survives every crash. Re-arming goes through them in the same order, and
 * a press that comes meanwhile wins.
 */
export class KillSwitch {
  readonly #dependencies: KillSwitchDependencies;
  #isOn: boolean;
  #token: string | null = null;
  #presses = 0;
  /** Halts on their way into the stream. */
  #entering = 0;
  #isRearming = false;

  constructor(dependencies: KillSwitchDependencies) {
    const { flag, line } = dependencies;
    this.#dependencies = dependencies;
    this.#isOn = line.isPressed || flag?.isOn === true;
    if (this.#isOn) line.press();
    flag?.watch(() => this.press('command'));
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  press(by: string): void {
    this.#token = null;
    this.#presses += 1;
    this.#dependencies.line.press();
    // The stream first: it must not wait for a disk. Once is enough: what is pressed stays pressed.
    if (!this.#isOn || this.#isRearming) void this.haltStream(by);
    this.latch(by);
    this.tell();
  }

  /** The source stands still at the line. It goes on behind a halt, which is on its way unless something was lost. */
  stands(): void {
    if (this.#isOn && this.#entering === 0) return void this.haltStream('still halted from before');
    startMachineTimer(WORD_MS_MAX, () => {
      if (!this.#isOn && this.#dependencies.line.isPressed) this.press('command');
    });
  }

  /** It is on, whoever pressed it, and survives a crash from soon on. */
  latch(by: string): void {
    this.#isOn = true;
    const { clock, flag, line, problem } = this.#dependencies;
    line.press();
    flag
      ?.press(by, clock.wallMs())
      .catch((error: unknown) =>
        problem('state-not-kept', `Trading is halted, but a crash would forget it: ${(error as Error).message}`),
      );
  }

  /** From its place on nothing trades. Never rejects. */
  async haltStream(by: string): Promise<void> {
    const { audit, enter, show } = this.#dependencies;
    show(true);
    this.#entering += 1;
    const outcome = await enter({ kind: 'halt', by });
    this.#entering -= 1;
    if (outcome.kind === 'ended') audit({ kind: 'kill', details: { by } });
    this.#sayIfNotKept(outcome, 'The place of the halt');
  }

  /** The first act. */
  requestRearm(): void {
    this.#token = this.#dependencies.makeToken();
    this.#dependencies.emit({ kind: 'rearm-token', token: this.#token });
  }

  /** The second act. */
  async rearm(token: string, by: string): Promise<void> {
    if (this.#token === null || token !== this.#token)
      return this.#refuse('Re-arming takes two acts: ask for it first, then confirm. Nothing was re-armed.');
    this.#token = null;
    const { audit, enter, flag, line, show } = this.#dependencies;
    const presses = this.#presses;
    this.#isRearming = true;
    line.release();
    const outcome = await enter({ kind: 'rearm', by });
    this.#isRearming = false;
    if (outcome.kind === 'ended') audit({ kind: 'rearm', details: { by } });
    // Its halt went into the stream behind the re-arming.
    if (this.#presses !== presses) return this.#refuse('The kill switch was pressed again meanwhile: it stays on.');
    try {
      // The file goes last: a crash in between leaves the switch on.
      flag?.release();
    } catch (error) {
      line.press();
      void this.haltStream('the switch could not be cleared');
      return this.#refuse(`The kill switch stays on: ${(error as Error).message}`);
    }
    this.#isOn = false;
    show(false);
    this.tell();
    this.#sayIfNotKept(outcome, 'The place of the re-arming');
  }

  /** Also without a session. */
  tell(): void {
    this.#dependencies.emit({ kind: 'halted', halted: this.#isOn });
  }

  #refuse(message: string): void {
    this.#dependencies.problem('rearm-refused', message);
  }

  #sayIfNotKept(outcome: ControlOutcome, what: string): void {
    if (outcome.kind === 'failed')
      this.#dependencies.problem('state-not-kept', `${what} holds, but a crash would forget it: ${outcome.message}`);
  }
}
