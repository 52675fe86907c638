import { pauseCounting, resumeCounting, type MetricsMemory } from '../../engine/runtime/metrics/metrics-memory.ts';

export type Counting = 'on' | 'off';

/** To the source, before its warm-up is over: from there on it plays slices, and turns the job's counting on and off between them. */
export interface SliceOrder {
  readonly kind: 'slices';
  readonly quotes: number;
  /** One entry for each slice. */
  readonly plan: readonly Counting[];
  readonly memory: MetricsMemory;
}

/** By slice, ms: on the clock on the wall, and of processor time in all threads of the process together. */
export interface SliceTimes {
  readonly wallMs: Float64Array;
  readonly cpuMs: Float64Array;
}

/** Source thread only: no message is under way between the end of a slice and the switch. */
export class SliceClock {
  private readonly order: SliceOrder;
  private readonly times: SliceTimes;
  private begun = 0;
  private wallMs = 0;
  private cpuMs = 0;
  /** Quotes played at the end of the slice. */
  end: number;

  /** @param from quotes played before the first slice */
  constructor(order: SliceOrder, from: number) {
    this.order = order;
    this.end = from;
    const { length } = order.plan;
    this.times = { wallMs: new Float64Array(length), cpuMs: new Float64Array(length) };
  }

  /** At the end of a slice, and at the beginning of the first one. @returns all times at the end of the last one */
  turn(): SliceTimes | null {
    const { plan, memory, quotes } = this.order;
    const wallMs = performance.now();
    const { user, system } = process.cpuUsage();
    const cpuMs = (user + system) / 1000;
    if (this.begun > 0) {
      this.times.wallMs[this.begun - 1] = wallMs - this.wallMs;
      this.times.cpuMs[this.begun - 1] = cpuMs - this.cpuMs;
    }
    this.wallMs = wallMs;
    this.cpuMs = cpuMs;
    if (this.begun === plan.length) {
      this.end = Infinity;
      return this.times;
    }
    if (plan[this.begun] === 'on') resumeCounting(memory);
    else pauseCounting(memory);
    this.begun += 1;
    this.end += quotes;
    return null;
  }
}
