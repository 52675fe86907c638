import { emittersOf, type JobGraph } from '../../graph/job-graph.ts';
import { slotsInUse } from '../../memory/shared-ring.ts';
import { createPhysicalPlan, type RingPlan, type ThreadId } from '../exchange/physical-plan.ts';
import type { JobMemory } from '../job-memory.ts';
import type { Vertex } from './vertices.ts';

/** How full rings are, together. */
export interface RingFill {
  /** Slots. */
  readonly length: number;
  /** Share of what they may hold, 0 to 1. */
  readonly usage: number;
}

/** Looks at the rings of a job themselves, when somebody asks: no thread counts for it. */
export class RingUsage {
  private graph: JobGraph | null = null;
  private plans: readonly RingPlan[] = [];
  private memory: JobMemory['rings'] = new Map();

  /** @param graph with the parallelism of now, and the rings of it */
  begin(graph: JobGraph, { rings }: Pick<JobMemory, 'rings'>): void {
    this.memory = rings;
    if (graph === this.graph) return;
    this.graph = graph;
    this.plans = createPhysicalPlan(graph).rings;
  }

  /** @param subtask null: all of them; @returns null: nothing leads there */
  into({ head, side }: Vertex, subtask: number | null): RingFill | null {
    return this.fillOf(
      ({ to, crossings }) => isOf(to, side, subtask) && crossings.some((crossing) => crossing.to === head),
    );
  }

  outOf({ head, side }: Vertex, subtask: number | null): RingFill | null {
    if (side === null) return null;
    return this.fillOf(
      ({ from, crossings }) =>
        isOf(from, side, subtask) && crossings.some(({ edge }) => emittersOf(edge.from, side).includes(head)),
    );
  }

  private fillOf(isMeant: (ring: RingPlan) => boolean): RingFill | null {
    const rings = this.plans.filter(isMeant).flatMap(({ id }) => this.memory.get(id) ?? []);
    if (rings.length === 0) return null;
    const length = rings.reduce((sum, ring) => sum + slotsInUse(ring), 0);
    // A ring whose own writer must help to empty it is stretched for the while.
    return { length, usage: Math.min(1, length / rings.reduce((sum, { capacity }) => sum + capacity, 0)) };
  }
}

function isOf(thread: ThreadId, side: Vertex['side'], subtask: number | null): boolean {
  if (side === null) return thread === 'coordinator';
  if (side === 'source') return thread === 'source';
  return typeof thread === 'number' && (subtask === null || thread === subtask);
}
