/** What passes through an asynchronous operator, as its state holds it. */
export type QueuedElement =
  | { readonly kind: 'record'; readonly value: unknown; /** NaN: none. */ readonly timestamp: number }
  | { readonly kind: 'watermark'; readonly watermarkMs: number };

/** An element in the queue; a record is done once its results are there, a watermark at once. */
export interface QueueEntry {
  readonly element: QueuedElement;
  /** null: not there yet. */
  results: readonly unknown[] | null;
}

/** Takes what leaves the queue. */
export type EmitEntry = (entry: QueueEntry) => void;

export const ALWAYS = (): boolean => true;
const NOTHING: readonly unknown[] = [];

/**
 * Elements under way, up to a capacity that watermarks count towards (Flink: StreamElementQueue). The order in which done
 * elements leave is what its two kinds differ in. Task thread only.
 */
export abstract class StreamElementQueue {
  /** All of them, as they came in. */
  protected readonly entries = new Set<QueueEntry>();
  private readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.entries.size;
  }

  get isFull(): boolean {
    return this.entries.size >= this.capacity;
  }

  /** @returns null when there is no room */
  tryPut(element: QueuedElement): QueueEntry | null {
    if (this.isFull) return null;
    const entry: QueueEntry = { element, results: element.kind === 'watermark' ? NOTHING : null };
    this.entries.add(entry);
    this.entered(entry);
    return entry;
  }

  /** The record's results are there. */
  complete(entry: QueueEntry, results: readonly unknown[]): void {
    entry.results = results;
    this.completed(entry);
  }

  /**
   * Lets out what may leave now, in order.
   * @param mayEmit asked before each; false: the rest stays, done as it is
   * @returns how many elements left
   */
  abstract emitCompleted(emit: EmitEntry, mayEmit?: () => boolean): number;

  /** Everything in the queue, done or not, as it came in. */
  elements(): QueuedElement[] {
    return Array.from(this.entries, ({ element }) => element);
  }

  protected entered(_entry: QueueEntry): void {}
  protected completed(_entry: QueueEntry): void {}
}
