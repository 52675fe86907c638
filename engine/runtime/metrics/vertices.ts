import type { StreamNode } from '../../api/stream-nodes.ts';
import type { VertexKind } from '../../contract/job-page.ts';
import { emittersOf, isAsync, isKeyed, uidOf, type Crossing, type JobGraph, type Side } from '../../graph/job-graph.ts';

/** Operators that run as one: a source or an operator with tasks of its own, and what is called by it directly; or a sink. */
export interface Vertex {
  readonly id: string;
  readonly kind: VertexKind;
  readonly head: StreamNode;
  /** The head first. */
  readonly operators: readonly StreamNode[];
  /** null: the coordinator's. */
  readonly side: Side | null;
}

/** A way from one vertex to another. */
export interface VertexEdge {
  readonly from: StreamNode;
  readonly crossing: Crossing;
  readonly side: Side;
  /** Whether others send on it as well, so that its records cannot be told apart. */
  readonly isShared: boolean;
}

/** In an order in which every vertex comes after those that feed it. */
export function verticesOf(graph: JobGraph): Vertex[] {
  const vertex = (head: StreamNode, kind: VertexKind, side: Side | null): Vertex => ({
    id: uidOf(head),
    kind,
    head,
    operators: side === null ? [head] : [head, ...chainedTo(graph, head, side)],
    side,
  });
  return [
    ...graph.sourceNodes.map((node) => vertex(node, 'source', 'source')),
    ...graph.keyedNodes.map((node) => vertex(node, isAsync(node) ? 'async' : 'keyed', 'task')),
    ...graph.sinkNodes.map((node) => vertex(node, 'sink', null)),
  ];
}

export function vertexEdgesOf(graph: JobGraph): VertexEdge[] {
  return graph.crossings.flatMap((crossing) =>
    (['source', 'task'] as const).flatMap((side) => {
      const emitters = emittersOf(crossing.edge.from, side);
      return emitters.map((from) => ({ from, crossing, side, isShared: emitters.length > 1 }));
    }),
  );
}

/** Stateless operators behind a head, before the next thread. */
function chainedTo(graph: JobGraph, head: StreamNode, side: Side): StreamNode[] {
  return graph.nodes.filter(
    (node) => !isKeyed(node) && !['source', 'sink'].includes(node.work.kind) && emittersOf(node, side).includes(head),
  );
}
