import { isAsync, uidOf, type JobGraph } from '../graph/job-graph.ts';
import { createRing, type RingMemory } from '../memory/shared-ring.ts';
import {
  createSymbolMemory,
  type SymbolDictionaryMemory,
  type SymbolDictionaryOptions,
} from '../memory/symbol-dictionary.ts';
import { createAsyncStatisticsMemory, readAsyncStatistics, type AsyncStatistics } from './async/async-statistics.ts';
import type { PhysicalPlan } from './exchange/physical-plan.ts';
import { createLatencyMemory } from './metrics/latency.ts';
import { createMetricsMemory, type MetricsMemory } from './metrics/metrics-memory.ts';
import { createAlignedSumsMemory, type AlignedSumsMemory } from './operators/aligned-sums.ts';
import { TASKS_MAX } from './thread-control.ts';

/** All memory that the threads of one job share, made once and handed to each. */
export interface JobMemory {
  readonly rings: ReadonlyMap<string, RingMemory>;
  /** By node id. */
  readonly sums: ReadonlyMap<number, AlignedSumsMemory>;
  readonly symbols: SymbolDictionaryMemory;
  /** Numbers of the asynchronous operators, by node id. */
  readonly asyncStatistics: ReadonlyMap<number, SharedArrayBuffer>;
  /** null: nobody counts. */
  readonly metrics: MetricsMemory | null;
}

/** @param latencyIntervalMs between two latency markers of a source; null: none are sent */
export function createJobMemory(
  graph: JobGraph,
  plan: PhysicalPlan,
  symbols: SymbolDictionaryOptions = {},
  latencyIntervalMs: number | null = null,
): JobMemory {
  const latency = latencyIntervalMs === null ? null : createLatencyMemory(graph, latencyIntervalMs);
  return {
    rings: new Map(
      plan.rings.map(({ id, capacity, slots, slotWords }) => [id, createRing(capacity, slotWords, 0, slots)]),
    ),
    sums: new Map(graph.keyedNodes.map(({ id }) => [id, createAlignedSumsMemory(graph.parallelism)])),
    symbols: createSymbolMemory(symbols),
    asyncStatistics: new Map(graph.nodes.filter(isAsync).map(({ id }) => [id, createAsyncStatisticsMemory(TASKS_MAX)])),
    metrics: createMetricsMemory(graph, latency),
  };
}

/** By uid of the asynchronous operators: what they did so far, all subtasks together. */
export function asyncStatisticsOf(graph: JobGraph, memory: JobMemory): Record<string, AsyncStatistics> {
  return Object.fromEntries(
    graph.nodes
      .filter(isAsync)
      .map((node) => [uidOf(node), readAsyncStatistics(memory.asyncStatistics.get(node.id) as SharedArrayBuffer)]),
  );
}
