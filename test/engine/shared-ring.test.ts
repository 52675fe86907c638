import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChannelReader } from '../../engine/runtime/exchange/channel-reader.ts';
import { ChannelWriter } from '../../engine/runtime/exchange/channel-writer.ts';
import type { RingPlan } from '../../engine/runtime/exchange/physical-plan.ts';
import { decodePlain, encodePlain } from '../../engine/memory/plain-text.ts';
import { createRing, RingReader, RingWriter, slotsInUse } from '../../engine/memory/shared-ring.ts';

/** Where positions begin: some wrap through 2^31 and 2^32 within a few steps. */
const starts = fc.constantFrom(0, 2 ** 31 - 5, -(2 ** 31), -3, 12_345);

type Step = { readonly do: 'write' | 'read'; readonly count: number } | { readonly do: 'publish' };
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom('write' as const, 'read' as const), count: fc.integer({ min: 1, max: 20 }) }),
    fc.constant({ do: 'publish' as const }),
  ),
  { maxLength: 120 },
);

describe('a shared ring', () => {
  test('that is limited holds its writer up when so many records are unread, and no sooner', () => {
    const memory = createRing(4096, 8);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    const write = (count: number): void => {
      for (let index = 0; index < count; index += 1) {
        writer.claim();
        writer.commit();
      }
      writer.publish();
    };
    write(2000);

    writer.limitTo(1024);
    expect([writer.isWithinLimit, writer.hasRoom()]).toEqual([false, false]);
    reader.available();
    reader.release(1000);
    expect([writer.isWithinLimit, writer.hasRoom()]).toEqual([true, true]);
    write(24);

    expect([writer.isWithinLimit, writer.hasRoom(), writer.isHalfEmpty()]).toEqual([true, false, false]);
    expect(reader.lookAgain()).toBe(1024);
  });

  test.each([0, 2 ** 31 - 5, -3])(
    'tells anybody how many slots are shown and not given back, from position %i on',
    (start) => {
      const memory = createRing(64, 8, start);
      const writer = new RingWriter(memory);
      const reader = new RingReader(memory);
      for (let index = 0; index < 20; index += 1) {
        writer.claim();
        writer.commit();
      }

      expect(slotsInUse(memory)).toBe(0);
      writer.publish();
      expect(slotsInUse(memory)).toBe(20);
      reader.available();
      reader.release((start + 13) | 0);
      expect(slotsInUse(memory)).toBe(7);
    },
  );

  test('is a queue: what is published comes out once, in order, whatever the positions', () => {
    fc.assert(
      fc.property(starts, fc.constantFrom(2, 4, 16), steps, (start, capacity, script: readonly Step[]) => {
        const memory = createRing(capacity, 8, start);
        const writer = new RingWriter(memory);
        const reader = new RingReader(memory);
        const queued: number[] = [];
        let next = 0;
        for (const step of script) {
          if (step.do === 'publish') writer.publish();
          else if (step.do === 'write') {
            for (let count = 0; count < step.count && queued.length < capacity; count += 1) {
              writer.f[writer.claim() + 3] = next;
              writer.commit();
              queued.push(next);
              next += 1;
            }
          } else {
            const available = reader.available();
            expect(available).toBeLessThanOrEqual(queued.length);
            const count = Math.min(step.count, available);
            let position = reader.position;
            for (let index = 0; index < count; index += 1) {
              expect(reader.f[(position & reader.mask) * reader.slotWords + 3]).toBe(queued.shift());
              position = (position + 1) | 0;
            }
            reader.release(position);
          }
        }
        writer.publish();
        const rest: number[] = [];
        for (let left = reader.available(); left > 0; left = reader.available()) {
          for (let index = 0; index < left; index += 1)
            rest.push(reader.f[((reader.position + index) & reader.mask) * reader.slotWords + 3]);
          reader.release((reader.position + left) | 0);
        }
        expect(rest).toEqual(queued);
      }),
      { numRuns: 300 },
    );
  });

  test('shows nothing that was not published', () => {
    const memory = createRing(8, 8);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    writer.claim();
    writer.commit();
    expect(reader.available()).toBe(0);
    writer.publish();
    expect(reader.available()).toBe(1);
  });

  test('asks for room when it is full, and not before', () => {
    const memory = createRing(4, 8, 2 ** 31 - 2);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    let asked = 0;
    writer.waitForRoom = () => {
      asked += 1;
      reader.release((reader.position + reader.available()) | 0);
    };
    for (let count = 0; count < 4; count += 1) {
      writer.claim();
      writer.commit();
    }
    expect(asked).toBe(0);
    writer.claim();
    expect(asked).toBe(1);
  });

  test('wakes its writer when half of it is empty, however much was there at the last look', () => {
    const memory = createRing(16, 1, 5);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    const fill = (slots: number): void => {
      for (let slot = 0; slot < slots; slot += 1) {
        writer.claim();
        writer.commit();
      }
      writer.publish();
    };
    let woken = 0;
    reader.wakeWriter = () => {
      woken += 1;
    };
    fill(9);
    expect(reader.available()).toBe(9);
    fill(7);

    // Two of the nine it knows of are left, and seven that it has not seen.
    reader.release((reader.position + 7) | 0);
    expect(woken).toBe(0);
    reader.release((reader.position + 1) | 0);
    expect(woken).toBe(1);
  });

  test('tells the writer that the reader has gone', () => {
    const memory = createRing(4, 8);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    let woken = 0;
    reader.wakeWriter = () => {
      woken += 1;
    };
    reader.abandon();
    expect([writer.isAbandoned, woken]).toEqual([true, 1]);
  });

  test('takes more than its capacity when its writer stretches it, as far as the memory goes, and less again afterwards', () => {
    const memory = createRing(2, 8, -3, 4);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    writer.waitForRoom = () => expect(writer.stretch()).toBe(true);
    for (let next = 0; next < 4; next += 1) {
      writer.f[writer.claim() + 3] = next;
      writer.commit();
    }
    writer.publish();

    expect(writer.stretch()).toBe(false);
    expect(reader.available()).toBe(4);
    expect([0, 1, 2, 3].map((at) => reader.f[((reader.position + at) & reader.mask) * 8 + 3])).toEqual([0, 1, 2, 3]);
    reader.release((reader.position + 3) | 0);
    expect(writer.hasRoom()).toBe(true);
    writer.claim();
    writer.commit();
    expect(writer.hasRoom()).toBe(false);
  });

  test('refuses a capacity that is no power of two, and says so', () => {
    expect(() => createRing(1000, 8)).toThrow('must be a power of two, 2 or more; found 1000');
  });
});

