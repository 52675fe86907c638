import { describe, expect, it } from 'vitest';
import { HangWatch, type WatchedThread } from '../../engine/entry/job/hang-watch.ts';
import { ACTIVITY, createControlMemory, ThreadControl } from '../../engine/runtime/thread-control.ts';

const HANG_MS = 500;
const LOOK_EVERY_MS = 100;

describe('A thread', () => {
  it('that beats no more, with work to do, hangs', () => {
    const { control, watch, thread } = watched();
    control.beat(thread.block);

    expect(lookFor(watch, thread, 0, HANG_MS)).toBeNull();
    expect(lookFor(watch, thread, HANG_MS + LOOK_EVERY_MS, HANG_MS + LOOK_EVERY_MS)).toEqual({ thread, silentMs: 600 });
  });

  it('that beats, waits, is through with its records, or waits for the others to start, does not', () => {
    const { control, watch, thread } = watched();

    for (let nowMs = 0; nowMs <= 3 * HANG_MS; nowMs += LOOK_EVERY_MS) {
      control.beat(thread.block);
      expect(watch.look([thread], true, nowMs)).toBeNull();
    }
    expect(lookFor(watch, { ...thread, isFinished: true }, 1_600, 4_000)).toBeNull();
    expect(lookFor(watch, { ...thread }, 4_100, 6_000, false)).toBeNull();
    control.setActivity(thread.block, ACTIVITY.waiting);
    expect(lookFor(watch, thread, 6_100, 8_000)).toBeNull();
  });

  it('is not blamed for a time at which the watcher itself stood still', () => {
    const { control, watch, thread } = watched();
    control.beat(thread.block);

    expect(lookFor(watch, thread, 0, HANG_MS)).toBeNull();
    expect(watch.look([thread], true, 60_000)).toBeNull();
    expect(lookFor(watch, thread, 60_100, 60_500)).toBeNull();
    expect(watch.look([thread], true, 60_600)).not.toBeNull();
  });

  it('that is being started has longer', () => {
    const { watch, thread } = watched();
    const starting = { ...thread, readyMs: null };

    expect(lookFor(watch, starting, 0, 60_000, false)).toBeNull();
    expect(watch.look([starting], false, 60_100)).not.toBeNull();
  });
});

function watched(): { control: ThreadControl; watch: HangWatch<WatchedThread>; thread: WatchedThread } {
  const control = new ThreadControl(createControlMemory());
  const thread = { block: control.block(0), readyMs: 0, isFinished: false };
  control.setActivity(thread.block, ACTIVITY.running);
  return { control, watch: new HangWatch<WatchedThread>(control, HANG_MS, 0), thread };
}

/** Looks from one time to another, as often as the runner does; what the last look found. */
function lookFor(
  watch: HangWatch<WatchedThread>,
  thread: WatchedThread,
  fromMs: number,
  toMs: number,
  hasStarted = true,
): ReturnType<HangWatch<WatchedThread>['look']> {
  let found = null;
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += LOOK_EVERY_MS) found = watch.look([thread], hasStarted, nowMs);
  return found;
}
