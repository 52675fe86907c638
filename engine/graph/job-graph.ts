import type { StreamExecutionEnvironment, ProcessingTimeSource } from '../api/environment.ts';
import { checkParallelism, computeDefaultMaxParallelism } from '../api/parallelism.ts';
import type { RecordTypes } from '../api/sink.ts';
import type { NodeInput, Partitioning, StreamEdge, StreamNode } from '../api/stream-nodes.ts';
import type { StructType } from '../api/struct.ts';
import { IllegalArgumentError, IllegalStateError } from '../core/errors.ts';
import { FIRST_DATA_TYPE } from '../memory/record-header.ts';

/**
 * A job ready to be laid out on threads. Nodes are chained into vertices: sources (with what follows them) run on the
 * source thread, keyed operators (with what follows them) in one subtask per task thread, sinks on the coordinator's.
 * Stateless operators belong to whatever feeds them, and exist on both sides when both do.
 */
export interface JobGraph {
  readonly nodes: readonly StreamNode[];
  /** In an order in which every vertex comes after those that feed it. */
  readonly keyedNodes: readonly StreamNode[];
  readonly sourceNodes: readonly StreamNode[];
  readonly sinkNodes: readonly StreamNode[];
  /** Places where records leave a chain for another thread. */
  readonly crossings: readonly Crossing[];
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly processingTime: ProcessingTimeSource;
  /** Equal on all threads that built the same job. */
  readonly fingerprint: string;
  readonly warnings: readonly string[];
}

/** Where a record is made: on the source thread or in a task. */
export type Side = 'source' | 'task';

export interface Crossing {
  readonly index: number;
  readonly edge: StreamEdge;
  readonly to: StreamNode;
  /** From 0. */
  readonly input: number;
  readonly partitioning: Partitioning;
  /** Empty: records travel as JSON. */
  readonly types: RecordTypes;
  /** Record type number of `types[0]`, or of the JSON records. */
  readonly firstType: number;
}

/** Whether it runs in the task threads, one subtask in each: operators with keys, and asynchronous ones. */
export function isKeyed(node: StreamNode): boolean {
  switch (node.work.kind) {
    case 'keyed-process':
    case 'keyed-co-process':
    case 'keyed-broadcast':
    case 'window':
    case 'interval-join':
    case 'as-of-join':
    case 'async-wait':
      return true;
    default:
      return false;
  }
}

/** Whether its function makes calls to the outside, on a thread of their own. */
export function isAsync(node: StreamNode): boolean {
  return node.work.kind === 'async-wait';
}

const crossesThreads = (node: StreamNode): boolean => isKeyed(node) || node.work.kind === 'sink';

export interface GraphOptions {
  /** Overrides what the job set. */
  readonly parallelism?: number;
  readonly maxParallelism?: number;
}

/** @throws IllegalArgumentError or IllegalStateError for a job that cannot run, naming the operator */
export function createJobGraph(environment: StreamExecutionEnvironment, options: GraphOptions = {}): JobGraph {
  const description = environment.description();
  const { nodes } = description;
  const parallelism = options.parallelism ?? description.parallelism;
  const maxParallelism =
    options.maxParallelism ?? description.maxParallelism ?? computeDefaultMaxParallelism(parallelism);
  checkParallelism(parallelism);
  checkParallelism(maxParallelism);
  if (maxParallelism < parallelism)
    throw new IllegalArgumentError('Maximum parallelism must not be smaller than parallelism.');
  checkUids(nodes);
  const sourceNodes = nodes.filter((node) => node.work.kind === 'source');
  if (sourceNodes.length === 0)
    throw new IllegalStateError('The job has no source; start it with fromSource or fromCollection.');
  return {
    nodes,
    keyedNodes: nodes.filter(isKeyed),
    sourceNodes,
    sinkNodes: nodes.filter((node) => node.work.kind === 'sink'),
    crossings: findCrossings(nodes),
    parallelism,
    maxParallelism,
    processingTime: description.processingTime,
    fingerprint: fingerprintOf(nodes, maxParallelism),
    warnings: nodes
      .filter((node) => isKeyed(node) && node.uid === null)
      .map(
        (node) =>
          `Operator '${node.name}' keeps state but has no uid; its state is lost when the job changes. Call .uid('...') on it.`,
      ),
  };
}

