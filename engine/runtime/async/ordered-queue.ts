import { ALWAYS, StreamElementQueue, type EmitEntry } from './stream-element-queue.ts';

/** First in, first out: nothing leaves before what came before it (Flink: OrderedStreamElementQueue). */
export class OrderedStreamElementQueue extends StreamElementQueue {
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
}
