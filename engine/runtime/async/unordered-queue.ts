import {
  ALWAYS,
  newEntry,
  type EmitEntry,
  type QueuedElement,
  type QueueEntry,
  type StreamElementQueue,
} from './stream-element-queue.ts';

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
export class UnorderedStreamElementQueue implements StreamElementQueue {
  private readonly capacity: number;
  private readonly segments: Segment[] = [];
  /** All of them as they came in, for what is stored; and where each is. */
  private readonly segmentOf = new Map<QueueEntry, Segment>();

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.segmentOf.size;
  }

  get isFull(): boolean {
    return this.segmentOf.size >= this.capacity;
  }

  tryPut(element: QueuedElement): QueueEntry | null {
    if (this.isFull) return null;
    const entry = newEntry(element);
    if (element.kind === 'record') this.put(entry, this.lastSegment()).pending.add(entry);
    else {
      this.put(entry, this.addSegment()).done.add(entry);
      this.addSegment();
    }
    return entry;
  }

  complete(entry: QueueEntry, results: readonly unknown[]): void {
    entry.results = results;
    const segment = this.segmentOf.get(entry);
    if (segment === undefined || !segment.pending.delete(entry)) return;
    segment.done.add(entry);
  }

  emitCompleted(emit: EmitEntry, mayEmit: () => boolean = ALWAYS): number {
    let count = 0;
    for (let first = this.segments[0]; first !== undefined; first = this.segments[0]) {
      for (const entry of first.done) {
        if (!mayEmit()) return count;
        first.done.delete(entry);
        this.segmentOf.delete(entry);
        emit(entry);
        count += 1;
      }
      if (first.pending.size > 0 || this.segments.length === 1) break;
      this.segments.shift();
    }
    return count;
  }

  elements(): QueuedElement[] {
    return Array.from(this.segmentOf.keys(), ({ element }) => element);
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
