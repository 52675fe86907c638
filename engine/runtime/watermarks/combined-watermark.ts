import { IllegalArgumentError } from '../../core/errors.ts';
import { WATERMARK_MIN } from '../../core/time.ts';

/** One of several watermarks that are combined (Flink: PartialWatermark). */
export class PartialWatermark {
  watermark = WATERMARK_MIN;
  idle = false;

  /** Makes it active. @returns whether it rose */
  setWatermark(watermarkMs: number): boolean {
    this.idle = false;
    if (watermarkMs <= this.watermark) return false;
    this.watermark = watermarkMs;
    return true;
  }
}

/** The minimum over all active partial watermarks, which never falls (Flink: CombinedWatermarkStatus). */
export class CombinedWatermark {
  watermark = WATERMARK_MIN;
  idle = false;
  private readonly parts: PartialWatermark[] = [];

  add(part: PartialWatermark): void {
    this.parts.push(part);
  }

  /** @returns whether the combined watermark rose; `idle` may change either way */
  update(): boolean {
    if (this.parts.length === 0) return false;
    let minimum = Infinity;
    let allIdle = true;
    for (const part of this.parts) {
      if (part.idle) continue;
      allIdle = false;
      if (part.watermark < minimum) minimum = part.watermark;
    }
    this.idle = allIdle;
    if (allIdle || minimum <= this.watermark) return false;
    this.watermark = minimum;
    return true;
  }
}

/** Receives what a combination of watermarks comes to, in order. */
export interface WatermarkTarget {
  processWatermark(watermarkMs: number): void;
  processWatermarkStatus(idle: boolean): void;
}

/** The watermarks of an operator's inputs (Flink: IndexedCombinedWatermarkStatus and its use in AbstractStreamOperator). */
export class InputWatermarks {
  private readonly inputs: readonly PartialWatermark[];
  private readonly combined = new CombinedWatermark();
  private readonly target: WatermarkTarget;

  constructor(inputCount: number, target: WatermarkTarget) {
    this.target = target;
    this.inputs = Array.from({ length: inputCount }, () => new PartialWatermark());
    for (const input of this.inputs) this.combined.add(input);
  }

  /** @param input from 0 */
  processWatermark(input: number, watermarkMs: number): void {
    if (this.at(input).setWatermark(watermarkMs) && this.combined.update())
      this.target.processWatermark(this.combined.watermark);
  }

  processWatermarkStatus(input: number, idle: boolean): void {
    const wasIdle = this.combined.idle;
    this.at(input).idle = idle;
    if (this.combined.update()) this.target.processWatermark(this.combined.watermark);
    if (wasIdle !== this.combined.idle) this.target.processWatermarkStatus(idle);
  }

  /** What one input has reached by itself. @param input from 0 */
  watermarkOf(input: number): number {
    return this.at(input).watermark;
  }

  private at(input: number): PartialWatermark {
    const part = this.inputs[input];
    if (part === undefined)
      throw new IllegalArgumentError(`There is no input ${input}; inputs are 0 to ${this.inputs.length - 1}.`);
    return part;
  }
}
