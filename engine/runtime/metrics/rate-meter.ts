/** How long a rate looks back. */
const WINDOW_MS = 1_000;

/** A rate over the last second or so, from counts that only grow. Both clocks are the caller's. */
export class RateMeter {
  #marks: { readonly atMs: number; readonly count: number }[] = [];

  /** @returns per second, over the window that ends now; 0 until there are two readings */
  read(atMs: number, count: number): number {
    this.#marks.push({ atMs, count });
    while (this.#marks.length > 2 && atMs - this.#marks[1].atMs >= WINDOW_MS) this.#marks.shift();
    const first = this.#marks[0];
    return atMs > first.atMs ? ((count - first.count) * 1000) / (atMs - first.atMs) : 0;
  }
}
