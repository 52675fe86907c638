/** A control (rule change, halt, rearm) that somebody inserted, by its number in the session. */
export interface NumberedControl<C> {
  readonly number: number;
  readonly control: C;
}

/**
 * A place in the stream: ahead of the quote `sequence`, after so many controls and marks of the inputs. The same inputs
 * have the same places in every run, whatever the speed, the batches and the number of workers.
 */
export interface StreamPlace {
  readonly sequence: number;
  readonly recordedTaken: number;
}

export interface ScheduledControl<C> extends NumberedControl<C>, StreamPlace {}

export interface EnteredControl extends StreamPlace {
  readonly number: number;
  /** Numbers of scheduled controls that it took the place of: they never enter. */
  readonly superseded: readonly number[];
}

/**
 * Controls of an interrupted session on their way back to the places where they first entered. Source thread only.
 * One whose place has passed enters at once: late is better than lost.
 */
export class ControlSchedule<C> {
  readonly #supersedes: (inserted: C, scheduled: C) => boolean;
  readonly #entered: number[];
  #waiting: ScheduledControl<C>[];
  /** Of the control that comes next; Infinity: there is none. Asked for every run of quotes. */
  nextSequence = Infinity;

  /** @param entered numbers that the state the session goes on from knows already */
  constructor(
    scheduled: readonly ScheduledControl<C>[],
    entered: readonly number[],
    supersedes: (inserted: C, scheduled: C) => boolean,
  ) {
    this.#entered = [...entered];
    this.#supersedes = supersedes;
    const known = new Set(entered);
    this.#waiting = scheduled.filter(({ number }) => !known.has(number)).sort(byPlace);
    this.#lookAhead();
  }

  /** Numbers of inserted controls that are in the stream. */
  get entered(): readonly number[] {
    return [...this.#entered];
  }

  /** Whether it waits for its place. */
  has(number: number): boolean {
    return this.#waiting.some((waiting) => waiting.number === number);
  }

  /** How many quotes may be taken before the next control is due, 0 or more. */
  quotesAhead(sequence: number): number {
    return Math.max(0, this.nextSequence - sequence);
  }

  /** Those whose place is here, or was; they count as entered. */
  take(sequence: number, recordedTaken: number): readonly C[] {
    const isDue = (place: StreamPlace): boolean =>
      place.sequence < sequence || (place.sequence === sequence && place.recordedTaken <= recordedTaken);
    const due = this.#waiting.filter(isDue);
    if (due.length === 0) return [];
    this.#waiting = this.#waiting.filter((place) => !isDue(place));
    this.#entered.push(...due.map(({ number }) => number));
    this.#lookAhead();
    return due.map(({ control }) => control);
  }

  /** A control enters that was not planned. @returns numbers of the waiting ones that it takes the place of */
  insert(number: number, control: C): readonly number[] {
    if (number > 0) this.#entered.push(number);
    const superseded = this.#waiting.filter((waiting) => this.#supersedes(control, waiting.control));
    if (superseded.length === 0) return [];
    this.#waiting = this.#waiting.filter((waiting) => !superseded.includes(waiting));
    this.#lookAhead();
    return superseded.map((waiting) => waiting.number);
  }

  #lookAhead(): void {
    this.nextSequence = this.#waiting.length === 0 ? Infinity : this.#waiting[0].sequence;
  }
}

function byPlace(left: StreamPlace & { number: number }, right: StreamPlace & { number: number }): number {
  return left.sequence - right.sequence || left.recordedTaken - right.recordedTaken || left.number - right.number;
}
