import { useLayoutEffect, useMemo, useRef, useState, type CSSProperties, type KeyboardEvent } from 'react';
import type { EdgePage, JobPage, VertexPage } from '../../../engine/contract/job-page.ts';
import { layoutGraph, type GraphLayout, type GraphNode, type PlacedNode } from './graph-layout.ts';
import {
  LEVEL_TONES,
  lateDropped,
  nameText,
  perSecondText,
  shareText,
  vertexInWords,
  watermarkText,
  worstTimes,
  type WorstTimes,
} from './job-text.ts';
import { countText } from '../../format/decimal-text.ts';

/** A vertex as wide as there is room for, but never so narrow that its numbers are cut off. */
const VERTEX_WIDTH_MIN = 168;
const VERTEX_WIDTH_MAX = 248;
const VERTEX_HEIGHT = 90;
const LAYER_GAP = 78;
const VERTEX_GAP = 10;
/** Of the drawing, on each side: the ring of focus and the arrows need it. */
const MARGIN = 10;
/** What stands below the graph: legend, tabs, and a few lines of a table. */
const BELOW_PX = 270;
/** A tall job is drawn smaller in a low window, as long as it can be read; then it scrolls. */
const ZOOM_MIN = 0.75;

/** The job as it is: who feeds whom, how hard each works, and where it is stuck. */
export function JobGraph(props: {
  readonly page: JobPage;
  readonly zone: string;
  readonly selected: string | null;
  readonly onSelect: (id: string) => void;
}) {
  const { page, zone, selected, onSelect } = props;
  const host = useRef<HTMLDivElement>(null);
  const { layout, zoom } = useLayout(page, host);
  const vertices = new Map(page.vertices.map((vertex) => [vertex.id, vertex]));
  return (
    <div ref={host} className="job-graph" role="group" aria-label={graphInWords(page)}>
      <div
        className="job-canvas"
        style={{ width: layout.width + 2 * MARGIN, height: layout.height + 2 * MARGIN, zoom }}
        onKeyDown={(event) => moveFocus(event, layout)}
      >
        <svg
          aria-hidden="true"
          width={layout.width + 2 * MARGIN}
          height={layout.height + 2 * MARGIN}
          viewBox={`${-MARGIN} ${-MARGIN} ${layout.width + 2 * MARGIN} ${layout.height + 2 * MARGIN}`}
        >
          <defs>
            <marker id="job-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
              <path d="M0 0L8 4L0 8z" />
            </marker>
          </defs>
          {layout.edges.map((edge) => (
            <g key={`${edge.from} ${edge.to}`} className="job-edge">
              <path d={edge.path} markerEnd="url(#job-arrow)" />
              <text x={edge.label.x} y={edge.label.y - 5} textAnchor={edge.label.anchor}>
                {edgeText(page.edges, edge.from, edge.to)}
              </text>
              <text x={edge.label.x} y={edge.label.y + 12} textAnchor={edge.label.anchor}>
                {edgeRateText(page.edges, edge.from, edge.to)}
              </text>
            </g>
          ))}
        </svg>
        {layout.nodes.map((place) => {
          const vertex = vertices.get(place.id);
          return vertex === undefined ? null : (
            <Vertex
              key={place.id}
              vertex={vertex}
              place={place}
              width={layout.nodeWidth}
              page={page}
              zone={zone}
              isSelected={place.id === selected}
              onSelect={onSelect}
            />
          );
        })}
      </div>
    </div>
  );
}

function Vertex(props: {
  readonly vertex: VertexPage;
  readonly place: PlacedNode;
  readonly width: number;
  readonly page: JobPage;
  readonly zone: string;
  readonly isSelected: boolean;
  readonly onSelect: (id: string) => void;
}) {
  const { vertex, place, width, page, zone, isSelected, onSelect } = props;
  const { id, name, parallelism, total, backPressureLevel } = vertex;
  const times = worstTimes(vertex);
  const late = lateDropped(vertex);
  const style: CSSProperties = { left: place.x + MARGIN, top: place.y + MARGIN, width, height: VERTEX_HEIGHT };
  return (
    <button
      type="button"
      className="job-vertex"
      style={{ ...style, ...colorsOf(times) }}
      aria-pressed={isSelected}
      aria-label={vertexInWords(vertex, page)}
      title={nameText(name)}
      data-vertex={id}
      data-level={times === null ? 'unmeasured' : backPressureLevel}
      onClick={() => onSelect(id)}
    >
      <span className="job-vertex-name">
        <span>{nameText(name)}</span>
        <b>{`\u00d7${parallelism}`}</b>
      </span>
      <span className="job-vertex-numbers">
        <span>
          in <b data-number="in">{perSecondText(total.numRecordsInPerSecond)}</b>
        </span>
        <span>
          out <b data-number="out">{perSecondText(total.numRecordsOutPerSecond)}</b>
        </span>
        <span>
          busy <b data-number="busy">{times === null ? 'not measured' : shareText(times.busyMs)}</b>
        </span>
        <span className="tone-warning">{late === 0 ? '' : `${countText(late)} late`}</span>
        <span className={LEVEL_TONES[backPressureLevel]}>
          back-pressured <b data-number="back-pressured">{shareText(times?.backPressuredMs ?? null)}</b>
        </span>
        <span>
          watermark <b>{watermarkText(total.currentInputWatermark ?? total.currentOutputWatermark, zone)}</b>
        </span>
      </span>
    </button>
  );
}

