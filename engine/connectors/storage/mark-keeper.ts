import type { Sha256 } from '../../core/bytes.ts';
import type { Clock } from '../../core/time.ts';
import type { StartTimer } from './store-copy.ts';
import { encodeMark, type MarkRecord, type StoreMark } from './store-mark.ts';

export interface MarkKeeperOptions {
  readonly mark: StoreMark;
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly startTimer: StartTimer;
  /** At most one writing in that time, but for those that must not wait. */
  readonly everyMs: number;
  readonly onFailed: (error: unknown) => void;
}

/**
 * Writes the mark: lazily, since a mark that is a moment old still tells a lost store from a new one; at once where what
 * it says decides which copy counts. One writing at a time, always the newest record.
 */
export class MarkKeeper {
  readonly #options: MarkKeeperOptions;
  #latest: MarkRecord | null = null;
  #written: MarkRecord | null = null;
  #lastMs = -Infinity;
  #stopTimer: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: MarkKeeperOptions) {
    this.#options = options;
  }

  note(record: MarkRecord): void {
    this.#latest = record;
    if (this.#stopTimer !== null) return;
    const { clock, everyMs, startTimer, onFailed } = this.#options;
    const waitMs = Math.max(0, this.#lastMs + everyMs - clock.monotonicMs());
    this.#stopTimer = startTimer(waitMs, () => {
      this.#stopTimer = null;
      this.flush().catch(onFailed);
    });
  }

  async writeNow(record: MarkRecord): Promise<void> {
    this.#latest = record;
    await this.flush();
  }

  /** Resolves when the newest record is on the disk. */
  flush(): Promise<void> {
    this.#stopTimer?.();
    this.#stopTimer = null;
    const attempt = this.#writing.then(() => this.#write());
    this.#writing = attempt.catch(() => undefined);
    return attempt;
  }

  async #write(): Promise<void> {
    const record = this.#latest;
    if (record === null || record === this.#written) return;
    const { mark, sha256, clock } = this.#options;
    this.#lastMs = clock.monotonicMs();
    await mark.write(encodeMark(record, sha256));
    this.#written = record;
  }
}
