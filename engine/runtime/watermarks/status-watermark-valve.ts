import { WATERMARK_MIN } from '../../core/time.ts';
import type { WatermarkTarget } from './combined-watermark.ts';

interface Channel {
  watermark: number;
  idle: boolean;
  /** Counts for the minimum: it is active and has caught up with what was put out. */
  aligned: boolean;
}

/**
 * Combines the watermarks and statuses of one input's channels (Flink: StatusWatermarkValve). All channels start active at
 * the lowest watermark.
 */
export class StatusWatermarkValve {
  private readonly channels: Channel[];
  private lastWatermark = WATERMARK_MIN;
  private idle = false;
  private readonly target: WatermarkTarget;

  constructor(channelCount: number, target: WatermarkTarget) {
    this.target = target;
    this.channels = Array.from({ length: channelCount }, () => ({
      watermark: WATERMARK_MIN,
      idle: false,
      aligned: true,
    }));
  }

  inputWatermark(watermarkMs: number, channelIndex: number): void {
    const channel = this.channels[channelIndex];
    if (this.idle || channel.idle || watermarkMs <= channel.watermark) return;
    channel.watermark = watermarkMs;
    if (!channel.aligned && watermarkMs >= this.lastWatermark) channel.aligned = true;
    this.outputMinimumOfAligned();
  }

  inputWatermarkStatus(idle: boolean, channelIndex: number): void {
    const channel = this.channels[channelIndex];
    if (channel.idle === idle) return;
    channel.idle = idle;
    if (idle) this.becameIdle(channel);
    else this.becameActive(channel);
  }

  private becameIdle(channel: Channel): void {
    channel.aligned = false;
    const held = channel.watermark === this.lastWatermark;
    if (this.channels.some((other) => !other.idle)) {
      // It may have been the one that held the minimum back.
      if (held) this.outputMinimumOfAligned();
      return;
    }
    // Nobody will advance any more: what the others had already reached holds.
    if (held) this.output(Math.max(...this.channels.map((other) => other.watermark)));
    this.idle = true;
    this.target.processWatermarkStatus(true);
  }

  private becameActive(channel: Channel): void {
    if (channel.watermark >= this.lastWatermark) channel.aligned = true;
    if (!this.idle) return;
    this.idle = false;
    this.target.processWatermarkStatus(false);
  }

  private outputMinimumOfAligned(): void {
    let minimum = Infinity;
    let found = false;
    for (const channel of this.channels) {
      if (!channel.aligned) continue;
      found = true;
      if (channel.watermark < minimum) minimum = channel.watermark;
    }
    if (found) this.output(minimum);
  }

  private output(watermarkMs: number): void {
    if (watermarkMs <= this.lastWatermark) return;
    this.lastWatermark = watermarkMs;
    this.target.processWatermark(watermarkMs);
  }
}
