import {
  ALWAYS,
  newEntry,
  type EmitEntry,
  type QueuedElement,
  type QueueEntry,
  type StreamElementQueue,
} from './stream-element-queue.ts';

/** First in, first out: nothing leaves before what came before it (Flink: OrderedStreamElementQueue). */
export class OrderedStreamElementQueue implements StreamElementQueue {
  private readonly capacity: number;
  /** Insertion order is the order of the stream. */
  private readonly entries = new Set<QueueEntry>();

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.entries.size;
  }

  get isFull(): boolean {
    return this.entries.size >= this.capacity;
  }

  tryPut(element: QueuedElement): QueueEntry | null {
    if (this.isFull) return null;
    const entry = newEntry(element);
    this.entries.add(entry);
    return entry;
  }

  complete(entry: QueueEntry, results: readonly unknown[]): void {
    entry.results = results;
  }

  emitCompleted(emit: EmitEntry, mayEmit: () => boolean = ALWAYS): number {
    let count = 0;
    for (const entry of this.entries) {
      if (entry.results === null || !mayEmit()) break;
      this.entries.delete(entry);
      emit(entry);
      count += 1;
    }
    return count;
  }

  elements(): QueuedElement[] {
    return Array.from(this.entries, ({ element }) => element);
  }
}