describe('texts in a ring', () => {
  const plan: RingPlan = {
    id: 'test',
    from: 'source',
    to: 0,
    level: -1,
    waitLevel: -1,
    crossings: [],
    groups: [],
    slotWords: 8,
    capacity: 4,
    slots: 4,
  };

  test('of any length come out as they went in, through a ring smaller than they are', () => {
    fc.assert(
      fc.property(
        starts,
        fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 12 }),
        (start, texts) => {
          const memory = createRing(4, 8, start);
          const ring = new RingWriter(memory);
          const writer = new ChannelWriter(ring, plan, []);
          const reader = new ChannelReader(memory, plan);
          const received: unknown[] = [];
          reader.setControlHandler({
            defineKey: (_, __, key) => received.push(key),
            defineSymbolKey: () => undefined,
            watermark: () => undefined,
            status: () => undefined,
            processingTime: () => undefined,
            alignment: () => false,
            latency: () => undefined,
            end: () => undefined,
            barrier: () => false,
          });
          ring.waitForRoom = () => {
            reader.run(2);
          };
          texts.forEach((text, index) => writer.sendKey(index, 0, 0, encodePlain(text)));
          ring.publish();
          while (reader.run(3));
          expect(received).toEqual(texts);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('plain data as text', () => {
  test('comes back as it was, with what JSON lacks', () => {
    const plain = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.string(),
        fc.double(),
        fc.bigInt(),
        fc.boolean(),
        fc.constant(null),
        tie('list'),
        tie('object'),
        tie('map'),
      ),
      list: fc.array(tie('value'), { maxLength: 4 }),
      object: fc.dictionary(
        fc.string({ minLength: 1 }).filter((name) => name !== '$plain' && name !== '__proto__'),
        tie('value'),
        { maxKeys: 4 },
      ),
      map: fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    })).value;
    fc.assert(
      fc.property(plain, (value) => {
        expect(decodePlain(encodePlain(value))).toEqual(
          JSON.stringify(value, minusZeroToZero) === undefined ? value : withoutMinusZero(value),
        );
      }),
    );
  });

  test('refuses functions and data that contains itself', () => {
    expect(() => encodePlain({ act: () => undefined })).toThrow('must be plain data; found a function');
    const loop: { self?: unknown } = {};
    loop.self = loop;
    expect(() => encodePlain(loop)).toThrow('does it contain itself?');
  });
});

function minusZeroToZero(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

/** JSON has no -0. */
function withoutMinusZero(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(withoutMinusZero);
  if (value instanceof Map) return new Map([...value].map(([key, entry]) => [key, withoutMinusZero(entry)]));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withoutMinusZero(field)]));
  return value;
}
