import { describe, expect, test } from 'vitest';
import {
  WatermarksWithIdleness,
  WatermarkStrategy,
  type WatermarkOutput,
} from '../../engine/api/watermark-strategy.ts';
import { InputWatermarks } from '../../engine/runtime/watermarks/combined-watermark.ts';
import { StatusWatermarkValve } from '../../engine/runtime/watermarks/status-watermark-valve.ts';
import { WatermarkOutputMultiplexer } from '../../engine/runtime/watermarks/watermark-output-multiplexer.ts';

/** What comes out, as text: a number, or `idle` and `active`. */
class Recorder implements WatermarkOutput {
  readonly seen: (number | string)[] = [];
  processWatermark(watermarkMs: number): void {
    this.seen.push(watermarkMs);
  }
  processWatermarkStatus(idle: boolean): void {
    this.seen.push(idle ? 'idle' : 'active');
  }
  emitWatermark(watermarkMs: number): void {
    this.seen.push(watermarkMs);
  }
  markIdle(): void {
    this.seen.push('idle');
  }
  markActive(): void {
    this.seen.push('active');
  }
  take(): (number | string)[] {
    return this.seen.splice(0);
  }
}

describe('a status watermark valve', () => {
  test('puts out the minimum over its channels, and never a lower one', () => {
    const out = new Recorder();
    const valve = new StatusWatermarkValve(2, out);
    valve.inputWatermark(10, 0);
    expect(out.take()).toEqual([]);
    valve.inputWatermark(7, 1);
    valve.inputWatermark(5, 1);
    valve.inputWatermark(20, 1);
    expect(out.take()).toEqual([7, 10]);
  });

  test('lets an idle channel go, and takes it back once it has caught up', () => {
    const out = new Recorder();
    const valve = new StatusWatermarkValve(2, out);
    valve.inputWatermark(10, 0);
    valve.inputWatermarkStatus(true, 1);
    expect(out.take()).toEqual([10]);
    valve.inputWatermarkStatus(false, 1);
    valve.inputWatermark(12, 0);
    expect(out.take()).toEqual([12]);
    valve.inputWatermark(12, 1);
    valve.inputWatermark(30, 0);
    valve.inputWatermark(15, 1);
    expect(out.take()).toEqual([15]);
  });

  test('flushes the maximum when its last channel goes idle, and wakes without a watermark', () => {
    const out = new Recorder();
    const valve = new StatusWatermarkValve(2, out);
    valve.inputWatermark(10, 0);
    valve.inputWatermark(4, 1);
    valve.inputWatermarkStatus(true, 0);
    valve.inputWatermarkStatus(true, 1);
    valve.inputWatermark(99, 0);
    expect(out.take()).toEqual([4, 10, 'idle']);
    valve.inputWatermarkStatus(false, 0);
    expect(out.take()).toEqual(['active']);
  });
});

describe('the watermarks of two inputs', () => {
  test('combine to the minimum of those that are not idle', () => {
    const out = new Recorder();
    const inputs = new InputWatermarks(2, out);
    inputs.processWatermark(0, 10);
    inputs.processWatermark(1, 6);
    inputs.processWatermarkStatus(1, true);
    inputs.processWatermarkStatus(0, true);
    inputs.processWatermark(1, 12);
    expect(out.take()).toEqual([6, 10, 'idle', 12]);
  });
});

describe('a watermark output multiplexer', () => {
  test('holds deferred splits back until the next periodic call', () => {
    const out = new Recorder();
    const multiplexer = new WatermarkOutputMultiplexer(out);
    multiplexer.registerNewOutput('a');
    multiplexer.getDeferredOutput('a').emitWatermark(5);
    expect(out.take()).toEqual([]);
    multiplexer.onPeriodicEmit();
    multiplexer.getImmediateOutput('a').emitWatermark(6);
    multiplexer.getImmediateOutput('a').markIdle();
    expect(out.take()).toEqual([5, 6, 'idle']);
    expect(() => multiplexer.registerNewOutput('a')).toThrow('Already contains an output for ID a');
  });
});

describe('watermark strategies', () => {
  test('bounded out-of-orderness promises the greatest time - bound - 1', () => {
    const out = new Recorder();
    const generator = WatermarkStrategy.forBoundedOutOfOrderness(5).createGenerator(() => 0);
    generator?.onEvent(100, out);
    generator?.onEvent(90, out);
    generator?.onPeriodicEmit(out);
    expect(out.take()).toEqual([94]);
    expect(() => WatermarkStrategy.forBoundedOutOfOrderness(-1).createGenerator(() => 0)).toThrow(
      'cannot be negative; found -1 ms',
    );
  });

  test('idleness starts its clock at the first silent check, and an event ends it', () => {
    let now = 0;
    const out = new Recorder();
    const generator = new WatermarksWithIdleness(
      { onEvent: () => undefined, onPeriodicEmit: (output) => output.emitWatermark(now) },
      100,
      () => now,
    );
    generator.onEvent(1, out);
    const tick = (at: number): (number | string)[] => {
      now = at;
      generator.onPeriodicEmit(out);
      return out.take();
    };
    expect([tick(1000), tick(1010), tick(1110), tick(1111)]).toEqual([[1000], [1010], [1110], ['idle']]);
    generator.onEvent(2, out);
    expect(out.take()).toEqual(['active']);
    expect(tick(2000)).toEqual([2000]);
  });
});
