import { ALWAYS, StreamElementQueue, type EmitEntry, type QueueEntry } from './stream-element-queue.ts';

/** The records between two watermarks, or one watermark. */
interface Segment {
  readonly pending: Set<QueueEntry>;
  /** In the order in which they were done. */
  readonly done: Set<QueueEntry>;
}

/**
 * Records leave as they are done, but no record passes a watermark and no watermark a record (Flink:
 * UnorderedStreamElementQueue): the queue is a row of segments, of which only the first lets anything out.
 */
export class UnorderedStreamElementQueue extends StreamElementQueue {
  private readonly segments: Segment[] = [];
  private readonly segmentOf = new Map<QueueEntry, Segment>();

  emitCompleted(emit: EmitEntry, mayEmit: () => boolean = ALWAYS): number {
    let count = 0;
    for (let first = this.segments[0]; first !== undefined; first = this.segments[0]) {
      for (const entry of first.done) {
        if (!mayEmit()) return count;
        first.done.delete(entry);
        this.segmentOf.delete(entry);
        this.entries.delete(entry);
        emit(entry);
        count += 1;
      }
      if (first.pending.size > 0 || this.segments.length === 1) break;
      this.segments.shift();
    }
    return count;
  }

  protected override entered(entry: QueueEntry): void {
    if (entry.element.kind === 'record') this.put(entry, this.lastSegment()).pending.add(entry);
    else {
      this.put(entry, this.addSegment()).done.add(entry);
      this.addSegment();
    }
  }

  protected override completed(entry: QueueEntry): void {
    const segment = this.segmentOf.get(entry);
    if (segment !== undefined && segment.pending.delete(entry)) segment.done.add(entry);
  }

  private put(entry: QueueEntry, segment: Segment): Segment {
    this.segmentOf.set(entry, segment);
    return segment;
  }

  private lastSegment(): Segment {
    return this.segments.at(-1) ?? this.addSegment();
  }

  private addSegment(): Segment {
    const segment: Segment = { pending: new Set(), done: new Set() };
    this.segments.push(segment);
    return segment;
  }
}
