import type { EnteredControl } from '../../connectors/sources/control-schedule.ts';
import type { ControlRecord } from '../../trading/records.ts';
import type { SessionKeeper } from './session-keeper.node.ts';

/** `kept`: it is in the stream, and would be again after a crash; `ended`: the session ended first; `failed`: it could not be kept. */
export type ControlOutcome =
  { readonly kind: 'kept' } | { readonly kind: 'ended' } | { readonly kind: 'failed'; readonly message: string };

interface Waiting {
  readonly control: ControlRecord;
  readonly resolve: (outcome: ControlOutcome) => void;
}

/**
 * Controls on their way into the stream: sent at once, they enter where the source stands, which it reports; then they are
 * kept with that place, and only then acknowledged. Coordinator thread only.
 */
export class SessionControls {
  readonly #keeper: SessionKeeper | null;
  readonly #send: (control: ControlRecord, number: number) => void;
  readonly #waiting = new Map<number, Waiting>();
  #numbers = 0;
  #hasEnded = false;
  /** Grows with every one that entered. */
  entered = 0;

  /** @param keeper null: nothing is kept */
  constructor(keeper: SessionKeeper | null, send: (control: ControlRecord, number: number) => void) {
    this.#keeper = keeper;
    this.#send = send;
  }

  /** Never rejects. */
  insert(control: ControlRecord): Promise<ControlOutcome> {
    if (this.#hasEnded) return Promise.resolve({ kind: 'ended' });
    const number = this.#keeper?.nextControl() ?? (this.#numbers += 1);
    const outcome = new Promise<ControlOutcome>((resolve) => {
      this.#waiting.set(number, { control, resolve });
    });
    this.#send(control, number);
    return outcome;
  }

  tookPlace(entered: EnteredControl): void {
    this.entered += 1;
    const waiting = this.#waiting.get(entered.number);
    if (waiting === undefined) return;
    this.#waiting.delete(entered.number);
    const keeping = this.#keeper?.keepControl(waiting.control, entered, entered.superseded) ?? Promise.resolve();
    keeping.then(
      () => waiting.resolve({ kind: 'kept' }),
      (error: unknown) => waiting.resolve({ kind: 'failed', message: (error as Error).message }),
    );
  }

  /** Nothing enters any more. */
  end(): void {
    this.#hasEnded = true;
    for (const { resolve } of this.#waiting.values()) resolve({ kind: 'ended' });
    this.#waiting.clear();
  }
}
