import { describe, expect, test, vi } from 'vitest';
import { FrameLoop } from '../../renderer/drawing/frame-loop.ts';

const FRAME_MS = 1000 / 60;

/** A screen that is stepped by hand. */
function makeScreen() {
  let nowMs = 0;
  let draw: ((nowMs: number) => void) | null = null;
  const loop = new FrameLoop({
    nowMs: () => nowMs,
    request: (next) => {
      draw = next;
      return 1;
    },
    cancel: () => (draw = null),
  });
  const refresh = (frames: number, eachMs = FRAME_MS): void => {
    for (let frame = 0; frame < frames; frame += 1) {
      nowMs += eachMs;
      const due = draw;
      draw = null;
      due?.(nowMs);
    }
  };
  return { loop, refresh, isAsleep: () => draw === null, later: (ms: number) => (nowMs += ms), at: () => nowMs };
}

describe('the frame loop', () => {
  test('paints once a frame, however often it is marked', () => {
    const { loop, refresh } = makeScreen();
    const paint = vi.fn();
    loop.add({ paint });
    refresh(1);

    for (let quote = 0; quote < 1000; quote += 1) loop.mark();
    refresh(1);

    expect(paint).toHaveBeenCalledTimes(2);
  });

  test('goes to sleep when nothing changes, and wakes with the next mark', () => {
    const { loop, refresh, isAsleep } = makeScreen();
    const paint = vi.fn();
    loop.add({ paint });
    loop.mark();

    refresh(300);
    expect(isAsleep()).toBe(true);
    const painted = paint.mock.calls.length;
    loop.mark();
    refresh(1);

    expect(paint).toHaveBeenCalledTimes(painted + 1);
  });

  test('counts frames and the longest gap, and does not take sleep for one', () => {
    const { loop, refresh, later } = makeScreen();
    loop.mark();
    refresh(300);
    later(60_000);

    for (let second = 0; second < 3; second += 1) {
      loop.mark();
      refresh(30);
      loop.mark();
      refresh(1, 50);
      refresh(30);
    }

    expect(loop.statistics.framesPerSecond).toBeGreaterThan(50);
    expect(loop.statistics.gapMsMax).toBeCloseTo(50, 5);
  });

  test('measures from the cut of the oldest frame not yet drawn, on the clock of the engine', () => {
    const { loop, refresh, at } = makeScreen();
    loop.setEngineClock((pageMs) => pageMs + 5000);
    refresh(1);

    for (let frame = 0; frame < 130; frame += 1) {
      loop.markCut(at() + 5000 - 4);
      loop.markCut(at() + 5000);
      refresh(1);
    }

    expect(loop.statistics.latencyMsMedian).toBeCloseTo(FRAME_MS + 4, 5);
    expect(loop.statistics.latencyMsP99).toBeCloseTo(FRAME_MS + 4, 5);
  });

  test('says nothing of latency while it does not know the clock of the engine', () => {
    const { loop, refresh } = makeScreen();
    for (let frame = 0; frame < 130; frame += 1) {
      loop.markCut(0);
      refresh(1);
    }

    expect(loop.statistics.latencyMsMedian).toBeNull();
  });

  test('a painter that left is not asked again', () => {
    const { loop, refresh } = makeScreen();
    const paint = vi.fn();
    const leave = loop.add({ paint });
    refresh(1);

    leave();
    refresh(5);

    expect(paint).toHaveBeenCalledTimes(1);
  });
});
