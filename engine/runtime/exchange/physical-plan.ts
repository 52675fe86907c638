import type { StreamNode } from '../../api/stream-nodes.ts';
import { emittersOf, isKeyed, type Crossing, type JobGraph, type Side } from '../../graph/job-graph.ts';
import { HEADER_WORDS, SLOT_WORDS_MIN } from '../../memory/record-header.ts';
import { layoutOf } from '../../memory/record-layout.ts';

/** The source thread, task thread 0 .. parallelism - 1, or the coordinator's thread. */
export type ThreadId = 'source' | 'coordinator' | number;

/** Emitters whose records share one watermark: everything a set of sources or keyed operators sends down one way. */
export interface OutputGroupPlan {
  readonly index: number;
  readonly emitters: readonly StreamNode[];
}

export interface RingPlan {
  readonly id: string;
  readonly from: ThreadId;
  readonly to: ThreadId;
  /**
   * How deep in the job the ring's reader sits: the order of the keyed operator it feeds; -1 for rings of the source
   * thread, Infinity for sinks.
   */
  readonly level: number;
  /**
   * What its writer may work on while it waits for room: rings at this level or above, which is above every operator
   * that writes here. Operators only send upwards, so nobody is entered twice, and the highest waiter is always served.
   */
  readonly waitLevel: number;
  readonly crossings: readonly Crossing[];
  readonly groups: readonly OutputGroupPlan[];
  readonly slotWords: number;
  readonly capacity: number;
  /** Room there is, of which the capacity is what its writer may fill (RingMemory). */
  readonly slots: number;
}

export interface PhysicalPlan {
  readonly rings: readonly RingPlan[];
  readonly groups: { readonly [S in Side]: readonly OutputGroupPlan[] };
  groupOf(crossing: Crossing, side: Side): OutputGroupPlan;
}

/** Slots of the rings of the source thread: a few hundred microseconds of records. */
const SOURCE_RING_SLOTS = 2 ** 14;
/** All rings between tasks together; with many tasks each gets less. */
const TASK_RING_SLOTS_TOTAL = 2 ** 18;
const RING_SLOTS_MIN = 2 ** 8;

export interface PlanOptions {
  /** Tests make rings tiny, so that they are full all the time. */
  readonly ringSlots?: number;
  /** Room that rings have beyond their capacity, for those who stretch them: at least so many slots in all. */
  readonly ringSlotsMin?: number;
}

/** The rings a job needs, the same on every thread. */
export function createPhysicalPlan(graph: JobGraph, options: PlanOptions = {}): PhysicalPlan {
  const groups = { source: groupsOf(graph, 'source'), task: groupsOf(graph, 'task') };
  const groupOf = (crossing: Crossing, side: Side): OutputGroupPlan => {
    const key = groupKey(emittersOf(crossing.edge.from, side));
    return groups[side].find((group) => groupKey(group.emitters) === key) as OutputGroupPlan;
  };
  const rings: RingPlan[] = [];
  const add = (
    id: string,
    from: ThreadId,
    to: ThreadId,
    level: number,
    crossings: readonly Crossing[],
    slots: number,
  ): void => {
    if (crossings.length === 0) return;
    const side = from === 'source' ? 'source' : 'task';
    const found = [...new Set(crossings.map((crossing) => groupOf(crossing, side)))];
    const emitterLevels = found.flatMap(({ emitters }) => emitters.map((node) => graph.keyedNodes.indexOf(node)));
    const capacity = options.ringSlots ?? slots;
    const waitLevel = to === 'coordinator' || side === 'source' ? level : 1 + Math.max(...emitterLevels);
    rings.push({
      id,
      from,
      to,
      level,
      waitLevel,
      crossings,
      groups: found,
      slotWords: slotWordsOf(crossings),
      capacity,
      slots: Math.max(capacity, options.ringSlotsMin ?? 0),
    });
  };
  addSourceRings(graph, add);
  addTaskRings(graph, add, groups.task, (crossing) => groupOf(crossing, 'task'));
  return { rings, groups, groupOf };
}