/** What the head of a vertex is painted with: from blue, idle, to red, busy; blacker the more it is back-pressured. */
function colorsOf(times: WorstTimes | null): Record<string, string> {
  if (times === null) return {};
  const { busyMs, backPressuredMs } = times;
  const restMs = Math.max(1, 1000 - backPressuredMs);
  return { '--busy': `${Math.min(100, (busyMs / restMs) * 100)}%`, '--pressed': `${backPressuredMs / 10}%` };
}

interface DrawnGraph {
  readonly layout: GraphLayout;
  readonly zoom: number;
}

/** Laid out anew only when the job or the room for it is another one, not with every reading. */
function useLayout(page: JobPage, host: { readonly current: HTMLDivElement | null }): DrawnGraph {
  const [room, setRoom] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = host.current;
    const around = element?.parentElement ?? null;
    if (element === null || around === null) return undefined;
    const measure = (): void => setRoom({ width: element.clientWidth, height: around.clientHeight - BELOW_PX });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    observer.observe(around);
    measure();
    return () => observer.disconnect();
  }, [host]);
  const shape = JSON.stringify(
    page.vertices.map(({ id }) => ({ id, inputs: page.edges.filter(({ to }) => to === id).map(({ from }) => from) })),
  );
  return useMemo(() => drawGraph(JSON.parse(shape) as GraphNode[], room), [shape, room]);
}

function drawGraph(nodes: readonly GraphNode[], room: { readonly width: number; readonly height: number }): DrawnGraph {
  const size = { height: VERTEX_HEIGHT, layerGap: LAYER_GAP, nodeGap: VERTEX_GAP };
  const { height } = layoutGraph(nodes, { ...size, widthOf: () => VERTEX_WIDTH_MIN });
  const zoom = Math.max(ZOOM_MIN, Math.min(1, room.height / (height + 2 * MARGIN)));
  const widthOf = (layers: number): number => {
    const share = (room.width / zoom - 2 * MARGIN - (layers - 1) * LAYER_GAP) / layers;
    return Math.floor(Math.min(VERTEX_WIDTH_MAX, Math.max(VERTEX_WIDTH_MIN, share)));
  };
  return { layout: layoutGraph(nodes, { ...size, widthOf }), zoom };
}

/** How records get from one vertex to another; a side output by its name. */
function edgeText(edges: readonly EdgePage[], from: string, to: string): string {
  const ways = edges.filter((edge) => edge.from === from && edge.to === to);
  return [...new Set(ways.map(({ partitioning, side }) => side ?? partitioning))].join(', ');
}

function edgeRateText(edges: readonly EdgePage[], from: string, to: string): string {
  const rates = edges.flatMap((edge) =>
    edge.from === from && edge.to === to && edge.numRecordsPerSecond !== null ? [edge.numRecordsPerSecond] : [],
  );
  return rates.length === 0 ? '' : perSecondText(rates.reduce((sum, rate) => sum + rate, 0));
}

function graphInWords({ vertices }: JobPage): string {
  return `Graph of the job, ${vertices.length} vertices; arrow keys go from one to another`;
}

/** Left and right along the records, up and down within a layer. */
function moveFocus(event: KeyboardEvent<HTMLElement>, { nodes }: GraphLayout): void {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  const from = nodes.find(({ id }) => id === (event.target as HTMLElement).dataset['vertex']);
  if (step === undefined || from === undefined) return;
  event.preventDefault();
  const [layerStep, rowStep] = step;
  const candidates = nodes.filter(({ layer, y }) =>
    rowStep === 0 ? layer === from.layer + layerStep : layer === from.layer && Math.sign(y - from.y) === rowStep,
  );
  const [nearest] = candidates.sort((a, b) => Math.abs(a.y - from.y) - Math.abs(b.y - from.y));
  if (nearest === undefined) return;
  event.currentTarget.querySelector<HTMLElement>(`[data-vertex="${CSS.escape(nearest.id)}"]`)?.focus();
}
