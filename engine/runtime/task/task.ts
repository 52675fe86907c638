import type { StreamNode } from '../../api/stream-nodes.ts';
import type { Clock } from '../../core/time.ts';
import type { SymbolDictionary } from '../../memory/symbol-dictionary.ts';
import type { RingMemory, RingWriter } from '../../memory/shared-ring.ts';
import type { Acknowledgement } from '../checkpoint/acknowledgement.ts';
import type { MetricsMemory } from '../metrics/metrics-memory.ts';
import type { StateAnswer, StateQuestion } from '../query/state-question.ts';
import type { AlignedSumsMemory } from '../operators/aligned-sums.ts';
import type { AsyncSurroundings } from '../operators/async-wait-operator.ts';

/**
 * `progress`: something was done, call again. `idle`: nothing to do until a ring or the mailbox has something. `blocked`:
 * waiting for other subtasks at an alignment. `finished`: all is through, and nothing to do for a checkpoint just now.
 */
export type TaskStatus = 'progress' | 'idle' | 'blocked' | 'finished';

/** A part of a job that one thread runs. It knows no threads: whoever owns it calls `runBatch` until it is through. */
export interface Task {
  /**
   * All its records have come in and what they gave has gone out: for good. Once every task of a job is, the job has ended,
   * whatever snapshots are still being read: where one follows the other there may never be a moment without.
   */
  readonly isThrough: boolean;
  runBatch(): TaskStatus;
  /** Closes functions and writers; also after a failure, and twice without harm. */
  close(): void | Promise<void>;
}

/** Messages to a task that do not travel in the stream, answered between two batches. */
export type Mail =
  | { readonly kind: 'question'; readonly id: number; readonly question: StateQuestion }
  | { readonly kind: 'rows'; readonly id: number; readonly name: string; readonly all: boolean };

export type MailAnswer =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: StateAnswer }
  | { readonly kind: 'refusal'; readonly id: number; readonly problem: string }
  | { readonly kind: 'rows'; readonly id: number; readonly rowCount: number; readonly buffer: ArrayBuffer };

export interface Mailbox {
  /** Cheap: asked once per batch. */
  hasMail(): boolean;
  take(): Mail | undefined;
  answer(answer: MailAnswer): void;
}

/** What a task is given by the thread (or the local executor) that runs it. */
export interface TaskHost {
  /** For durations that are measured, never for what a result depends on. */
  readonly clock: Clock;
  readonly symbols: SymbolDictionary;
  /** Where its numbers go; null: nobody counts. */
  readonly metrics: MetricsMemory | null;
  readonly mailbox: Mailbox;
  /** Memory of the ring with this plan id. */
  ring(id: string): RingMemory;
  /** Memory of the aligned sums of the keyed operator with this node id. */
  sums(nodeId: number): AlignedSumsMemory;
  /** What an asynchronous operator of this task makes its calls with. */
  async(node: StreamNode): AsyncSurroundings;
  /** The machine's processing time: monotonic ms since the Unix epoch. */
  processingTimeMs(): number;
  /** Returns when the ring has room; meanwhile it lets this task work on rings at or above `level`. */
  waitForRoom(writer: RingWriter, level: number): void;
  /** Wakes the thread at the other end of a ring. */
  wake(thread: 'source' | 'coordinator' | number): void;
  /** This thread's part of a checkpoint is complete. */
  acknowledge(part: Acknowledgement): void;
  /** Every task thread waiting at an alignment looks again. */
  wakeTasks(): void;
}
