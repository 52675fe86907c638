import type { AsyncWaitWork } from '../../api/async.ts';
import { RichFunction } from '../../api/functions.ts';
import type { Clock } from '../../core/time.ts';
import { repartitionOperatorLists } from '../../state/operator-lists.ts';
import type { CallError, CallOutcome } from '../async/async-call.ts';
import type { AsyncLink } from '../async/async-link.ts';
import { AsyncStatisticsRow } from '../async/async-statistics.ts';
import { OrderedStreamElementQueue } from '../async/ordered-queue.ts';
import { ALWAYS, type QueuedElement, type QueueEntry, type StreamElementQueue } from '../async/stream-element-queue.ts';
import { UnorderedStreamElementQueue } from '../async/unordered-queue.ts';
import { recordText } from '../operator-failure.ts';
import { KeyedOperator, type OperatorEnvironment } from './keyed-operator.ts';
import type { OperatorOutput } from './output.ts';

/** Flink's name for the elements in flight. */
const STATE_NAME = '_async_wait_operator_state_';

/** What the operator is given beside what every operator is. */
export interface AsyncSurroundings {
  readonly link: AsyncLink;
  readonly statistics: SharedArrayBuffer;
  /** For measured durations. */
  readonly clock: Clock;
}

/** A record in the queue that has no results yet. */
interface AsyncRecord {
  readonly entry: QueueEntry;
  readonly value: unknown;
  /** Of the latest call. */
  callId: number;
  attempt: number;
  /** When the next call is due; NaN: a call is under way. */
  retryAtMs: number;
  isTimedOut: boolean;
}

/** It has no keys, and its function lives elsewhere. */
class NoFunction extends RichFunction {}

/**
 * Asynchronous calls for records on their way (Flink: AsyncWaitOperator). Calls are made elsewhere (AsyncLink); here are
 * the queue that keeps the order, the retries and timeouts, which go by the machine's clock, and the state: every element
 * in flight, asked for again from the start after a restore.
 *
 * An operator without keys in the surroundings of those with keys: `KeyedOperator`'s key is never set.
 */
export class AsyncWaitOperator extends KeyedOperator {
  /** Whether another element can leave without waiting for room downstream; done ones stay in the queue until then. */
  mayEmit: () => boolean = ALWAYS;
  protected readonly userFunction = new NoFunction();
  private readonly work: AsyncWaitWork;
  private readonly link: AsyncLink;
  private readonly clock: Clock;
  private readonly statistics: SharedArrayBuffer;
  private row: AsyncStatisticsRow;
  private queue: StreamElementQueue;
  /** Elements that came while the queue was full: restored ones, and what stood between it and a barrier. */
  private waiting: QueuedElement[] = [];
  /** By the id of their latest call. */
  private readonly calls = new Map<number, AsyncRecord>();
  /** Records whose time is not over, in the order in which it will be. */
  private readonly deadlines = new Map<AsyncRecord, number>();
  private readonly enteredMs = new Map<QueueEntry, number>();
  private readonly retries = new Set<AsyncRecord>();
  private nextCallId = 0;
  private nowMs: number;
  private dueMs = -Infinity;
  private isInputEnded = false;
  private isOpen = false;

  /** @param nowMs processing time, as in `advanceTime` */
  constructor(
    environment: OperatorEnvironment,
    output: OperatorOutput,
    work: AsyncWaitWork,
    { link, statistics, clock }: AsyncSurroundings,
    nowMs: number,
  ) {
    super(environment, output);
    this.work = work;
    this.link = link;
    this.clock = clock;
    this.statistics = statistics;
    this.row = this.newRow();
    this.nowMs = nowMs;
    this.queue = this.newQueue();
  }

  /** Whether a record can be taken now. */
  get hasRoom(): boolean {
    return this.waiting.length === 0 && !this.queue.isFull;
  }

