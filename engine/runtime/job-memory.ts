import type { JobGraph } from '../graph/job-graph.ts';
import { createRing, type RingMemory } from '../memory/shared-ring.ts';
import {
  createSymbolMemory,
  type SymbolDictionaryMemory,
  type SymbolDictionaryOptions,
} from '../memory/symbol-dictionary.ts';
import type { PhysicalPlan } from './exchange/physical-plan.ts';
import { createAlignedSumsMemory, type AlignedSumsMemory } from './operators/aligned-sums.ts';

/** All memory that the threads of one job share, made once and handed to each. */
export interface JobMemory {
  readonly rings: ReadonlyMap<string, RingMemory>;
  /** By node id. */
  readonly sums: ReadonlyMap<number, AlignedSumsMemory>;
  readonly symbols: SymbolDictionaryMemory;
}

export function createJobMemory(graph: JobGraph, plan: PhysicalPlan, symbols: SymbolDictionaryOptions = {}): JobMemory {
  return {
    rings: new Map(plan.rings.map(({ id, capacity, slotWords }) => [id, createRing(capacity, slotWords)])),
    sums: new Map(graph.keyedNodes.map(({ id }) => [id, createAlignedSumsMemory(graph.parallelism)])),
    symbols: createSymbolMemory(symbols),
  };
}
