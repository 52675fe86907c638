/** How long a rate looks back. */
const WINDOW_MS = 1_000;

/** Readings of the last moments: the oldest one in the window, and the newest. */
export class Readings<T> {
  private readonly windowMs: number;
  private marks: { readonly atMs: number; readonly value: T }[] = [];

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  /** @returns the reading to compare this one with, and how long ago it was; null: there was none before */
  add(atMs: number, value: T): { readonly value: T; readonly forMs: number } | null {
    this.marks.push({ atMs, value });
    while (this.marks.length > 2 && atMs - this.marks[1].atMs >= this.windowMs) this.marks.shift();
    const first = this.marks[0];
    return atMs > first.atMs ? { value: first.value, forMs: atMs - first.atMs } : null;
  }
}

/** A rate over the last second or so, from counts that only grow. Both clocks are the caller's. */
export class RateMeter {
  private readonly readings = new Readings<number>(WINDOW_MS);

  /** @returns per second, over the window that ends now; 0 until there are two readings */
  read(atMs: number, count: number): number {
    const before = this.readings.add(atMs, count);
    return before === null ? 0 : ((count - before.value) * 1000) / before.forMs;
  }
}
