/**
 * Where the vertices of a job stand and how its edges run: layers from left to right, each vertex one layer behind the
 * last of those that feed it. Made for the dozen vertices of a job, not for thousands.
 */
export interface GraphNode {
  readonly id: string;
  /** Ids of the nodes that feed it; unknown ones are left out. */
  readonly inputs: readonly string[];
}

export interface NodeSize {
  /** Of every node, given how many layers there are. */
  readonly widthOf: (layers: number) => number;
  readonly height: number;
  /** Between two layers: room for the bend of an edge. */
  readonly layerGap: number;
  /** Between two nodes of a layer. */
  readonly nodeGap: number;
}

export interface PlacedNode {
  readonly id: string;
  readonly layer: number;
  /** Place within its layer, from the top. */
  readonly row: number;
  readonly x: number;
  readonly y: number;
}

export interface PlacedEdge {
  readonly from: string;
  readonly to: string;
  /** An SVG path from the right edge of one node to the left edge of the other. */
  readonly path: string;
  readonly label: EdgeLabel;
}

/** Where a word about an edge stands, and which part of it is at that place. */
export interface EdgeLabel {
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'middle' | 'end';
}

export interface GraphLayout {
  readonly nodeWidth: number;
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
}

/** A node, or the place where an edge passes through a layer it does not stop in. */
interface Slot {
  readonly key: string;
  readonly node: string | null;
  /** Keys of slots one layer before. */
  readonly inputs: string[];
  row: number;
}

/** A passing edge needs less room than a node. */
const PASSING_SHARE = 0.25;
/** Between a label and the node it stands at. */
const LABEL_GAP = 5;
/** Of its head. */
const ARROW = 4;
/** A few sweeps settle graphs of this size. */
const SWEEPS = 4;

export function layoutGraph(nodes: readonly GraphNode[], size: NodeSize): GraphLayout {
  const layerOf = findLayers(nodes);
  const { layers, routes } = makeSlots(nodes, layerOf);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) untangle(layers, sweep % 2 === 0 ? 'forward' : 'backward');
  const heightOf = (slot: Slot): number => (slot.node === null ? size.height * PASSING_SHARE : size.height);
  const layerHeight = (layer: readonly Slot[]): number =>
    layer.reduce((sum, slot) => sum + heightOf(slot) + size.nodeGap, -size.nodeGap);
  const height = Math.max(0, ...layers.map(layerHeight));
  const tops = new Map<string, number>();
  for (const layer of layers) {
    let top = (height - layerHeight(layer)) / 2;
    for (const slot of layer) {
      tops.set(slot.key, top);
      top += heightOf(slot) + size.nodeGap;
    }
  }
  const nodeWidth = size.widthOf(layers.length);
  const xOf = (layer: number): number => layer * (nodeWidth + size.layerGap);
  const topOf = (key: string): number => tops.get(key) ?? 0;
  return {
    nodeWidth,
    width: layers.length === 0 ? 0 : xOf(layers.length - 1) + nodeWidth,
    height,
    nodes: layers.flatMap((layer, index) =>
      layer.flatMap(({ node, key }, row) =>
        node === null ? [] : [{ id: node, layer: index, row, x: xOf(index), y: topOf(key) }],
      ),
    ),
    edges: routes.map(({ from, to, passing }) => {
      const first = layerOf.get(from) ?? 0;
      const middles = [
        topOf(from) + size.height / 2,
        ...passing.map((key) => topOf(key) + (size.height * PASSING_SHARE) / 2),
        topOf(to) + size.height / 2,
      ];
      const path = drawEdge(first, middles, xOf, nodeWidth);
      const end = { x: xOf(layerOf.get(to) ?? 0), y: middles[middles.length - 1] };
      const start = { x: end.x - size.layerGap, y: middles[middles.length - 2] };
      const siblings = { in: routes.filter((one) => one.to === to), out: routes.filter((one) => one.from === from) };
      return { from, to, path, label: placeLabel(start, end, siblings.in.length, siblings.out.length) };
    }),
  };
}

