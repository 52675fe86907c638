import { encodePlain } from '../../memory/plain-text.ts';
import type { Key } from '../../state/java-hash.ts';
import type { LookedUp } from './state-question.ts';
import { StateQueryError } from './state-query-error.ts';

/** Ten times a second, as the original demo's client. */
export const PUSH_EVERY_MS_DEFAULT = 100;
/** A person sees no more, and a task has better things to do. */
export const PUSH_EVERY_MS_MIN = 50;

/** One key's newest value; `value` null: it has no state (any more). */
export interface StateChange {
  readonly key: Key;
  readonly value: unknown;
}

export interface SubscriptionOptions {
  readonly jobId: string;
  readonly name: string;
  readonly keys: readonly Key[];
  /** At most this often, ms; 50 or more. What changes in between is told once, with its latest value. */
  readonly everyMs?: number;
  /** @returns true while whoever listens has not taken what it was told before: it is told less often then */
  readonly isSlow?: () => boolean;
  /** The first call has all keys. */
  readonly onChange: (changes: readonly StateChange[]) => void;
  /** It goes on, and tells when it has answers again; the same problem is told once. */
  readonly onProblem: (error: StateQueryError) => void;
}

/** What asks for several keys at once. */
interface Asker {
  getMany(jobId: string, name: string, keys: readonly Key[]): Promise<readonly LookedUp[]>;
}

/**
 * Pushes the values of some keys as they change, never faster than was asked for (latest value per key, like conflated
 * market data). It lives through rescales, recoveries and times without a job. The tasks hold nothing for it: they are asked
 * at its pace, so that what nobody listens to costs nothing.
 */
export class StateSubscription {
  private readonly asker: Asker;
  private readonly options: SubscriptionOptions;
  private readonly startTimer: (delayMs: number, wake: () => void) => () => void;
  private readonly everyMs: number;
  /** By place of the key: what was told last, as text; null: nothing yet. */
  private readonly told: (string | null)[];
  private problemTold: string | null = null;
  private isEnded = false;
  private takeBack: () => void = () => undefined;

  /** @throws StateQueryError `bad-question` for a pace that is too fast */
  constructor(
    asker: Asker,
    startTimer: (delayMs: number, wake: () => void) => () => void,
    options: SubscriptionOptions,
  ) {
    this.asker = asker;
    this.startTimer = startTimer;
    this.options = options;
    this.everyMs = options.everyMs ?? PUSH_EVERY_MS_DEFAULT;
    if (!(this.everyMs >= PUSH_EVERY_MS_MIN))
      throw new StateQueryError(
        'bad-question',
        `Values are pushed every ${PUSH_EVERY_MS_MIN} ms at most; found ${this.everyMs}.`,
      );
    this.told = options.keys.map(() => null);
    void this.turn();
  }

  /** Nothing is told after it. Twice does no harm. */
  dispose(): void {
    this.isEnded = true;
    this.takeBack();
  }

  private async turn(): Promise<void> {
    if (this.options.isSlow?.() !== true) await this.tellChanges();
    if (!this.isEnded) this.takeBack = this.startTimer(this.everyMs, () => void this.turn());
  }

  private async tellChanges(): Promise<void> {
    const { jobId, name, keys, onChange, onProblem } = this.options;
    try {
      const values = await this.asker.getMany(jobId, name, keys);
      const changes: StateChange[] = [];
      values.forEach((found, place) => {
        const text = encodePlain(found);
        if (text === this.told[place]) return;
        this.told[place] = text;
        changes.push({ key: keys[place], value: found === null ? null : found.value });
      });
      this.problemTold = null;
      if (changes.length > 0 && !this.isEnded) onChange(changes);
    } catch (error) {
      const { message } = error as Error;
      if (this.isEnded || this.problemTold === message) return;
      this.problemTold = message;
      onProblem(error instanceof StateQueryError ? error : new StateQueryError('failed', message));
    }
  }
}
