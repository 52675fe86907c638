import type { Speed } from '../../contract/window.ts';
import type { SessionCommand } from '../session/session-parameters.ts';

export interface SessionPaceOptions {
  readonly startPaused: boolean;
  readonly send: (command: SessionCommand) => void;
  /** Kept, so that a session that goes on is played as it was; absent: it is not kept. */
  readonly keep: ((desk: { readonly paused?: boolean; readonly speed?: Speed }) => void) | null;
}

/**
 * How a session is played, as a person wants it: whether, and how fast. A hold stops it beside that, while there is no room
 * to keep it, and what is wanted stays as it is.
 */
export class SessionPace {
  readonly #options: SessionPaceOptions;
  #isPaused: boolean;
  #isHeld = false;

  constructor(options: SessionPaceOptions) {
    this.#options = options;
    this.#isPaused = options.startPaused;
  }

  get status(): 'paused' | 'playing' {
    return this.#isPaused ? 'paused' : 'playing';
  }

  /** @returns false when it was so already */
  setPaused(paused: boolean): boolean {
    if (paused === this.#isPaused) return false;
    this.#isPaused = paused;
    this.#options.keep?.({ paused });
    if (!this.#isHeld) this.#options.send({ kind: paused ? 'pause' : 'resume' });
    return true;
  }

  setSpeed(speed: Speed): void {
    this.#options.keep?.({ speed });
    this.#options.send({ kind: 'set-speed', speed });
  }

  /** Nothing is read until there is room. */
  setHeld(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    if (!this.#isPaused) this.#options.send({ kind: isHeld ? 'pause' : 'resume' });
  }
}
