import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ControlSchedule,
  type EnteredControl,
  type ScheduledControl,
} from '../../engine/connectors/sources/control-schedule.ts';

const never = (): boolean => false;

test('a control enters at its place, neither before nor after', () => {
  const schedule = new ControlSchedule([{ number: 1, control: 'halt', sequence: 5, recordedTaken: 1 }], [], never);

  expect(schedule.quotesAhead(2)).toBe(3);
  expect(schedule.take(4, 9)).toEqual([]);
  expect(schedule.take(5, 0)).toEqual([]);
  expect(schedule.take(5, 1)).toEqual(['halt']);
  expect(schedule.quotesAhead(5)).toBe(Infinity);
  expect(schedule.entered).toEqual([1]);
});

test('what the checkpoint knows does not enter again, and what was missed enters late rather than never', () => {
  const scheduled = [
    { number: 1, control: 'rules', sequence: 1, recordedTaken: 0 },
    { number: 2, control: 'halt', sequence: 2, recordedTaken: 0 },
  ];
  const schedule = new ControlSchedule(scheduled, [1], never);

  expect(schedule.take(7, 0)).toEqual(['halt']);
  expect(schedule.entered).toEqual([1, 2]);
});

test('a halt that is pressed while the session catches up takes the place of a rearm that is still to come', () => {
  const scheduled = [
    { number: 3, control: 'rearm', sequence: 50, recordedTaken: 0 },
    { number: 4, control: 'rules', sequence: 60, recordedTaken: 0 },
  ];
  const schedule = new ControlSchedule(scheduled, [], (now, then) => now === 'halt' && then === 'rearm');

  expect(schedule.insert(5, 'halt')).toEqual([3]);
  expect(schedule.take(100, 0)).toEqual(['rules']);
});

test('wherever a session is interrupted, its controls enter again where they did', () => {
  const controls = fc.array(fc.nat(40), { maxLength: 8 });
  fc.assert(
    fc.property(controls, fc.nat(40), (places, interruptedAt) => {
      const entered: (ScheduledControl<string> & EnteredControl)[] = [];
      const first = new ControlSchedule<string>([], [], never);
      let known: readonly number[] = [];
      const stream: string[] = [];
      for (let sequence = 0; sequence <= 40; sequence += 1) {
        if (sequence === interruptedAt) known = first.entered;
        for (const [index, place] of places.entries()) {
          if (place !== sequence) continue;
          const control = `control ${index}`;
          first.insert(index + 1, control);
          entered.push({ number: index + 1, control, sequence, recordedTaken: 0, superseded: [] });
          stream.push(`${sequence} ${control}`);
        }
      }

      const second = new ControlSchedule<string>(entered, known, never);
      const again: string[] = [];
      for (let sequence = interruptedAt; sequence <= 40; sequence += 1)
        again.push(...second.take(sequence, 0).map((control) => `${sequence} ${control}`));

      expect(again).toEqual(stream.filter((line) => Number(line.split(' ')[0]) >= interruptedAt));
    }),
  );
});
