import { readFileSync } from 'node:fs';
import type { StreamElement } from '../../engine/runtime/harness/harness-output.ts';

/** Reads a trace file; Flink's Long.MIN_VALUE and Long.MAX_VALUE become -Infinity and Infinity, as in the engine. */
export function readTraces<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8'), (_, value: unknown) => {
    if (value === 'Long.MIN_VALUE') return -Infinity;
    if (value === 'Long.MAX_VALUE') return Infinity;
    return value;
  }) as T;
}

/** One line of a trace's `out`. */
export type TraceOutput =
  | { readonly record: string; readonly ts: number | null }
  | { readonly watermark: number }
  | { readonly status: 'IDLE' | 'ACTIVE' };

export function toTrace(element: StreamElement): TraceOutput {
  switch (element.kind) {
    case 'record':
      return { record: String(element.value), ts: element.timestamp };
    case 'watermark':
      return { watermark: element.timestamp };
    case 'watermark-status':
      return { status: element.status === 'idle' ? 'IDLE' : 'ACTIVE' };
  }
}

/** Outputs of timers with equal timestamps have no order of their own: neighbours with the same time are sorted. */
export function inAnyOrderOfEqualTimes(outputs: readonly TraceOutput[]): TraceOutput[] {
  const sorted: TraceOutput[] = [];
  let run: { record: string; ts: number | null }[] = [];
  const flush = (): void => {
    sorted.push(...run.sort((left, right) => (left.record < right.record ? -1 : 1)));
    run = [];
  };
  for (const output of outputs) {
    const time = 'record' in output ? timeOf(output) : null;
    if (run.length > 0 && (time === null || timeOf(run[0]) !== time)) flush();
    if ('record' in output) run.push(output);
    else sorted.push(output);
  }
  flush();
  return sorted;
}

/** A processing-time timer's output has no timestamp; its text says when it fired: `timer P@10 ...`. */
function timeOf(output: { readonly record: string; readonly ts: number | null }): string {
  return output.ts === null ? (/@(-?\d+)/.exec(output.record)?.[1] ?? '') : String(output.ts);
}

/** How traces write a watermark inside text. */
export function watermarkText(watermarkMs: number): string {
  if (watermarkMs === -Infinity) return 'MIN';
  return watermarkMs === Infinity ? 'MAX' : String(watermarkMs);
}
