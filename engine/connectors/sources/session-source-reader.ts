import type { OutputTag } from '../../api/output-tag.ts';
import type { InputStatus, ReaderOutput, SourceReader } from '../../api/source.ts';
import { assert } from '../../core/assert.ts';
import type { SourceTime, SourceWait } from '../../contract/explanations.ts';
import { WATERMARK_MIN } from '../../core/time.ts';
import type { Clock } from '../../core/time.ts';
import { InputError } from './input-error.ts';
import { Pacer, type ReplaySpeed, type StartTimer } from './pacing.ts';
import type { QuoteBatch } from './quote-batch.ts';
import type { QuoteInput } from './quote-input.ts';
import type { QuarantinedRow, StoredLedger } from './row-ledger.ts';
import { SessionMerge, type InputPlace } from './session-merge.ts';
import {
  QUOTE_IS_STALE,
  RecordedMark,
  type FeedFact,
  type LiveColumns,
  type SessionJournal,
  type SessionMark,
} from './session-marks.ts';
import {
  ControlSchedule,
  type EnteredControl,
  type NumberedControl,
  type ScheduledControl,
} from './control-schedule.ts';
import type { SessionRecord } from './session-records.ts';
import { SessionStamper, type StamperOptions, type StoredStamper } from './session-stamper.ts';
import { firstQuarantined, sessionTotals, type SessionTotals } from './session-totals.ts';
import type { SymbolTable } from './symbol-table.ts';

export interface SessionReaderOptions<C> extends StamperOptions {
  /** In the order the inputs were named. */
  readonly inputs: readonly QuoteInput[];
  /** The table that numbers the symbols of all inputs. */
  readonly symbols: SymbolTable;
  /** Where controls (rule changes, halt, rearm) go. */
  readonly controlTag: OutputTag<C>;
  /**
   * Whether a control, inserted or recorded, starts or ends the need for an alignment at every full second; null: neither.
   */
  readonly alignmentNeed?: (control: C) => boolean | null;
  readonly clock: Clock;
  readonly startTimer: StartTimer;
  readonly speed: ReplaySpeed;
  readonly startPaused: boolean;
  /** Where a checkpoint says the session stood: the same inputs are read again, over what was taken; null: it begins. */
  readonly restored?: StoredSession | null;
  /** Takes down what is taken, in order (live sessions). */
  readonly journal?: SessionJournal;
  /** Controls that entered before an interruption: each enters again where it did. Those the checkpoint knows are left out. */
  readonly scheduled?: readonly ScheduledControl<C>[];
  /** Whether a control that is inserted now takes the place of one that has not entered again yet. */
  readonly supersedes?: (inserted: C, scheduled: C) => boolean;
  /** Something became known about the feed, for the first time or again. */
  readonly onFact?: (fact: FeedFact) => void;
  /** An inserted control has entered the stream. */
  readonly onEntered?: (entered: EnteredControl) => void;
}

/** Where a session stands, as plain data. */
export interface StoredSession {
  readonly stamper: StoredStamper;
  readonly places: readonly InputPlace[];
  readonly ledgers: readonly StoredLedger[];
  /** Controls that have not entered the stream yet. */
  readonly controls: readonly NumberedControl<unknown>[];
  /** Numbers of the inserted ones that have. */
  readonly controlsEntered: readonly number[];
  /** Controls and marks of the inputs taken so far: with the sequence, a place in the stream. */
  readonly recordedTaken: number;
  /** A step of time that was taken and has not been finished; null: none. */
  readonly unfinishedStepMs: number | null;
  /** Positions ahead of the next quote have been opened, the quote itself was not taken yet. */
  readonly isOfferOpen: boolean;
}

/**
 * Plays a session: inputs -> merge -> pace -> stamp -> the job (Flink: SourceReader). One for all kinds of inputs.
 * Source thread only. An input that cannot be read to its end stops the session there: everything before the damage has
 * been emitted, `isAvailable` rejects with the InputError, and no final watermark is sent, for it was not the end.
 */
