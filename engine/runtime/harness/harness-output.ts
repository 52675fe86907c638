import { toObject } from '../../api/struct.ts';
import type { OutputTag } from '../../api/output-tag.ts';
import type { OperatorOutput } from '../operators/output.ts';

/** What an operator under test sent downstream, in order. Records are copies: views must not be kept. */
export type StreamElement<T = unknown> =
  | { readonly kind: 'record'; readonly value: T; readonly timestamp: number | null }
  | { readonly kind: 'watermark'; readonly timestamp: number }
  | { readonly kind: 'watermark-status'; readonly status: 'idle' | 'active' };

export interface TimestampedRecord<T = unknown> {
  readonly value: T;
  readonly timestamp: number | null;
}

function toStored(value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map)
    ? toObject(value)
    : value;
}

function timestampOf(timestamp: number): number | null {
  return Number.isNaN(timestamp) ? null : timestamp;
}

/** Collects instead of sending. */
export class HarnessOutput implements OperatorOutput {
  readonly elements: StreamElement[] = [];
  private readonly sides = new Map<string, TimestampedRecord[]>();

  emit(record: unknown, timestamp: number): void {
    this.elements.push({ kind: 'record', value: toStored(record), timestamp: timestampOf(timestamp) });
  }

  emitSide(tag: OutputTag<unknown>, record: unknown, timestamp: number): void {
    this.side(tag.id).push({ value: toStored(record), timestamp: timestampOf(timestamp) });
  }

  emitWatermark(watermarkMs: number): void {
    this.elements.push({ kind: 'watermark', timestamp: watermarkMs });
  }

  emitWatermarkStatus(idle: boolean): void {
    this.elements.push({ kind: 'watermark-status', status: idle ? 'idle' : 'active' });
  }

  side(id: string): TimestampedRecord[] {
    const known = this.sides.get(id);
    if (known !== undefined) return known;
    const list: TimestampedRecord[] = [];
    this.sides.set(id, list);
    return list;
  }
}
