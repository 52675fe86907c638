import type { Clock } from '../core/time.ts';
import type { OutputTag } from './output-tag.ts';

/** Where a source reader puts what it read. Source thread only. */
export interface ReaderOutput<T> {
  /**
   * Emits one record. Struct records may be the same reused object each time: its fields are copied out at once.
   * The record meets the last watermark emitted before it: the runtime stamps that watermark on the record itself, so
   * that event time means the same in every task, whatever their number.
   * @param timestampMs event time, whole ms since the Unix epoch
   */
  collect(record: T, timestampMs: number): void;
  /** Emits to a side output at this place in the stream. A broadcast side output reaches every task at this place. */
  output<X>(tag: OutputTag<X>, value: X, timestampMs: number): void;
  /**
   * A hint, which changes no result: the next records are of these symbols, about in this order. A source that decodes in
   * batches and has hundreds of thousands of symbols saves the wait for memory of each of its records. Some hundred at a time.
   * @param symbolIds numbers in SourceReaderContext.symbols; those in [from, to) are meant
   */
  announceSymbols(symbolIds: Int32Array, from: number, to: number): void;
  /** Watermarks that do not rise are ignored. */
  emitWatermark(watermarkMs: number): void;
  /** The clock of processing-time timers, where the source drives it (replays): rises only. */
  emitProcessingTime(timestampMs: number): void;
  /** A place where all tasks wait for each other, so that sums over all keys can be compared there. */
  emitAlignment(timestampMs: number): void;
  markIdle(): void;
}

/** `more-available`: call again at once; `nothing-available`: wait for `isAvailable`; `end-of-input`: never again. */
export type InputStatus = 'more-available' | 'nothing-available' | 'end-of-input';

/** Reads one source (Flink: SourceReader). Runs on the source thread; `pollNext` never blocks. */
export interface SourceReader<T> {
  /** Emits a batch: up to `recordsMax` records. */
  pollNext(output: ReaderOutput<T>, recordsMax: number): InputStatus;
  /** Resolves when `pollNext` may find more. Rejects with what went wrong when the input cannot be read. */
  isAvailable(): Promise<void>;
  /** A message from the coordinator (Flink: SourceEvent): pause, speed, rules to broadcast. Called between two polls. */
  handleSourceEvent?(event: unknown): void;
  /**
   * Where the reader stands, as plain data: a reader that is made with it as `restoredState` emits what comes next, and
   * nothing twice. Called between two polls, also after the end of the input: one that is made with that finds the end
   * again. A reader without it cannot be part of a checkpoint before it has ended.
   */
  snapshotState?(checkpointId: number): unknown;
  /** The checkpoint is complete: nothing before it will be asked for again. */
  notifyCheckpointComplete?(checkpointId: number): void;
  close(): Promise<void>;
}

/** What a reader is made with. */
export interface SourceReaderContext {
  readonly clock: Clock;
  /** What `snapshotState` returned, when the job goes on from a checkpoint; null: it begins. */
  readonly restoredState: unknown;
  /** Sends plain data to the coordinator's `onSourceEvent`: progress, counts, what was put aside. */
  sendSourceEventToCoordinator(event: unknown): void;
  /**
   * Numbers of symbols. A reader that sets `<field>Id` (`symbolId`) on the records it emits saves a look-up per record;
   * ask once per symbol, and keep the number.
   */
  readonly symbols: { idOf(text: string): number; textOf(id: number): string };
}