export class SessionSourceReader<C> implements SourceReader<SessionRecord> {
  readonly stamper: SessionStamper;
  readonly #inputs: readonly QuoteInput[];
  readonly #merge: SessionMerge;
  readonly #pacer: Pacer;
  readonly #startTimer: StartTimer;
  readonly #controlTag: OutputTag<C>;
  readonly #alignmentNeed: (control: C) => boolean | null;
  readonly #controls: NumberedControl<C>[] = [];
  readonly #schedule: ControlSchedule<C>;
  readonly #onEntered: (entered: EnteredControl) => void;
  readonly #onFact: (fact: FeedFact) => void;
  #recordedTaken = 0;
  readonly #journal: SessionJournal | null;
  /** A quote whose positions needed more than a poll's room is still to come. */
  #isOfferOpen = false;
  /** A step of time whose positions need more than this poll's room. */
  #unfinishedStepMs: number | null = null;
  #waitMs = 0;
  #waitsForInput = false;
  /** This poll has emitted what it may. */
  #isFull = false;
  #ended = false;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(options: SessionReaderOptions<C>) {
    this.#inputs = options.inputs;
    this.stamper = new SessionStamper(options.symbols, options);
    const restored = options.restored ?? null;
    this.#merge = new SessionMerge(options.inputs, restored?.places ?? null);
    this.#pacer = new Pacer(options.clock, options.speed, options.startPaused);
    this.#startTimer = options.startTimer;
    this.#controlTag = options.controlTag;
    this.#journal = options.journal ?? null;
    this.#alignmentNeed = options.alignmentNeed ?? ((): null => null);
    this.#onFact = options.onFact ?? ((): void => undefined);
    this.#onEntered = options.onEntered ?? ((): void => undefined);
    this.#schedule = new ControlSchedule(
      options.scheduled ?? [],
      restored?.controlsEntered ?? [],
      options.supersedes ?? ((): boolean => false),
    );
    if (restored === null) return;
    const ledgers = this.#inputs.map(({ ledger }) => ledger);
    ledgers.forEach((ledger, index) => ledger.restore(restored.ledgers[index]));
    this.stamper.restore(restored.stamper, ledgers);
    const waiting = restored.controls as readonly NumberedControl<C>[];
    this.#controls.push(...waiting.filter(({ number }) => !this.#schedule.has(number)));
    this.#recordedTaken = restored.recordedTaken;
    this.#unfinishedStepMs = restored.unfinishedStepMs;
    this.#isOfferOpen = restored.isOfferOpen;
  }

  /** Between two polls. */
  snapshot(): StoredSession {
    const ledgers = this.#inputs.map(({ ledger }) => ledger);
    const stamper = this.stamper.snapshot(ledgers);
    const heldRows = (input: number): number =>
      stamper.held.reduce((sum, held) => sum + (held.input === input ? held.rows : 0), 0);
    return {
      stamper,
      places: this.#merge.places(),
      ledgers: this.#inputs.map(({ ledger, isReadOnce }, index) =>
        isReadOnce === true ? ledger.snapshotWhole(heldRows(index)) : ledger.snapshot(),
      ),
      // What waits at a journal enters behind this place: the journal has it then, or it never was.
      controls: this.#journal === null ? [...this.#controls] : [],
      controlsEntered: this.#schedule.entered,
      recordedTaken: this.#recordedTaken,
      unfinishedStepMs: this.#unfinishedStepMs,
      isOfferOpen: this.#isOfferOpen,
    };
  }

  pollNext(output: ReaderOutput<SessionRecord>, recordsMax: number): InputStatus {
    if (this.#ended) return 'end-of-input';
    if (this.#failure !== null) return 'nothing-available';
    const limit = this.stamper.emittedRecords + recordsMax;
    if (!this.#finishStep(output, limit)) return 'more-available';
    // Between the positions that open ahead of a quote and the quote itself there is no place in the stream; nor among
    // quotes that were held back, which have their numbers already.
    if (!this.#isOfferOpen && !this.stamper.releasing) this.#emitControls(output);
    this.#waitMs = 0;
    this.#waitsForInput = false;
    this.#isFull = false;
    if (this.#pacer.paused) return this.#rest(Infinity);
    try {
      while (this.stamper.emittedRecords < limit) {
        if (this.stamper.releasing) {
          this.#release(output, limit - this.stamper.emittedRecords);
          continue;
        }
        if (!this.#isOfferOpen) this.#emitScheduled(output);
        const status = this.#merge.select();
        if (status === 'waiting') {
          this.#waitsForInput = true;
          return 'nothing-available';
        }
        if (status === 'skipping') break;
        if (status === 'ended') return this.#end(output);
        if (status === 'marks') {
          const { current } = this.#merge;
          if (!this.#takeRecorded(current as QuoteInput, (current as QuoteInput).batch.from, output, limit)) break;
          continue;
        }
        if (!this.#playRun(this.#merge.current as QuoteInput, output, limit)) return this.#rest(this.#waitMs);
        // A quote with many positions ahead of it may leave a last place free that none of them takes.
        if (this.#isFull) break;
      }
    } catch (error) {
      // What went wrong behind the reader (a full ring's owner died, a chained function threw) is no business of the inputs.
      if (!(error instanceof InputError)) throw error;
      // The rows before the damage are on their way; what went wrong is told where the runtime waits for more.
      this.#failure = error;
      return 'nothing-available';
    }
    return 'more-available';
  }

  async isAvailable(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#ended) return;
    if (this.#waitsForInput) {
      await this.#merge.whenReady();
      return;
    }
    if (this.#waitMs <= 0) return;
    await new Promise<void>((resolve) => {
      const cancel = Number.isFinite(this.#waitMs) ? this.#startTimer(this.#waitMs, () => this.#wakeUp()) : null;
      this.#wake = () => {
        cancel?.();
        resolve();
      };
    });
  }

  async close(): Promise<void> {
    this.#wakeUp();
    await Promise.all(this.#inputs.map((input) => input.close()));
  }

  pause(): void {
    this.#pacer.pause(this.stamper.greatestMs);
  }

  resume(): void {
    this.#pacer.resume();
    this.#wakeUp();
  }

  setSpeed(speed: ReplaySpeed): void {
    this.#pacer.setSpeed(speed, this.stamper.greatestMs);
    this.#wakeUp();
  }

  /**
   * Enters the stream at the current place, also while paused. Stands at the greatest event time seen.
   * @param number by which `onEntered` names it, unique in the session; 0: nobody asks
   */
  insertControl(control: C, number = 0): void {
    this.#controls.push({ number, control });
    this.#wakeUp();
  }

  /**
   * Milliseconds of event time by which the replay trails the pace asked for; 0 at max speed, while paused, and while the
   * next quote is not due: a market that is silent is not behind.
   */
  lagMs(): number {
    if (this.#waitMs > 0) return 0;
    const target = this.#pacer.targetMs();
    const reached = this.stamper.greatestMs;
    return target === null || !Number.isFinite(reached) ? 0 : Math.max(0, target - reached);
  }

  /** Whether controls from before an interruption still wait for the places where they entered. */
  get hasScheduled(): boolean {
    return this.#schedule.nextSequence !== Infinity;
  }

  /** 0..1 of the stored bytes read; null where an input has no end. */
  fraction(): number | null {
    let read = 0;
    let total = 0;
    for (const input of this.#inputs) {
      const progress = input.progress();
      if (progress === null) return null;
      read += progress.read;
      total += progress.total;
    }
    if (this.#ended) return 1;
    return total === 0 ? 0 : Math.min(1, read / total);
  }

  /** Where event time stands here, and what it waits for. */
  time(): Pick<SourceTime, 'watermarkMs' | 'greatestEventTimeMs' | 'heldQuotes' | 'waitsFor' | 'inputs'> {
    const { greatestMs, heldQuotes, watermarkMs } = this.stamper;
    const greatestEventTimeMs = greatestMs === WATERMARK_MIN ? null : greatestMs;
    return {
      // At the end it is the greatest event time, which the stamper does not stamp on a quote any more.
      watermarkMs: this.#ended ? greatestEventTimeMs : watermarkMs,
      greatestEventTimeMs,
      heldQuotes,
      waitsFor: this.#waitsFor(),
      inputs: this.#merge.times(),
    };
  }

  #waitsFor(): SourceWait {
    if (this.#failure !== null) return { kind: 'failed' };
    if (this.#ended) return { kind: 'ended' };
    if (this.#pacer.paused) return { kind: 'paused' };
    if (this.#waitsForInput) return { kind: 'input', inputs: this.#merge.waiting.map(({ name }) => name) };
    const { waiting } = this.#pacer;
    return waiting === null ? { kind: 'nothing' } : { kind: 'pace', ...waiting };
  }

  totals(): SessionTotals {
    return sessionTotals(this.#inputs, this.stamper);
  }

  /** The first rows in quarantine, inputs in the order named; `known` of them are skipped. */
  quarantinedRows(known = 0): readonly QuarantinedRow[] {
    return firstQuarantined(this.#inputs).slice(known);
  }

  #release(output: ReaderOutput<SessionRecord>, room: number): void {
    this.stamper.release(output, room);
    // A gap of hours was believed in: it is not waited for.
    if (!this.stamper.releasing) this.#pacer.anchor(this.stamper.greatestMs);
  }

  /** Emits quotes of one input for as long as they come next. @returns false when the next one is not due yet */
  #playRun(input: QuoteInput, output: ReaderOutput<SessionRecord>, limit: number): boolean {
    const { batch, ledger } = input;
    const { live } = batch;
    if (live !== undefined && live !== null) return this.#playLiveRun(input, live, output, limit);
    const { stamper } = this;
    const merge = this.#merge;
    const paced = !this.#pacer.unbounded;
    while (batch.from < batch.to) {
      if (!this.#isOfferOpen) this.#emitScheduled(output);
      if (!paced) {
        const room = Math.min(limit - stamper.emittedRecords, this.#schedule.quotesAhead(stamper.sequence));
        const to = Math.min(batch.to, batch.from + room, input.nextControlIndex);
        batch.from = stamper.takeUsual(batch, batch.from, to, merge.lastMs, ledger, output);
        if (batch.from === batch.to) return true;
      }
      const index = batch.from;
      const timeMs = batch.time[index] + batch.timeShiftMs;
      if (!merge.isCurrentStillNext(timeMs)) return true;
      if (paced && !this.#isDue(timeMs)) return false;
      if (input.nextControlIndex <= index && !this.#takeRecorded(input, index, output, limit)) {
        this.#isFull = true;
        return true;
      }
      const left = limit - stamper.emittedRecords;
      if (left <= 0 || !this.#offer(input, index, output, left)) {
        this.#isFull = true;
        return true;
      }
      batch.from = index + 1;
      if (stamper.releasing) return true;
    }
    return true;
  }

  /**
   * As `#playRun`, for quotes that came from a live feed: each brings its reading of the processing clock, and stale ones
   * are put aside. Quotes of one reading are taken together.
   */
  #playLiveRun(input: QuoteInput, live: LiveColumns, output: ReaderOutput<SessionRecord>, limit: number): boolean {
    const { batch, ledger } = input;
    const { stamper } = this;
    const merge = this.#merge;
    const paced = !this.#pacer.unbounded;
    while (batch.from < batch.to) {
      if (!this.#isOfferOpen) this.#emitScheduled(output);
      const index = batch.from;
      const timeMs = batch.time[index] + batch.timeShiftMs;
      if (!merge.isCurrentStillNext(timeMs)) return true;
      const isStale = (live.flags[index] & QUOTE_IS_STALE) !== 0;
      if (paced && !isStale && !this.#isDue(timeMs)) return false;
      const left = limit - stamper.emittedRecords;
      const ahead = this.#schedule.quotesAhead(stamper.sequence);
      if (left <= 0 || (input.nextControlIndex <= index && !this.#takeRecorded(input, index, output, limit))) {
        this.#isFull = true;
        return true;
      }
      stamper.processingTime(live.received[index], output);
      let taken = index + 1;
      if (isStale) stamper.refuseStale(batch, index, ledger);
      else {
        const end = paced
          ? index
          : Math.min(runEnd(batch, live), input.nextControlIndex, index + Math.min(left, ahead));
        taken = stamper.takeUsual(batch, index, end, merge.lastMs, ledger, output);
        if (taken === index) {
          // With all its positions at once: a checkpoint between them and the quote would hold what is in no journal.
          this.stamper.offer(batch, index, ledger, output, Infinity);
          taken = index + 1;
        }
      }
      this.#journal?.takenQuotes(batch, index, taken);
      batch.from = taken;
      if (stamper.releasing) return true;
    }
    return true;
  }

  #offer(input: QuoteInput, index: number, output: ReaderOutput<SessionRecord>, room: number): boolean {
    const isTaken = this.stamper.offer(input.batch, index, input.ledger, output, room);
    this.#isOfferOpen = !isTaken;
    return isTaken;
  }

  #isDue(timeMs: number): boolean {
    if (timeMs <= this.stamper.greatestMs || this.stamper.wouldHold(timeMs)) return true;
    this.#waitMs = this.#pacer.waitMs(timeMs);
    return this.#waitMs <= 0;
  }

  #emitControls(output: ReaderOutput<SessionRecord>): void {
    this.#emitScheduled(output);
    for (const { number, control } of this.#controls) {
      this.#journal?.takenControl(control);
      const superseded = this.#schedule.insert(number, control);
      this.#emitControl(control, output);
      this.#onEntered({ number, sequence: this.stamper.sequence, recordedTaken: this.#recordedTaken, superseded });
    }
    this.#controls.length = 0;
  }

  #emitScheduled(output: ReaderOutput<SessionRecord>): void {
    const { sequence } = this.stamper;
    if (this.#schedule.nextSequence > sequence) return;
    for (const control of this.#schedule.take(sequence, this.#recordedTaken)) this.#emitControl(control, output);
  }

  #emitControl(control: C, output: ReaderOutput<SessionRecord>): void {
    const need = this.#alignmentNeed(control);
    if (need !== null) this.stamper.setAlignFullSeconds(need);
    output.output(this.#controlTag, control, this.stamper.greatestMs);
  }

  /** Takes the controls and marks ahead of quote `index`. @returns false when the room ended first: poll again */
  #takeRecorded(input: QuoteInput, index: number, output: ReaderOutput<SessionRecord>, limit: number): boolean {
    while (input.nextControlIndex <= index) {
      if (!this.#isOfferOpen) this.#emitScheduled(output);
      const control = this.#merge.takeControl(input);
      this.#recordedTaken += 1;
      if (control instanceof RecordedMark) {
        this.#journal?.takenMark(control.mark);
        if (!this.#apply(control.mark, output, limit)) return false;
      } else {
        this.#journal?.takenControl(control);
        this.#emitControl(control as C, output);
      }
      if (!this.#isOfferOpen) this.#emitScheduled(output);
    }
    return true;
  }

  #apply(mark: SessionMark, output: ReaderOutput<SessionRecord>, limit: number): boolean {
    if (mark.kind === 'feed') {
      this.#onFact(mark.fact);
      return true;
    }
    this.stamper.processingTime(mark.processingTimeMs, output);
    this.#unfinishedStepMs = mark.eventTimeMs;
    return this.#finishStep(output, limit);
  }

  #finishStep(output: ReaderOutput<SessionRecord>, limit: number): boolean {
    if (this.#unfinishedStepMs === null) return true;
    const room = limit - this.stamper.emittedRecords;
    if (room <= 0 || !this.stamper.stepTo(this.#unfinishedStepMs, output, room)) return false;
    this.#unfinishedStepMs = null;
    return true;
  }

  #end(output: ReaderOutput<SessionRecord>): InputStatus {
    for (const input of this.#inputs) this.#takeRecorded(input, Number.MAX_VALUE, output, Infinity);
    this.stamper.end(output);
    this.#ended = true;
    const open = this.totals().openRows;
    assert(open === 0, `Every row must end as applied, late, quarantined or ignored; ${open} did not.`);
    return 'end-of-input';
  }

  #rest(waitMs: number): InputStatus {
    this.#waitMs = waitMs;
    return 'nothing-available';
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    this.#waitMs = 0;
    wake?.();
  }
}

/** Where the quotes that came at the same reading of the clock as the next one, and may trade, end. */
function runEnd(batch: QuoteBatch, live: LiveColumns): number {
  const { received, flags } = live;
  const receivedMs = received[batch.from];
  let end = batch.from;
  while (end < batch.to && received[end] === receivedMs && flags[end] === 0) end += 1;
  return end;
}
