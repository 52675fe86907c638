import { InputWatermarks } from '../watermarks/combined-watermark.ts';
import { StatusWatermarkValve } from '../watermarks/status-watermark-valve.ts';
import type { KeyedOperator } from '../operators/keyed-operator.ts';
import { describeFailure } from '../operators/keyed-failure.ts';

/** Where watermarks of several channels meet. */
export interface WatermarkGate {
  addChannel(): number;
  /** The channel carries records of this input. */
  feed(channel: number, input: number): void;
  watermark(channel: number, watermarkMs: number): void;
  status(channel: number, idle: boolean): void;
  /** The channel ended, having reached this watermark. */
  end(channel: number, watermarkMs: number): void;
}

/**
 * One way in which watermarks reach this thread: a group of emitters at the other end of a ring. `watermark` is the last
 * one stamped on a record of it.
 */
export class InputOrigin {
  watermark = -Infinity;
  private readonly gates: { gate: WatermarkGate; channel: number }[] = [];

  /** This origin brings records of the gate's input. */
  feed({ gate }: { readonly gate: WatermarkGate }, input: number): void {
    let entry = this.gates.find((known) => known.gate === gate);
    if (entry === undefined) {
      entry = { gate, channel: gate.addChannel() };
      this.gates.push(entry);
    }
    gate.feed(entry.channel, input);
  }

  /**
   * A record of `operator` carries this watermark: one watermark call for it. Higher ones go to every operator this
   * origin feeds.
   */
  stamp(watermarkMs: number, operator: KeyedOperator): void {
    if (watermarkMs > this.watermark) this.advance(watermarkMs);
    const timers = operator.timers;
    if (timers.eventTimers.headTime <= timers.watermark) timers.advanceWatermark(timers.watermark);
  }

  advance(watermarkMs: number): void {
    if (watermarkMs <= this.watermark) return;
    this.watermark = watermarkMs;
    for (let index = 0; index < this.gates.length; index += 1) {
      const { gate, channel } = this.gates[index];
      gate.watermark(channel, watermarkMs);
    }
  }

  status(idle: boolean): void {
    for (const { gate, channel } of this.gates) gate.status(channel, idle);
  }

  end(): void {
    for (const { gate, channel } of this.gates) gate.end(channel, this.watermark);
  }
}

/**
 * Where the inputs of one keyed operator meet. All inputs fed by one origin see the same watermark at the same record; with
 * several origins, the channels of each input are combined by a valve, and the inputs by their minimum.
 */
export class VertexGate implements WatermarkGate {
  readonly operator: KeyedOperator;
  private channelCount = 0;
  private endedChannels = 0;
  private endedWatermark = -Infinity;
  /** Per channel: which inputs of the operator it feeds, and as which channel of the input's valve. */
  private readonly feeds: { input: number; channel: number }[][] = [];
  private valves: StatusWatermarkValve[] = [];
  /** null: one channel brings all of them. */
  private inputs: InputWatermarks | null = null;
  private readonly valveSizes: number[];

  constructor(operator: KeyedOperator, inputCount: number) {
    this.operator = operator;
    this.valveSizes = Array.from({ length: inputCount }, () => 0);
  }

  addChannel(): number {
    this.feeds.push([]);
    this.channelCount += 1;
    return this.channelCount - 1;
  }

  feed(channel: number, input: number): void {
    if (this.feeds[channel].some((known) => known.input === input)) return;
    this.feeds[channel].push({ input, channel: this.valveSizes[input] });
    this.valveSizes[input] += 1;
  }

  /** After the last `feed`. */
  seal(): void {
    if (this.channelCount === 1) return;
    const inputs = new InputWatermarks(this.valveSizes.length, {
      processWatermark: (watermarkMs) => this.operator.processWatermark(watermarkMs),
      processWatermarkStatus: (idle) => {
        if (idle) this.catchUpWithEnded();
        this.operator.processWatermarkStatus(idle);
      },
    });
    this.inputs = inputs;
    this.valves = this.valveSizes.map(
      (size, input) =>
        new StatusWatermarkValve(size, {
          processWatermark: (watermarkMs) => inputs.processWatermark(input, watermarkMs),
          processWatermarkStatus: (idle) => inputs.processWatermarkStatus(input, idle),
        }),
    );
  }

  /** What an input has reached by itself; the operator goes by the lowest. @param input from 0 */
  inputWatermark(input: number): number {
    return this.inputs === null ? this.operator.timers.watermark : this.inputs.watermarkOf(input);
  }

  get isEnded(): boolean {
    return this.endedChannels === this.channelCount;
  }

  watermark(channel: number, watermarkMs: number): void {
    try {
      if (this.channelCount === 1) this.operator.processWatermark(watermarkMs);
      else for (const feed of this.feeds[channel]) this.valves[feed.input].inputWatermark(watermarkMs, feed.channel);
    } catch (error) {
      throw describeFailure(this.operator, null, error);
    }
  }

  status(channel: number, idle: boolean): void {
    try {
      if (this.channelCount === 1) this.operator.processWatermarkStatus(idle);
      else for (const feed of this.feeds[channel]) this.valves[feed.input].inputWatermarkStatus(idle, feed.channel);
    } catch (error) {
      throw describeFailure(this.operator, null, error);
    }
  }

  /** A channel that ended holds nobody back; what it reached counts once nobody else is there to advance. */
  end(channel: number, watermarkMs: number): void {
    this.endedChannels += 1;
    this.endedWatermark = Math.max(this.endedWatermark, watermarkMs);
    if (!this.isEnded) this.status(channel, true);
    else this.catchUpWithEnded();
  }

  private catchUpWithEnded(): void {
    if (this.endedWatermark <= this.operator.timers.watermark) return;
    try {
      this.operator.processWatermark(this.endedWatermark);
    } catch (error) {
      throw describeFailure(this.operator, null, error);
    }
  }
}
