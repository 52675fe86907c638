import type { StreamNode } from '../../api/stream-nodes.ts';
import type { LatencyPage } from '../../contract/job-page.ts';
import type { Clock } from '../../core/time.ts';
import { sourceIdsAbove, uidOf, type JobGraph } from '../../graph/job-graph.ts';
import { CountingSwitch, type MetricsMemory } from './metrics-memory.ts';

/**
 * Time that records need from a source to an operator (Flink: latency markers, `metrics.latency.interval`). A source sends a
 * marker into its rings now and then, with the time on it; it waits in them as records do, each operator it comes to notes how long
 * it was under way and passes it on, without looking at records. The latest 128 of each way are kept (Flink's
 * `metrics.latency.history-size`), whichever subtask noted them (its granularity `operator`).
 *
 *   by operator, for each source above it in the order of the job's sources
 *     f64 [0] as i32: how many there were   f64 [1..128] ms, the oldest overwritten first
 */
export interface LatencyMemory {
  readonly intervalMs: number;
  /** By id of operators that markers come to. */
  readonly ways: ReadonlyMap<number, LatencyWays>;
}

interface LatencyWays {
  /** Ids of the sources above the operator. */
  readonly sources: readonly number[];
  readonly samples: SharedArrayBuffer;
}

const SAMPLES = 128;
const WAY_WORDS = 1 + SAMPLES;
const WAY_BYTES = WAY_WORDS * 8;

export function createLatencyMemory({ keyedNodes, sinkNodes }: JobGraph, intervalMs: number): LatencyMemory {
  const reached = [...keyedNodes, ...sinkNodes].map((node): [number, LatencyWays] => {
    const sources = [...sourceIdsAbove(node)];
    return [node.id, { sources, samples: new SharedArrayBuffer(sources.length * WAY_BYTES) }];
  });
  return { intervalMs, ways: new Map(reached) };
}

/** What one thread notes. Its clock is the same in all threads of a process. */
export class LatencyTracker {
  private readonly memory: LatencyMemory;
  private readonly counting: CountingSwitch;
  private readonly clock: Clock;
  private nextMs = -Infinity;

  constructor(memory: LatencyMemory, counting: CountingSwitch, clock: Clock) {
    this.memory = memory;
    this.counting = counting;
    this.clock = clock;
  }

  /** On the source thread, between two batches. @returns the time for the markers that are due; null: none are */
  due(): number | null {
    if (!this.counting.look()) return null;
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.nextMs) return null;
    this.nextMs = nowMs + this.memory.intervalMs;
    return nowMs;
  }

  /** A marker has come to an operator. @param markedMs when it left its source */
  note(node: StreamNode, sourceId: number, markedMs: number): void {
    const ways = this.memory.ways.get(node.id);
    if (ways === undefined) return;
    const { sources, samples } = ways;
    const way = sources.indexOf(sourceId);
    if (way < 0) return;
    const at = Atomics.add(new Int32Array(samples, way * WAY_BYTES, 1), 0, 1) & (SAMPLES - 1);
    new Float64Array(samples, way * WAY_BYTES, WAY_WORDS)[1 + at] = this.clock.monotonicMs() - markedMs;
  }
}

/** @returns null: nobody wants to know */
export function latencyTrackerOf({
  metrics,
  clock,
}: {
  readonly metrics: MetricsMemory | null;
  readonly clock: Clock;
}): LatencyTracker | null {
  if (metrics === null || metrics.latency === null) return null;
  return new LatencyTracker(metrics.latency, new CountingSwitch(metrics), clock);
}

/** From each source that markers came from. */
export function readLatency(memory: LatencyMemory, graph: JobGraph, node: StreamNode): LatencyPage[] {
  const ways = memory.ways.get(node.id);
  if (ways === undefined) return [];
  const { sources, samples } = ways;
  return sources.flatMap((sourceId, way) => {
    const count = Atomics.load(new Int32Array(samples, way * WAY_BYTES, 1), 0);
    const source = graph.sourceNodes.find(({ id }) => id === sourceId);
    if (count === 0 || source === undefined) return [];
    const kept = new Float64Array(samples, way * WAY_BYTES + 8, Math.min(count, SAMPLES)).slice().sort();
    const quantile = (share: number): number => kept[Math.min(kept.length - 1, Math.floor(share * kept.length))];
    return [
      {
        source: uidOf(source),
        count,
        minMs: kept[0],
        p50Ms: quantile(0.5),
        p95Ms: quantile(0.95),
        p99Ms: quantile(0.99),
        maxMs: kept[kept.length - 1],
      },
    ];
  });
}
