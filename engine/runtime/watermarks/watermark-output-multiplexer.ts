import type { WatermarkOutput } from '../../api/watermark-strategy.ts';
import { IllegalStateError } from '../../core/errors.ts';
import { CombinedWatermark, PartialWatermark } from './combined-watermark.ts';

/**
 * Combines the watermarks of the splits of one source (Flink: WatermarkOutputMultiplexer): the minimum over the splits
 * that are not idle. An immediate output passes a rise on at once, a deferred one waits for `onPeriodicEmit`.
 */
export class WatermarkOutputMultiplexer {
  private readonly splits = new Map<string, PartialWatermark>();
  private readonly combined = new CombinedWatermark();
  private readonly output: WatermarkOutput;

  constructor(output: WatermarkOutput) {
    this.output = output;
  }

  registerNewOutput(splitId: string): void {
    if (this.splits.has(splitId)) throw new IllegalStateError(`Already contains an output for ID ${splitId}`);
    const split = new PartialWatermark();
    this.splits.set(splitId, split);
    this.combined.add(split);
  }

  getImmediateOutput(splitId: string): WatermarkOutput {
    const split = this.splitOf(splitId);
    return {
      emitWatermark: (watermarkMs) => {
        if (split.setWatermark(watermarkMs) && watermarkMs > this.combined.watermark) this.update();
      },
      markIdle: () => {
        split.idle = true;
        // It may have been the one that held the minimum back.
        this.update();
      },
      markActive: () => {
        split.idle = false;
      },
    };
  }

  getDeferredOutput(splitId: string): WatermarkOutput {
    const split = this.splitOf(splitId);
    return {
      emitWatermark: (watermarkMs) => {
        split.setWatermark(watermarkMs);
      },
      markIdle: () => {
        split.idle = true;
      },
      markActive: () => {
        split.idle = false;
      },
    };
  }

  onPeriodicEmit(): void {
    this.update();
  }

  private update(): void {
    if (this.combined.update()) this.output.emitWatermark(this.combined.watermark);
    else if (this.combined.idle) this.output.markIdle();
  }

  private splitOf(splitId: string): PartialWatermark {
    const split = this.splits.get(splitId);
    if (split === undefined) throw new IllegalStateError(`no output registered under id ${splitId}`);
    return split;
  }
}
