import type { StreamNode } from '../../api/stream-nodes.ts';
import { isAsync, type Crossing, type JobGraph } from '../../graph/job-graph.ts';
import type { Clock } from '../../core/time.ts';
import type { ThreadId } from '../exchange/physical-plan.ts';
import { TASKS_MAX } from '../thread-control.ts';
import type { LatencyMemory } from './latency.ts';

/**
 * Numbers of a job's operators, in memory that all its threads share: each thread writes its own lane, between two batches, and
 * whoever shows them reads all. A row of 128 bytes for each lane of each operator, then of each crossing:
 *
 *   operator   [0] records in   [1] records out    [2] late records dropped   [3] timers fired
 *              [4] pending event timers            [5] pending processing timers
 *              [6] input watermark                 [7] output watermark
 *              [8] watermark of the first input    [9] ... of the second
 *              [10] ms that the last barrier waited for its companions
 *   crossing   [0] records read from the source thread   [1] ... from tasks     [2] records written
 *              [3] bytes of text written             [4] bytes of a slot
 *
 * Counts go on with whoever takes a lane over, so that they never fall; the rest is of the task that has the lane now.
 */
export interface MetricsMemory {
  readonly numbers: SharedArrayBuffer;
  /** One 32-bit word, not 0 while counting is paused: `pauseCounting`. */
  readonly pause: SharedArrayBuffer;
  /** By id of operators whose records have keys: records by key group, estimated, then keys by key group. */
  readonly keyGroups: ReadonlyMap<number, SharedArrayBuffer>;
  /** null: nobody wants to know how long records are under way. */
  readonly latency: LatencyMemory | null;
}

export const OPERATOR = {
  recordsIn: 0,
  recordsOut: 1,
  lateRecordsDropped: 2,
  firedTimers: 3,
  eventTimers: 4,
  processingTimers: 5,
  inputWatermark: 6,
  outputWatermark: 7,
  input1Watermark: 8,
  input2Watermark: 9,
  barrierAlignmentMs: 10,
} as const;
export type OperatorWord = (typeof OPERATOR)[keyof typeof OPERATOR];

export const CROSSING = { fromSource: 0, fromTasks: 1, written: 2, textBytes: 3, slotBytes: 4 } as const;
export type CrossingWord = (typeof CROSSING)[keyof typeof CROSSING];

const ROW_WORDS = 16;
/** Nobody looks more often. */
const TELL_EVERY_MS = 50;
const SOURCE_LANE = TASKS_MAX;
const COORDINATOR_LANE = TASKS_MAX + 1;
export const LANES = TASKS_MAX + 2;

export function laneOf(thread: ThreadId): number {
  if (thread === 'source') return SOURCE_LANE;
  return thread === 'coordinator' ? COORDINATOR_LANE : thread;
}

export function createMetricsMemory(
  { nodes, crossings, keyedNodes, maxParallelism }: JobGraph,
  latency: LatencyMemory | null,
): MetricsMemory {
  const numbers = new SharedArrayBuffer((nodes.length + crossings.length) * LANES * ROW_WORDS * 8);
  const words = new Float64Array(numbers);
  for (let row = 0; row < nodes.length * LANES; row += 1)
    words.fill(-Infinity, row * ROW_WORDS + OPERATOR.inputWatermark, row * ROW_WORDS + OPERATOR.input2Watermark + 1);
  // An asynchronous operator takes records as they come: it keeps nothing by key.
  const keyed = keyedNodes.filter((node) => hasKeys(node) && !isAsync(node));
  const pause = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  return {
    numbers,
    pause,
    keyGroups: new Map(keyed.map(({ id }) => [id, new SharedArrayBuffer(maxParallelism * 2 * 8)])),
    latency,
  };
}

function hasKeys({ inputs }: StreamNode): boolean {
  return inputs.some(({ partitioning }) => partitioning.kind === 'key');
}

/**
 * Whether all that a source emits (but to side outputs) goes into rings: whoever takes it out counts it, so that the source,
 * which has every record of the job in its hands, need not.
 */
export function isCountedByReaders({ nodes, crossings }: JobGraph, node: StreamNode): boolean {
  if (node.work.kind !== 'source') return false;
  const leaving = crossings.filter(({ edge }) => edge.from === node && edge.side === null);
  const edges = nodes.flatMap(({ inputs }) => inputs.flatMap((input) => input.edges));
  return (
    leaving.some(({ partitioning }) => partitioning.kind !== 'broadcast') &&
    leaving.length === edges.filter(({ from, side }) => from === node && side === null).length
  );
}

export function operatorWordAt(node: StreamNode, lane: number, word: OperatorWord): number {
  return (node.id * LANES + lane) * ROW_WORDS + word;
}

export function crossingWordAt({ nodes }: JobGraph, { index }: Crossing, lane: number, word: CrossingWord): number {
  return ((nodes.length + index) * LANES + lane) * ROW_WORDS + word;
}

/**
 * From here on the threads of a running job tell nothing and look at no key groups, until `resumeCounting`; each of them
 * notices between two batches. Counts are whole again then; the load of key groups lacks what came meanwhile. So what counting
 * costs is measured on one job, with the same threads and the same compiled code.
 */
export function pauseCounting({ pause }: MetricsMemory): void {
  Atomics.store(new Int32Array(pause), 0, 1);
}

export function resumeCounting({ pause }: MetricsMemory): void {
  Atomics.store(new Int32Array(pause), 0, 0);
}

/** Whether one thread counts now, as it saw between two batches. */
export class CountingSwitch {
  isOn = true;
  private readonly pause: Int32Array;

  constructor({ pause }: MetricsMemory) {
    this.pause = new Int32Array(pause);
  }

  look(): boolean {
    this.isOn = this.pause[0] === 0;
    return this.isOn;
  }
}

/** What one thread tells of itself: where each number is written, and where it is had. */
export class NumbersPublisher {
  private readonly numbers: Float64Array;
  private readonly told: { readonly at: number; readonly base: number; readonly read: () => number }[] = [];
  private readonly others: (() => void)[] = [];
  private readonly clock: Clock;
  private readonly counting: CountingSwitch;
  private nextMs = -Infinity;

  constructor({ numbers }: MetricsMemory, counting: CountingSwitch, clock: Clock) {
    this.numbers = new Float64Array(numbers);
    this.counting = counting;
    this.clock = clock;
  }

  /** A number that only grows, and goes on from what stands there. */
  counter(at: number, read: () => number): void {
    this.told.push({ at, base: this.numbers[at] - read(), read });
  }

  gauge(at: number, read: () => number): void {
    this.told.push({ at, base: 0, read });
  }

  /** Something that writes its numbers itself. */
  add(publish: () => void): void {
    this.others.push(publish);
  }

  /** Between two batches, as often as one likes: it looks at the clock, and seldom tells. */
  publishWhenDue(): void {
    if (!this.counting.look()) return;
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.nextMs) return;
    this.nextMs = nowMs + TELL_EVERY_MS;
    this.publish();
  }

  /** Before the thread waits, which may be for long. */
  publishBeforeWait(): void {
    if (this.counting.look()) this.publish();
  }

  /** Some dozen stores. Also while counting is paused: whoever takes the lane over goes on from there. */
  publish(): void {
    for (const { at, base, read } of this.told) this.numbers[at] = base + read();
    for (const publish of this.others) publish();
  }
}