/** The longest way from a node that nothing feeds. An edge that would close a circle is as if it were not there. */
function findLayers(nodes: readonly GraphNode[]): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const layers = new Map<string, number>();
  const visiting = new Set<string>();
  const visit = (node: GraphNode): number => {
    const known = layers.get(node.id);
    if (known !== undefined) return known;
    visiting.add(node.id);
    let layer = 0;
    for (const input of node.inputs) {
      const from = byId.get(input);
      if (from !== undefined && !visiting.has(input)) layer = Math.max(layer, visit(from) + 1);
    }
    visiting.delete(node.id);
    layers.set(node.id, layer);
    return layer;
  };
  nodes.forEach(visit);
  return layers;
}

interface Route {
  readonly from: string;
  readonly to: string;
  readonly passing: readonly string[];
}

function makeSlots(nodes: readonly GraphNode[], layerOf: ReadonlyMap<string, number>) {
  const layers: Slot[][] = Array.from({ length: Math.max(-1, ...layerOf.values()) + 1 }, () => []);
  const routes: Route[] = [];
  for (const { id } of nodes) {
    const layer = layers[layerOf.get(id) ?? 0];
    layer.push({ key: id, node: id, inputs: [], row: layer.length });
  }
  for (const { id, inputs } of nodes) {
    const last = layerOf.get(id) ?? 0;
    for (const from of new Set(inputs)) {
      const first = layerOf.get(from);
      if (first === undefined || first >= last) continue;
      const passing: string[] = [];
      let before = from;
      for (let index = first + 1; index < last; index += 1) {
        const key = `${from}\u2192${id}@${index}`;
        layers[index].push({ key, node: null, inputs: [before], row: layers[index].length });
        passing.push(key);
        before = key;
      }
      layers[last].find(({ key }) => key === id)?.inputs.push(before);
      routes.push({ from, to: id, passing });
    }
  }
  return { layers, routes };
}

/** Puts each slot near the middle of those it is joined to, so that few edges cross. */
function untangle(layers: readonly Slot[][], direction: 'forward' | 'backward'): void {
  const rows = new Map(layers.flatMap((layer) => layer.map((slot) => [slot.key, slot] as const)));
  const neighbours = (slot: Slot, layer: number): readonly Slot[] => {
    if (direction === 'backward') return (layers[layer + 1] ?? []).filter(({ inputs }) => inputs.includes(slot.key));
    return slot.inputs.flatMap((key) => rows.get(key) ?? []);
  };
  const order = layers.map((_, index) => index);
  if (direction === 'backward') order.reverse();
  for (const index of order) {
    const layer = layers[index];
    const middle = new Map(
      layer.map((slot) => {
        const joined = neighbours(slot, index);
        const sum = joined.reduce((total, { row }) => total + row, 0);
        return [slot, joined.length === 0 ? slot.row : sum / joined.length] as const;
      }),
    );
    layer.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0) || a.row - b.row);
    layer.forEach((slot, row) => (slot.row = row));
  }
}

/** Bends between layers, and runs straight beneath each layer it passes. */
function drawEdge(
  firstLayer: number,
  middles: readonly number[],
  xOf: (layer: number) => number,
  nodeWidth: number,
): string {
  let path = '';
  for (let step = 0; step + 1 < middles.length; step += 1) {
    const [fromY, toY] = [middles[step], middles[step + 1]];
    const fromX = xOf(firstLayer + step) + nodeWidth;
    const toX = xOf(firstLayer + step + 1);
    const bend = (fromX + toX) / 2;
    path += step === 0 ? `M${fromX} ${fromY}` : `H${fromX}`;
    path += `C${bend} ${fromY} ${bend} ${toY} ${toX} ${toY}`;
  }
  return path;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** At the end of the last bend where an edge is alone: those that meet in a node come from different heights, and so on. */
function placeLabel(start: Point, end: Point, edgesIn: number, edgesOut: number): EdgeLabel {
  if (edgesIn > 1) return { x: start.x + LABEL_GAP, y: start.y, anchor: 'start' };
  if (edgesOut > 1) return { x: end.x - LABEL_GAP - ARROW, y: end.y, anchor: 'end' };
  return { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2, anchor: 'middle' };
}