  /** Something is under way outside, or waits for a time to come. */
  get isBusy(): boolean {
    return this.calls.size > 0 || this.retries.size > 0;
  }

  override open(): void {
    this.isOpen = true;
    const { taskName, subtaskIndex } = this.environment;
    this.link.open({ taskName, subtaskIndex });
    this.operatorStates.register(
      STATE_NAME,
      () => [...this.queue.elements(), ...this.waiting],
      (parts) => this.restoreElements(parts as readonly (readonly QueuedElement[])[]),
    );
  }

  override close(): void {
    this.row.closed();
    if (this.isOpen) this.link.close();
  }

  /** A record, to keep; when there is no room (`hasRoom`), it waits here until there is. */
  handleElement1(value: unknown): void {
    this.take({ kind: 'record', value, timestamp: this.context.currentTimestamp });
  }

  override processWatermark(watermarkMs: number): void {
    this.timers.watermark = watermarkMs;
    const last = this.waiting.at(-1);
    // Nothing came between the two.
    if (last?.kind === 'watermark') this.waiting.pop();
    this.take({ kind: 'watermark', watermarkMs });
  }

  protected fireTimer(): void {}

  /**
   * The machine's clock stands at `timeMs`, and what is due up to `dueMs` happens at the next `run`. A live clock's
   * millisecond must be over first, so that nothing is early.
   */
  advanceTime(timeMs: number, dueMs = timeMs): void {
    this.nowMs = timeMs;
    this.dueMs = dueMs;
  }

  /**
   * Goes on with what came from outside and with what is due, and lets out what is done. Between two records.
   * @returns whether anything happened
   */
  run(): boolean {
    this.row.advance(this.clock.monotonicMs());
    let progress = this.fireDue();
    for (let outcome = this.link.take(); outcome !== undefined; outcome = this.link.take()) {
      this.handleOutcome(outcome);
      progress = true;
    }
    if (this.emitCompleted()) progress = true;
    if (this.admitWaiting()) progress = true;
    this.link.flush();
    return progress;
  }

  /**
   * No more input comes: calls that wait for their retry are made at once, for the last time.
   * @returns whether everything has left
   */
  override endInput(): boolean {
    this.isInputEnded = true;
    if (this.retries.size > 0) {
      for (const record of this.retries) this.callAgain(record);
      this.link.flush();
    }
    return this.queue.size === 0 && this.waiting.length === 0;
  }

  private take(element: QueuedElement): void {
    if (this.waiting.length > 0 || !this.put(element)) this.waiting.push(element);
    else if (element.kind === 'watermark') this.emitCompleted();
  }

  private put(element: QueuedElement): boolean {
    const entry = this.queue.tryPut(element);
    if (entry === null) return false;
    if (element.kind === 'watermark') return true;
    const enteredMs = this.clock.monotonicMs();
    this.row.advance(enteredMs);
    this.row.entered();
    this.enteredMs.set(entry, enteredMs);
    const { value } = element;
    const record: AsyncRecord = { entry, value, callId: NaN, attempt: 0, retryAtMs: NaN, isTimedOut: false };
    if (this.work.timeoutMs > 0) this.deadlines.set(record, this.nowMs + this.work.timeoutMs);
    this.call(record);
    return true;
  }

  private call(record: AsyncRecord): void {
    this.calls.delete(record.callId);
    record.callId = this.nextCallId;
    this.nextCallId += 1;
    record.attempt += 1;
    record.retryAtMs = NaN;
    this.calls.set(record.callId, record);
    this.link.request({ kind: 'invoke', callId: record.callId, input: record.value });
  }

  private callAgain(record: AsyncRecord): void {
    this.retries.delete(record);
    this.row.retried();
    this.call(record);
  }

