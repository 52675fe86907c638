import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SymbolDictionary } from '../../engine/memory/symbol-dictionary.ts';
import { InternalTimerService } from '../../engine/runtime/time/internal-timer-service.ts';
import { TimerQueue } from '../../engine/runtime/time/timer-queue.ts';
import { CopyOnWrite } from '../../engine/state/copy-on-write.ts';
import { KeyTable } from '../../engine/state/key-table.ts';

function tableOf(keyCount: number): KeyTable {
  const table = new KeyTable(new SymbolDictionary());
  for (let key = 0; key < keyCount; key += 1) table.slotFor(key, 0);
  return table;
}

const KEYS = 40;
const slots = fc.integer({ min: 0, max: KEYS - 1 });
// Few times, so that timers meet; and times far apart, before the epoch and beyond 2^32.
const times = fc.oneof(fc.integer({ min: -5, max: 20 }), fc.constantFrom(-(2 ** 40), 2 ** 33, 2 ** 33 + 1, Infinity));
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('register' as const), slot: slots, time: times }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), slot: slots, time: times }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('poll' as const), slot: slots, time: times }) },
  ),
  { maxLength: 400 },
);

describe('a timer queue', () => {
  test('is a set of (key, time), taken out by time, then in the order of registration', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const queue = new TimerQueue(tableOf(KEYS));
        const model = new Map<string, { slot: number; time: number; order: number }>();
        let order = 0;
        const earliest = (): { slot: number; time: number; order: number } | undefined =>
          [...model.values()].sort((left, right) =>
            left.time === right.time ? left.order - right.order : left.time < right.time ? -1 : 1,
          )[0];
        for (const { do: what, slot, time } of script) {
          const id = `${slot}@${time}`;
          if (what === 'register') {
            expect(queue.register(slot, time)).toBe(!model.has(id));
            if (!model.has(id)) model.set(id, { slot, time, order: (order += 1) });
          } else if (what === 'remove') {
            expect(queue.remove(slot, time)).toBe(model.delete(id));
          } else {
            const first = earliest();
            if (first === undefined) continue;
            expect([queue.headSlot, queue.headTime]).toEqual([first.slot, first.time]);
            queue.poll();
            model.delete(`${first.slot}@${first.time}`);
          }
          expect(queue.size).toBe(model.size);
          expect(queue.headTime).toBe(earliest()?.time ?? Infinity);
        }
        const left: string[] = [];
        queue.forEach((slot, time) => left.push(`${slot}@${time}`));
        expect(left.sort()).toEqual([...model.keys()].sort());
        const further = queue.copyFurther();
        const stored = Array.from(further.slots, (slot, index) => `${slot}@${further.times[index]}`);
        for (let slot = 0; slot < KEYS; slot += 1) {
          const time = queue.ownTime(slot);
          if (!Number.isNaN(time)) stored.push(`${slot}@${time}`);
        }
        expect(stored.sort()).toEqual(left);
      }),
      { numRuns: 300 },
    );
  });

  test('stays small when timers are moved a million times', () => {
    const queue = new TimerQueue(tableOf(10));
    for (let time = 0; time < 200_000; time += 1) {
      queue.register(time % 10, time + 1000);
      if (time >= 10) queue.remove(time % 10, time - 10 + 1000);
    }
    expect(queue.size).toBe(10);
    expect((queue as unknown as { timers: { slot: Int32Array } }).timers.slot.length).toBeLessThanOrEqual(256);
  });

  test('refuses times that are no whole ms', () => {
    const queue = new TimerQueue(tableOf(1));
    expect(() => queue.register(0, 1.5)).toThrow('A timer must be set to whole ms; found 1.5.');
    expect(() => queue.register(0, NaN)).toThrow('found NaN');
  });
});

/** The rules of Flink's InternalTimerServiceImpl, one by one, on cases of our own. */
describe('an internal timer service', () => {
  function create(onTimer: (timers: InternalTimerService, key: number, time: number) => void = () => undefined): {
    timers: InternalTimerService;
    table: KeyTable;
    fired: string[];
  } {
    const table = tableOf(3);
    const fired: string[] = [];
    const note = (domain: string) => (time: number) => {
      fired.push(`${domain}${time} key ${String(table.currentKey())} wm ${timers.watermark}`);
      onTimer(timers, table.currentSlot, time);
    };
    const timers: InternalTimerService = new InternalTimerService(
      table,
      { onEventTime: note('E'), onProcessingTime: note('P') },
      new CopyOnWrite(),
    );
    table.currentSlot = 1;
    return { timers, table, fired };
  }

  test('sets the watermark before it fires, in order of time over all keys', () => {
    const { timers, table, fired } = create();
    timers.registerEventTimeTimer(7);
    table.currentSlot = 2;
    timers.registerEventTimeTimer(5);
    timers.advanceWatermark(10);
    expect(fired).toEqual(['E5 key 2 wm 10', 'E7 key 1 wm 10']);
  });

  test('fires what a timer registers at or below the watermark within the same call', () => {
    const { timers, fired } = create((service, _, time) => {
      if (time < 4) service.registerEventTimeTimer(time + 1);
    });
    timers.registerEventTimeTimer(1);
    timers.advanceWatermark(3);
    expect(fired).toEqual(['E1 key 1 wm 3', 'E2 key 1 wm 3', 'E3 key 1 wm 3']);
    expect(timers.eventTimers.size).toBe(1);
  });

  test('keeps a timer set at the current watermark for the next call, an equal one too', () => {
    const { timers, fired } = create();
    timers.advanceWatermark(50);
    timers.registerEventTimeTimer(50);
    timers.registerEventTimeTimer(49);
    expect(fired).toEqual([]);
    timers.advanceWatermark(50);
    expect(fired).toEqual(['E49 key 1 wm 50', 'E50 key 1 wm 50']);
  });

  test('keeps the two time domains apart', () => {
    const { timers, fired } = create();
    timers.registerEventTimeTimer(10);
    timers.registerProcessingTimeTimer(10);
    timers.registerProcessingTimeTimer(10);
    timers.advanceProcessingTime(10);
    expect(fired).toEqual(['P10 key 1 wm -Infinity']);
    timers.deleteEventTimeTimer(10);
    timers.advanceWatermark(Infinity);
    expect(fired.length).toBe(1);
  });

  test('fires a timer at the end of time with the last watermark only', () => {
    const { timers, fired } = create();
    timers.registerEventTimeTimer(Infinity);
    timers.advanceWatermark(1e15);
    expect(fired).toEqual([]);
    timers.advanceWatermark(Infinity);
    expect(fired).toEqual(['E' + 'Infinity key 1 wm Infinity']);
  });

  test('sets no timer without a key', () => {
    const { timers, table } = create();
    table.currentSlot = -1;
    expect(() => timers.registerEventTimeTimer(1)).toThrow('No key set');
  });
});