/** Ids of the sources whose records can reach an operator, in a fixed order. */
export function sourceIdsAbove(node: StreamNode): ReadonlySet<number> {
  const ids = new Set<number>();
  const visit = (at: StreamNode): void => {
    if (at.work.kind === 'source') ids.add(at.id);
    for (const { edges } of at.inputs) for (const edge of edges) visit(edge.from);
  };
  visit(node);
  return ids;
}

/** A node's uid, or one made from its place in the job. */
export function uidOf(node: StreamNode): string {
  return node.uid ?? `auto-${node.id}-${node.work.kind}`;
}

function checkUids(nodes: readonly StreamNode[]): void {
  const owners = new Map<string, StreamNode>();
  for (const node of nodes) {
    const owner = owners.get(uidOf(node));
    if (owner !== undefined) {
      throw new IllegalArgumentError(
        `Operators '${owner.name}' and '${node.name}' have the same uid '${uidOf(node)}'; a uid must be unique in the job.`,
      );
    }
    owners.set(uidOf(node), node);
  }
}

function findCrossings(nodes: readonly StreamNode[]): Crossing[] {
  const crossings: Crossing[] = [];
  let nextType = FIRST_DATA_TYPE;
  for (const to of nodes.filter(crossesThreads)) {
    to.inputs.forEach(({ edges, partitioning }: NodeInput, input) => {
      for (const edge of edges) {
        const types = recordTypesOf(edge);
        crossings.push({ index: crossings.length, edge, to, input, partitioning, types, firstType: nextType });
        nextType += Math.max(1, types.length);
      }
    });
  }
  return crossings;
}

/** What travels on an edge; a filter passes on what it gets. */
export function recordTypesOf({ from, side }: StreamEdge): RecordTypes {
  if (side !== null) return side.struct === undefined ? [] : [side.struct];
  if (from.types !== null) return from.types;
  if (from.work.kind !== 'filter') return [];
  const inputs = from.inputs.flatMap(({ edges }) => edges.map(recordTypesOf));
  if (inputs.some((types) => types.length === 0)) return [];
  return uniqueByName(inputs.flat());
}

function uniqueByName(types: readonly StructType[]): StructType[] {
  return types.filter((type, index) => types.findIndex((other) => other.name === type.name) === index);
}

/** The nodes that emit on their own (sources or keyed operators) upstream of `node` on one side of the job. */
export function emittersOf(node: StreamNode, side: Side): readonly StreamNode[] {
  const found = new Set<StreamNode>();
  const visit = (at: StreamNode): void => {
    if (at.work.kind === 'source') {
      if (side === 'source') found.add(at);
    } else if (isKeyed(at)) {
      if (side === 'task') found.add(at);
    } else {
      for (const { edges } of at.inputs) for (const edge of edges) visit(edge.from);
    }
  };
  visit(node);
  return [...found].sort((left, right) => left.id - right.id);
}

/** FNV-1a over what must be equal on every thread. */
function fingerprintOf(nodes: readonly StreamNode[], maxParallelism: number): string {
  const text = JSON.stringify([
    maxParallelism,
    nodes.map((node) => [
      node.work.kind,
      node.name,
      node.uid,
      node.types,
      node.inputs.map(({ edges, partitioning }) => [
        edges.map((edge) => [edge.from.id, edge.side]),
        partitioning.kind,
        partitioning.kind === 'key' && typeof partitioning.selector === 'string' ? partitioning.selector : null,
      ]),
    ]),
  ]);
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return `${(hash >>> 0).toString(16).padStart(8, '0')}-${nodes.length}`;
}
