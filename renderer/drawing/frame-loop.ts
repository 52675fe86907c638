/**
 * The one loop that draws. Data arrives whenever it arrives and only marks; once per animation frame every painter looks
 * at its store's version and repaints what is visible and changed. A storm of quotes thus costs one repaint a frame.
 */
export interface Painter {
  /** @param nowMs monotonic, the same for every painter of the frame */
  paint(nowMs: number): void;
}

export interface FrameStatistics {
  readonly framesPerSecond: number;
  /** Longest gap between two frames of the last second. */
  readonly gapMsMax: number;
  /** From the cut of a frame in the engine to the drawing of its cells; null when nothing was drawn. */
  readonly latencyMsMedian: number | null;
  readonly latencyMsP99: number | null;
}

const WINDOW_MS = 1000;
const LATENCIES_KEPT = 2048;
/** The loop stops to be a loop when nothing changes for this long; the next mark wakes it. */
const SLEEP_AFTER_MS = 3000;

export interface FrameScheduler {
  /** Monotonic, the clock of the frames' own times. */
  nowMs(): number;
  request(draw: (nowMs: number) => void): number;
  cancel(handle: number): void;
}

export class FrameLoop {
  readonly #scheduler: FrameScheduler;
  readonly #painters = new Set<Painter>();
  readonly #latencies = new Float64Array(LATENCIES_KEPT);
  readonly #listeners = new Set<() => void>();
  #latencyCount = 0;
  #pendingCutMs: number | null = null;
  #toEngineMs: (pageMs: number) => number | null = () => null;
  #handle: number | null = null;
  #lastFrameMs = NaN;
  #windowStartMs = NaN;
  #frames = 0;
  #gapMsMax = 0;
  #marked = false;
  #markedAtMs = 0;
  #statistics: FrameStatistics = { framesPerSecond: 0, gapMsMax: 0, latencyMsMedian: null, latencyMsP99: null };

  constructor(scheduler: FrameScheduler) {
    this.#scheduler = scheduler;
  }

  get statistics(): FrameStatistics {
    return this.#statistics;
  }

  /** @returns a function that takes the painter out again */
  add(painter: Painter): () => void {
    this.#painters.add(painter);
    this.#wake();
    return () => {
      this.#painters.delete(painter);
    };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** How to turn the page's clock into the one frames are stamped with; null while unknown. */
  setEngineClock(toEngineMs: (pageMs: number) => number | null): void {
    this.#toEngineMs = toEngineMs;
  }

  /** Something may have to be repainted. */
  mark(): void {
    this.#marked = true;
    this.#wake();
  }

  /** A rows frame was taken into the store; the oldest one not yet drawn decides the latency. */
  markCut(cutAtMs: number): void {
    if (this.#pendingCutMs === null || cutAtMs < this.#pendingCutMs) this.#pendingCutMs = cutAtMs;
    this.mark();
  }

  dispose(): void {
    if (this.#handle !== null) this.#scheduler.cancel(this.#handle);
    this.#handle = null;
    this.#painters.clear();
  }

  #wake(): void {
    if (this.#handle === null) this.#handle = this.#scheduler.request(this.#draw);
  }

  readonly #draw = (nowMs: number): void => {
    this.#handle = null;
    if (this.#marked) this.#markedAtMs = nowMs;
    this.#marked = false;
    for (const painter of this.#painters) painter.paint(nowMs);
    this.#measure(nowMs);
    if (nowMs - this.#markedAtMs <= SLEEP_AFTER_MS) {
      this.#wake();
      return;
    }
    // Sleep is no slowness: measuring begins anew with the next mark.
    this.#lastFrameMs = NaN;
    this.#windowStartMs = NaN;
    this.#frames = 0;
    this.#gapMsMax = 0;
  };

  #measure(nowMs: number): void {
    if (this.#pendingCutMs !== null) {
      const drawnAtMs = this.#toEngineMs(this.#scheduler.nowMs());
      if (drawnAtMs !== null) {
        this.#latencies[this.#latencyCount % LATENCIES_KEPT] = Math.max(0, drawnAtMs - this.#pendingCutMs);
        this.#latencyCount += 1;
      }
      this.#pendingCutMs = null;
    }
    if (Number.isNaN(this.#windowStartMs)) this.#windowStartMs = nowMs;
    if (!Number.isNaN(this.#lastFrameMs)) this.#gapMsMax = Math.max(this.#gapMsMax, nowMs - this.#lastFrameMs);
    this.#lastFrameMs = nowMs;
    this.#frames += 1;
    const spanMs = nowMs - this.#windowStartMs;
    if (spanMs < WINDOW_MS) return;
    this.#statistics = {
      framesPerSecond: (this.#frames * 1000) / spanMs,
      gapMsMax: this.#gapMsMax,
      ...this.#latencySummary(),
    };
    this.#windowStartMs = nowMs;
    this.#frames = 0;
    this.#gapMsMax = 0;
    this.#latencyCount = 0;
    for (const listener of this.#listeners) listener();
  }

  #latencySummary(): Pick<FrameStatistics, 'latencyMsMedian' | 'latencyMsP99'> {
    const count = Math.min(this.#latencyCount, LATENCIES_KEPT);
    if (count === 0) return { latencyMsMedian: null, latencyMsP99: null };
    const sorted = this.#latencies.slice(0, count).sort();
    return {
      latencyMsMedian: sorted[Math.floor(count / 2)],
      latencyMsP99: sorted[Math.min(count - 1, Math.floor(count * 0.99))],
    };
  }
}
