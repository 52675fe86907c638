import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SymbolDictionary } from '../../engine/memory/symbol-dictionary.ts';
import { InternalTimerService } from '../../engine/runtime/time/internal-timer-service.ts';
import { CopyOnWrite } from '../../engine/state/copy-on-write.ts';
import { KeyTable } from '../../engine/state/key-table.ts';

interface Timer {
  readonly key: number;
  readonly time: number;
}

/** Flink's rules as they read: a set, the earliest first, of equal ones that set first. */
class PlainTimers {
  watermark = -Infinity;
  private timers: Timer[] = [];

  set(key: number, time: number): void {
    if (!this.timers.some((timer) => timer.key === key && timer.time === time)) this.timers.push({ key, time });
  }

  delete(key: number, time: number): void {
    this.timers = this.timers.filter((timer) => timer.key !== key || timer.time !== time);
  }

  advance(watermark: number, fire: (timer: Timer) => void): void {
    this.watermark = watermark;
    for (;;) {
      const due = this.timers.filter(({ time }) => time <= watermark);
      if (due.length === 0) return;
      const time = Math.min(...due.map((timer) => timer.time));
      const first = due.find((timer) => timer.time === time);
      if (first === undefined) return;
      this.delete(first.key, first.time);
      fire(first);
    }
  }
}

const KEYS = 200;
const keys = fc.integer({ min: 0, max: KEYS - 1 });
/** What a timer does when it fires: sets or deletes another one, so many ms from its own time. */
const reactions = fc.array(
  fc.record({ sets: fc.boolean(), key: keys, after: fc.oneof(fc.constant(0), fc.integer({ min: -2, max: 4 })) }),
  { minLength: 1, maxLength: 60 },
);

/** Three instants with more timers each than are told ahead at once, and some elsewhere. */
const starts = fc.array(fc.record({ key: keys, time: fc.integer({ min: 0, max: 2 }) }), {
  minLength: 100,
  maxLength: 500,
});

function tableOf(keyCount: number): KeyTable {
  const table = new KeyTable(new SymbolDictionary());
  for (let key = 0; key < keyCount; key += 1) table.slotFor(key, 0);
  return table;
}

describe('timers that set and delete timers while they fire', () => {
  test('fire in the order of Flink’s rules, whatever is told ahead', () => {
    fc.assert(
      fc.property(starts, reactions, fc.boolean(), (script, behaviour, isToldAhead) => {
        const table = tableOf(KEYS);
        const fired: string[] = [];
        const expected: string[] = [];
        const told = new Set<number>();
        let reacted = 0;
        const timers = new InternalTimerService(
          table,
          {
            onEventTime(time) {
              fired.push(`${table.currentSlot}@${time}`);
              const { sets, key, after } = behaviour[reacted % behaviour.length];
              reacted += 1;
              // Every third one does something, and only the first thousand: an end is reached.
              if (reacted % 3 !== 0 || reacted > 1000) return;
              table.currentSlot = key;
              if (sets) timers.registerEventTimeTimer(time + after);
              else timers.deleteEventTimeTimer(time + after);
            },
            onProcessingTime: () => undefined,
          },
          new CopyOnWrite(),
          isToldAhead
            ? (slots, count) => {
                for (let index = 0; index < count; index += 1) told.add(slots[index]);
              }
            : null,
        );
        const plain = new PlainTimers();
        for (const { key, time } of script) {
          table.currentSlot = key;
          timers.registerEventTimeTimer(time);
          plain.set(key, time);
        }
        let plainReacted = 0;
        for (let watermark = 0; watermark < 12; watermark += 1) {
          timers.advanceWatermark(watermark);
          plain.advance(watermark, ({ key: own, time }) => {
            expected.push(`${own}@${time}`);
            const { sets, key, after } = behaviour[plainReacted % behaviour.length];
            plainReacted += 1;
            if (plainReacted % 3 !== 0 || plainReacted > 1000) return;
            if (sets) plain.set(key, time + after);
            else plain.delete(key, time + after);
          });
          expect(fired).toEqual(expected);
        }
        for (const slot of told) expect(slot).toBeLessThan(KEYS);
      }),
      { numRuns: 60 },
    );
  });
});