type AddRing = (
  id: string,
  from: ThreadId,
  to: ThreadId,
  level: number,
  crossings: readonly Crossing[],
  slots: number,
) => void;

const crossingsOn = (graph: JobGraph, side: Side): Crossing[] =>
  graph.crossings.filter((crossing) => emittersOf(crossing.edge.from, side).length > 0);
const tasksOf = (graph: JobGraph): number[] => Array.from({ length: graph.parallelism }, (_, index) => index);

/** One ring to each task, so that a source's records, rules and markers keep their order whichever operator they go to. */
function addSourceRings(graph: JobGraph, add: AddRing): void {
  const crossings = crossingsOn(graph, 'source');
  const toKeyed = crossings.filter(({ to }) => isKeyed(to));
  for (const task of tasksOf(graph)) add(`source-task${task}`, 'source', task, -1, toKeyed, SOURCE_RING_SLOTS);
  const toSinks = crossings.filter(({ to }) => !isKeyed(to));
  add('source-sinks', 'source', 'coordinator', Infinity, toSinks, SOURCE_RING_SLOTS);
}

/** One ring per pair of tasks, operator fed and group: a ring that waits for an alignment holds nobody else up. */
function addTaskRings(
  graph: JobGraph,
  add: AddRing,
  groups: readonly OutputGroupPlan[],
  groupOf: (crossing: Crossing) => OutputGroupPlan,
): void {
  const all = crossingsOn(graph, 'task');
  const tasks = tasksOf(graph);
  const share = 2 ** Math.floor(Math.log2(TASK_RING_SLOTS_TOTAL / tasks.length ** 2));
  const slots = Math.min(SOURCE_RING_SLOTS, Math.max(RING_SLOTS_MIN, share));
  graph.keyedNodes.forEach((node, level) => {
    for (const group of groups) {
      const crossings = all.filter((crossing) => crossing.to === node && groupOf(crossing) === group);
      for (const from of tasks) {
        for (const to of tasks) {
          const reaching = from === to ? crossings : crossings.filter(crossesTasks);
          add(`task${from}-${node.id}.${group.index}-task${to}`, from, to, level, reaching, slots);
        }
      }
    }
  });
  const toSinks = all.filter(({ to }) => !isKeyed(to));
  for (const task of tasks) add(`task${task}-sinks`, task, 'coordinator', Infinity, toSinks, SOURCE_RING_SLOTS);
}

/** Whether a record of one task may be for another. */
const crossesTasks = ({ partitioning }: Crossing): boolean => partitioning.kind !== 'rebalance';

const groupKey = (emitters: readonly StreamNode[]): string => emitters.map(({ id }) => id).join(',');

function groupsOf(graph: JobGraph, side: Side): OutputGroupPlan[] {
  const groups = new Map<string, OutputGroupPlan>();
  for (const { edge } of graph.crossings) {
    const emitters = emittersOf(edge.from, side);
    const key = groupKey(emitters);
    if (emitters.length > 0 && !groups.has(key)) groups.set(key, { index: groups.size, emitters });
  }
  return [...groups.values()];
}

/** The field whose symbol is the record's key and therefore not part of the payload. */
export function keyFieldOf({ partitioning, types }: Crossing): string | null {
  if (partitioning.kind !== 'key' || typeof partitioning.selector !== 'string' || types.length === 0) return null;
  const { selector } = partitioning;
  return types.every((type) => type.fields[selector] === 'symbol') ? selector : null;
}

function slotWordsOf(crossings: readonly Crossing[]): number {
  const words = crossings.flatMap((crossing) =>
    crossing.types.map((type) => HEADER_WORDS + layoutOf(type, keyFieldOf(crossing)).words),
  );
  return Math.max(SLOT_WORDS_MIN, ...words);
}
