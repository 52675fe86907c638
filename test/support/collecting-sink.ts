import type { SinkContext, SinkWriter } from '../../engine/api/sink.ts';
import { toObject } from '../../engine/api/struct.ts';

/** A sink that keeps copies of everything it is given. */
export class CollectingSink<T> implements SinkWriter<T> {
  readonly records: T[] = [];
  readonly timestamps: (number | null)[] = [];
  readonly watermarks: number[] = [];
  isClosed = false;

  write(record: T, context: SinkContext): void {
    this.records.push(typeof record === 'object' && record !== null ? toObject(record) : record);
    this.timestamps.push(context.timestamp());
  }
  writeWatermark(watermarkMs: number): void {
    this.watermarks.push(watermarkMs);
  }
  close(): void {
    this.isClosed = true;
  }

  /** As a multiset: subtasks have no order between them. */
  sorted(): string[] {
    return this.records.map((record, index) => `${JSON.stringify(record)} @${this.timestamps[index]}`).sort();
  }
}
