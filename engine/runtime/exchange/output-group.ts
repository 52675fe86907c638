import { WATERMARK_MIN } from '../../core/time.ts';
import { InputWatermarks } from '../watermarks/combined-watermark.ts';
import type { OutputGroupPlan } from './physical-plan.ts';

/**
 * The watermark of everything a set of emitters sends from one thread. With one emitter it is the emitter's; after a
 * union it is the minimum. Writers read `watermark` for every record and stamp it on.
 */
export class OutputGroup {
  readonly index: number;
  watermark = WATERMARK_MIN;
  idle = false;
  private readonly combined: InputWatermarks | null;
  private endedLeft: number;
  private endedWatermark = WATERMARK_MIN;
  /** By emitter: its last watermark. */
  private readonly reached: number[];
  private alignedLeft: number;
  private readonly emitterCount: number;

  constructor(plan: OutputGroupPlan) {
    this.index = plan.index;
    this.emitterCount = plan.emitters.length;
    this.endedLeft = plan.emitters.length;
    this.reached = plan.emitters.map(() => WATERMARK_MIN);
    this.alignedLeft = plan.emitters.length;
    this.combined =
      plan.emitters.length === 1
        ? null
        : new InputWatermarks(plan.emitters.length, {
            processWatermark: (watermarkMs) => {
              this.watermark = watermarkMs;
            },
            processWatermarkStatus: (idle) => {
              if (idle) this.catchUpWithEnded();
              this.idle = idle;
            },
          });
  }

  emitWatermark(emitter: number, watermarkMs: number): void {
    if (this.combined !== null) {
      this.reached[emitter] = watermarkMs;
      this.combined.processWatermark(emitter, watermarkMs);
    } else if (watermarkMs > this.watermark) {
      this.watermark = watermarkMs;
      this.idle = false;
    }
  }

  emitWatermarkStatus(emitter: number, idle: boolean): void {
    if (this.combined === null) this.idle = idle;
    else this.combined.processWatermarkStatus(emitter, idle);
  }

  /** @returns true when the last of its emitters has ended; what they reached counts once nobody else advances */
  end(emitter: number): boolean {
    this.endedLeft -= 1;
    if (this.combined !== null) {
      this.endedWatermark = Math.max(this.endedWatermark, this.reached[emitter]);
      if (this.endedLeft > 0) this.combined.processWatermarkStatus(emitter, true);
      else this.catchUpWithEnded();
    }
    return this.endedLeft === 0;
  }

  private catchUpWithEnded(): void {
    if (this.endedWatermark > this.watermark) this.watermark = this.endedWatermark;
  }

  /** @returns true when the last of its emitters has reached the alignment */
  align(): boolean {
    this.alignedLeft -= 1;
    if (this.alignedLeft > 0) return false;
    this.alignedLeft = this.emitterCount;
    return true;
  }
}