  private fireDue(): boolean {
    let progress = false;
    if (this.retries.size > 0) {
      const due = [...this.retries].filter(({ retryAtMs }) => retryAtMs <= this.dueMs);
      for (const record of due.sort((left, right) => left.retryAtMs - right.retryAtMs)) this.callAgain(record);
      progress = due.length > 0;
    }
    for (const [record, deadlineMs] of this.deadlines) {
      if (deadlineMs > this.dueMs) break;
      this.deadlines.delete(record);
      this.timeOut(record);
      progress = true;
    }
    return progress;
  }

  private timeOut(record: AsyncRecord): void {
    this.row.timedOut();
    record.isTimedOut = true;
    const isCallUnderWay = !this.retries.delete(record);
    this.link.request({ kind: 'timeout', callId: record.callId, input: record.value, isCallUnderWay });
  }

  private handleOutcome(outcome: CallOutcome): void {
    const record = this.calls.get(outcome.callId);
    if (record === undefined) return;
    if (outcome.isRetryable && !this.isInputEnded && (this.work.retry?.canRetry(record.attempt) ?? false)) {
      // The call had failed before it heard that its time is over: nobody was asked what is to become of the record.
      if (record.isTimedOut)
        this.link.request({ kind: 'timeout', callId: record.callId, input: record.value, isCallUnderWay: false });
      else this.waitForRetry(record);
      return;
    }
    this.calls.delete(outcome.callId);
    this.deadlines.delete(record);
    if ('error' in outcome) throw failureOf(record.value, outcome.error);
    this.queue.complete(record.entry, outcome.results);
  }

  private waitForRetry(record: AsyncRecord): void {
    record.retryAtMs = this.nowMs + (this.work.retry?.backoffMs(record.attempt) ?? 0);
    this.retries.add(record);
  }

  private emitCompleted(): boolean {
    const left = this.queue.emitCompleted((entry) => {
      const { element } = entry;
      if (element.kind === 'watermark') return this.output.emitWatermark(element.watermarkMs);
      const nowMs = this.clock.monotonicMs();
      this.row.advance(nowMs);
      this.row.left(nowMs - (this.enteredMs.get(entry) ?? nowMs));
      this.enteredMs.delete(entry);
      for (const result of entry.results ?? []) this.output.emit(result, element.timestamp);
    }, this.mayEmit);
    return left > 0;
  }

  private admitWaiting(): boolean {
    let admitted = 0;
    while (admitted < this.waiting.length && this.put(this.waiting[admitted])) admitted += 1;
    if (admitted === 0) return false;
    this.waiting.splice(0, admitted);
    this.emitCompleted();
    return true;
  }

  /**
   * Everything in flight is asked for again. After a change of parallelism elements meet that were never behind one
   * another, so their watermarks would pass records: those are left out, and come again from upstream behind all of them.
   */
  private restoreElements(parts: readonly (readonly QueuedElement[])[]): void {
    const { parallelism, subtaskIndex } = this.environment;
    const isRescaled = parts.length !== parallelism;
    const lists = isRescaled ? parts.map((part) => part.filter(({ kind }) => kind === 'record')) : parts;
    this.queue = this.newQueue();
    this.calls.clear();
    this.deadlines.clear();
    this.enteredMs.clear();
    this.retries.clear();
    this.row.emptied();
    this.waiting = repartitionOperatorLists('SPLIT_DISTRIBUTE', lists, parallelism)[subtaskIndex];
  }

  private newQueue(): StreamElementQueue {
    const { mode, capacity } = this.work;
    return mode === 'ordered' ? new OrderedStreamElementQueue(capacity) : new UnorderedStreamElementQueue(capacity);
  }

  private newRow(): AsyncStatisticsRow {
    const { subtaskIndex } = this.environment;
    return new AsyncStatisticsRow(this.statistics, subtaskIndex, this.work.capacity, this.clock.monotonicMs());
  }
}

function failureOf(value: unknown, error: CallError): Error {
  const failure = new Error(
    `Could not complete the stream element: ${recordText(value)}. ${error.name}: ${error.message}`,
  );
  failure.stack = error.stack;
  return failure;
}
