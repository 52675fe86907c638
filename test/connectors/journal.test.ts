import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StoreError } from '../../engine/contract/durable-store.ts';
import { crc32 } from '../../engine/connectors/recording/crc32.ts';
import { BLOCK_HEADER_BYTES, BLOCK_SYMBOLS, padTo8 } from '../../engine/connectors/recording/recording-format.ts';
import { JournalKeeper } from '../../engine/connectors/journal/journal-keeper.ts';
import { journalName, listJournal } from '../../engine/connectors/journal/journal-names.ts';
import { JournalReader } from '../../engine/connectors/journal/journal-reader.ts';
import type { JournalPart, JournalPlace } from '../../engine/connectors/journal/journal-writer.ts';
import { startMachineTimer } from '../../engine/core/machine.node.ts';
import { MemoryDisk, MemoryStore, type StoreFault } from '../support/memory-store.ts';
import { RecordedOutput } from './session-kit.ts';
import { liveRig, replayOf, snapshotOf, ticker, type LiveRig, type RigOptions } from './live-kit.ts';

type Event =
  | { readonly do: 'quote'; readonly symbol: string; readonly lagMs: number }
  | { readonly do: 'garbage' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'break' }
  | { readonly do: 'control'; readonly value: string }
  | { readonly do: 'sleep'; readonly ms: number }
  | { readonly do: 'set-clock'; readonly byMs: number };

const events = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant('quote' as const),
        symbol: fc.constantFrom('A', 'B', 'C'),
        lagMs: fc.integer({ min: -3_000, max: 3_000 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('garbage' as const) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 4_000 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('break' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('control' as const), value: fc.constantFrom('halt', 'rearm', 'rules') }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('sleep' as const), ms: fc.integer({ min: 2_001, max: 100_000 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('set-clock' as const), byMs: fc.integer({ min: -5_000, max: 5_000 }) }),
    },
  ),
  { maxLength: 60 },
);

const positions = [0, 1, 2, 3, 4].map((index) => ({
  symbol: ['A', 'B', 'C'][index % 3],
  shares: 1_000_000,
  buyPrice: 1_000_000_000,
  ttlMs: null,
  openedAt: index === 0 ? null : 1_795_360_000_000 + index * 1_500,
}));
const PLAYED: RigOptions['reader'] = { positions, alignFullSeconds: true };

function happen(rig: LiveRig, event: Event, output: RecordedOutput): void {
  const { clock, network, reader } = rig;
  switch (event.do) {
    case 'quote':
      if (rig.link.state.kind !== 'connected') network.open();
      network.say(ticker(event.symbol, clock.wallMs() - event.lagMs));
      return;
    case 'garbage':
      return network.say('{"e":');
    case 'pass':
      rig.poll(output);
      return rig.pass(event.ms, output);
    case 'break':
      return network.break();
    case 'control':
      return reader.insertControl({ kind: event.value });
    case 'sleep':
      clock.nowMs += event.ms;
      return;
    case 'set-clock':
      clock.offsetMs += event.byMs;
  }
}

function endOf(rig: LiveRig, output: RecordedOutput): void {
  rig.feed.finish();
  rig.poll(output, 4);
  rig.journal.cut();
}

/** Quotes, controls and marks of a part that is not the first. */
function recordsIn(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let records = 0;
  for (let at = 0; at < bytes.length; at += BLOCK_HEADER_BYTES + padTo8(view.getUint32(at + 8, true)))
    if (view.getUint32(at + 4, true) !== BLOCK_SYMBOLS) records += view.getUint32(at + 12, true);
  return records;
}

describe('the journal of a live session', () => {
  test('replays to the same records, steps of time, controls and books, whatever came', async () => {
    await fc.assert(
      fc.asyncProperty(events, fc.integer({ min: 2, max: 40 }), async (script, recordsMax) => {
        const rig = await liveRig({ reader: PLAYED });
        const live = new RecordedOutput();
        rig.network.open();
        for (const event of script) happen(rig, event, live);
        endOf(rig, live);
        const replayed = new RecordedOutput();
        const reader = await replayOf(rig.parts, replayed, PLAYED, recordsMax);

        expect(replayed.log).toEqual(live.log);
        const { rows, ignored, quarantined, quarantinedByReason, ...books } = rig.reader.totals();
        const { 'bad-json': garbage = 0, ...reasons } = quarantinedByReason;
        expect(reader.totals()).toEqual({
          ...books,
          rows: rows - garbage - ignored,
          ignored: 0,
          quarantined: quarantined - garbage,
          quarantinedByReason: reasons,
        });
      }),
      { numRuns: 150 },
    );
  });

  test('is gone on with after a crash at any part, and still replays to what was there', async () => {
    await fc.assert(
      fc.asyncProperty(events, events, fc.nat(), async (before, after, crashAt) => {
        const first = await liveRig({ reader: PLAYED });
        first.network.open();
        for (const event of before) happen(first, event, new RecordedOutput());
        first.poll(new RecordedOutput());
        first.journal.cut();
        const kept = first.parts.slice(0, 1 + (crashAt % first.parts.length));

        const second = await liveRig({ reader: PLAYED, from: kept, clock: first.clock });
        const live = new RecordedOutput();
        for (let turn = 0; turn < 20 && second.input.isRecovering; turn += 1) {
          second.poll(live);
          await Promise.resolve();
        }
        expect(second.input.isRecovering).toBe(false);
        second.network.open();
        for (const event of after) happen(second, event, live);
        endOf(second, live);
        const replayed = new RecordedOutput();
        await replayOf([...kept, ...second.parts], replayed, PLAYED);

        expect(replayed.log).toEqual(live.log);
      }),
      { numRuns: 100 },
    );
  });

  test('is gone on with from a checkpoint at any place, reading only what is behind it, and still replays the same', async () => {
    const scripts = fc.tuple(events, events, events);
    await fc.assert(
      fc.asyncProperty(
        scripts,
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        async ([before, behind, after], max, cut) => {
          const first = await liveRig({ reader: PLAYED });
          const held = new RecordedOutput();
          first.network.open();
          for (const event of before) happen(first, event, held);
          // Wherever a poll ends, also in the middle of a batch, a step of time or a release.
          first.reader.pollNext(held, max);
          const snapshot = snapshotOf(first);
          const taken = held.log.length;
          for (const event of behind) happen(first, event, held);
          first.poll(held);
          first.journal.cut();
          const { part } = snapshot.place;
          const tail = first.parts.slice(part, part + (cut % (first.parts.length - part + 1)));

          const second = await liveRig({ reader: PLAYED, from: tail, restored: snapshot, clock: first.clock });
          const live = new RecordedOutput();
          for (let turn = 0; turn < 20 && second.input.isRecovering; turn += 1) {
            second.poll(live);
            await Promise.resolve();
          }
          expect(second.input.isRecovering).toBe(false);
          second.network.open();
          for (const event of after) happen(second, event, live);
          endOf(second, live);
          const replayed = new RecordedOutput();
          await replayOf([...first.parts.slice(0, part), ...tail, ...second.parts], replayed, PLAYED);

          expect([...held.log.slice(0, taken), ...live.log]).toEqual(replayed.log);
          expect(second.reader.totals().openRows).toBe(0);
          expect(second.input.journalRecords).toBe(tail.reduce((sum, each) => sum + recordsIn(each.bytes), 0));
        },
      ),
      { numRuns: 150 },
    );
  });
});

test('a part says which of its quotes are held back, because what follows decides about them', async () => {
  const rig = await liveRig();
  const output = new RecordedOutput();
  rig.network.open();
  rig.network.say(ticker('A', rig.clock.wallMs()));
  for (const number of [1, 2, 3]) rig.network.say(ticker('A', rig.clock.wallMs() + 60_000 + number));
  rig.poll(output);
  rig.journal.cut();
  expect(rig.parts.at(-1)).toMatchObject({ nextSequence: 4, undecided: [1, 2, 3] });
  expect(output.quotes).toHaveLength(1);

  rig.network.say(ticker('A', rig.clock.wallMs() + 60_004));
  rig.poll(output);
  rig.journal.cut();

  expect(rig.parts.at(-1)).toMatchObject({ nextSequence: 5, undecided: [] });
  expect(output.quotes.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4]);
});

test('a stale quote is no witness for a jump ahead', async () => {
  const rig = await liveRig();
  const output = new RecordedOutput();
  rig.network.open();
  rig.network.say(ticker('A', rig.clock.wallMs()));
  for (const number of [1, 2, 3]) rig.network.say(ticker('A', rig.clock.wallMs() + 60_000 + number));
  rig.network.say(ticker('A', rig.clock.wallMs() - 60_000));
  rig.network.say(ticker('A', rig.clock.wallMs() + 60_004));
  rig.poll(output);

  expect(output.quotes).toHaveLength(1);
  expect(rig.reader.totals().quarantinedByReason).toEqual({ future: 3, stale: 1 });
});

test('while nothing is quoted, parts are few', async () => {
  const rig = await liveRig();
  const output = new RecordedOutput();
  rig.network.open();
  rig.network.say(ticker('A', rig.clock.wallMs()));
  rig.pass(500, output);
  const before = rig.parts.length;
  rig.pass(20_000, output);
  expect(rig.parts.length - before).toBeLessThanOrEqual(21);

  rig.network.say(ticker('A', rig.clock.wallMs()));
  rig.poll(output);
  const { length } = rig.parts;
  rig.clock.advanceTo(rig.clock.nowMs + 50);
  expect(rig.parts.length).toBe(length + 1);
});

/** A session of some parts, without a store. */
async function someParts(count: number): Promise<readonly JournalPart[]> {
  const rig = await liveRig();
  const output = new RecordedOutput();
  rig.network.open();
  for (let index = 0; index < count - 1; index += 1) {
    rig.network.say(ticker('A', rig.clock.wallMs(), { b: `10.${String(index).padStart(4, '0')}` }));
    rig.pass(60, output);
  }
  endOf(rig, output);
  return rig.parts;
}

interface Kept {
  readonly durable: number[];
  readonly full: (StoreError | null)[];
  readonly failed: unknown[];
}

async function keep(parts: readonly JournalPart[], store: MemoryStore): Promise<Kept> {
  const kept: Kept = { durable: [], full: [], failed: [] };
  const keeper = new JournalKeeper({
    store,
    startTimer: (_, wake) => startMachineTimer(0, wake),
    onStored: ({ nextSequence }) => kept.durable.push(nextSequence),
    onFull: (problem) => {
      kept.full.push(problem);
      store.disk.isFull = false;
    },
    onFailed: (error) => kept.failed.push(error),
  });
  for (const part of parts) keeper.add(part);
  await keeper.idle();
  return kept;
}

async function readBack(
  disk: MemoryDisk,
  repairs = true,
): Promise<{ readonly bytes: number; readonly cutOff: string | null; readonly quotes: number }> {
  const reader = new JournalReader(new MemoryStore(disk), crc32);
  const { cutOff } = await reader.open(repairs);
  let bytes = 0;
  for await (const part of reader.rest()) bytes += part.length;
  return { bytes, cutOff, quotes: reader.sequence };
}

describe('a journal in a store', () => {
  test('tells how far it is durable, part by part, and is read back whole', async () => {
    const parts = await someParts(12);
    const disk = new MemoryDisk();
    const { durable } = await keep(parts, new MemoryStore(disk));

    expect(durable).toEqual(parts.map(({ nextSequence }) => nextSequence));
    expect(await readBack(disk)).toEqual({
      bytes: parts.reduce((sum, part) => sum + part.bytes.length, 0),
      cutOff: null,
      quotes: 11,
    });
  });

  test('joins many small parts, and takes it as it finds it where that was cut off half way', async () => {
    const parts = await someParts(150);
    const disk = new MemoryDisk();
    await keep(parts, new MemoryStore(disk));
    expect(disk.values.size).toBeLessThan(40);
    const whole = { bytes: parts.reduce((sum, part) => sum + part.bytes.length, 0), cutOff: null, quotes: 149 };
    expect(await readBack(disk)).toEqual(whole);

    // The parts that were joined had not been removed yet.
    for (const { firstSequence, part, bytes } of parts.slice(0, 64))
      disk.values.set(journalName(firstSequence, part), bytes);
    expect(await readBack(disk)).toEqual(whole);
    expect(listJournal([...disk.values.keys()].sort()).covered).toEqual([]);
  });

  test('that is full waits, and goes on when there is room', async () => {
    const parts = await someParts(5);
    const disk = new MemoryDisk();
    disk.isFull = true;
    const { full, durable } = await keep(parts, new MemoryStore(disk));

    expect(full.map((problem) => problem?.kind ?? 'room')).toEqual(['full', 'room']);
    expect(durable).toHaveLength(parts.length);
  });

  test.each<StoreFault>(['fails', 'stored-but-fails'])(
    'that %s says so, and claims nothing that came after',
    async (fault) => {
      const parts = await someParts(6);
      const disk = new MemoryDisk();
      const { failed, durable } = await keep(parts, new MemoryStore(disk, { faults: new Map([[3, fault]]) }));

      expect(failed).toHaveLength(1);
      expect(durable).toEqual(parts.slice(0, 2).map(({ nextSequence }) => nextSequence));
      expect((await readBack(disk)).quotes).toBeGreaterThanOrEqual(durable.at(-1) ?? 0);
    },
  );

  test('whose last part is torn or damaged leaves it out and says so', async () => {
    const parts = await someParts(6);
    const last = journalName(parts[5].firstSequence, 5);
    for (const spoil of [
      (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 9),
      (bytes: Uint8Array) => bytes.map((byte, index) => (index === 40 ? byte ^ 1 : byte)),
      () => new Uint8Array(0),
    ]) {
      const disk = new MemoryDisk();
      await keep(parts, new MemoryStore(disk));
      disk.values.set(last, spoil(parts[5].bytes));

      const { cutOff, bytes } = await readBack(disk);
      expect(cutOff).toContain(last);
      expect(bytes).toBe(parts.slice(0, 5).reduce((sum, part) => sum + part.bytes.length, 0));
      expect(disk.values.has(last)).toBe(false);
    }
  });

  test('that is damaged in the middle, or has a hole, is refused with the part that is not what it was', async () => {
    const parts = await someParts(8);
    for (let at = 0; at < 7; at += 1) {
      for (const spoil of ['damage', 'remove'] as const) {
        const disk = new MemoryDisk();
        await keep(parts, new MemoryStore(disk));
        const name = journalName(parts[at].firstSequence, at);
        const next = journalName(parts[at + 1].firstSequence, at + 1);
        if (spoil === 'remove') disk.values.delete(name);
        else
          disk.values.set(
            name,
            parts[at].bytes.map((byte, index) => (index === parts[at].bytes.length - 9 ? byte ^ 4 : byte)),
          );

        const error = await readBack(disk, false).catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(StoreError);
        expect((error as StoreError).kind).toBe('damaged');
        expect([name, next]).toContain((error as StoreError).where);
      }
    }
  });

  test('whose parts were swapped is refused', async () => {
    const parts = await someParts(6);
    const disk = new MemoryDisk();
    await keep(parts, new MemoryStore(disk));
    disk.values.set(journalName(parts[2].firstSequence, 2), parts[3].bytes);
    disk.values.set(journalName(parts[3].firstSequence, 3), parts[2].bytes);

    await expect(readBack(disk)).rejects.toThrow(/does not follow/);
  });
});

describe('a place in a journal', () => {
  /** A session with a place after each of its parts. */
  async function placesOf(count: number): Promise<{ parts: readonly JournalPart[]; places: readonly JournalPlace[] }> {
    const rig = await liveRig();
    const output = new RecordedOutput();
    const places: JournalPlace[] = [];
    rig.network.open();
    for (let index = 0; index < count; index += 1) {
      rig.network.say(ticker(`S${index % 7}`, rig.clock.wallMs()));
      rig.pass(60, output);
      places.push(snapshotOf(rig).place);
    }
    return { parts: rig.parts, places };
  }

  async function readFrom(disk: MemoryDisk, place: JournalPlace): Promise<Uint8Array | string> {
    const reader = new JournalReader(new MemoryStore(disk), crc32);
    await reader.open(false);
    const refusal = await reader.seek(place);
    if (refusal !== null) return refusal;
    const bytes: Uint8Array[] = [];
    for await (const part of reader.rest()) bytes.push(part);
    return Buffer.concat(bytes);
  }

  const bytesFrom = (parts: readonly JournalPart[], { part }: JournalPlace): Uint8Array =>
    Buffer.concat(parts.slice(part).map(({ bytes }) => bytes));

  test('is found at its end, between its parts, and inside of those that were joined', async () => {
    const { parts, places } = await placesOf(150);
    const disk = new MemoryDisk();
    await keep(parts, new MemoryStore(disk));
    expect(disk.values.size).toBeLessThan(40);

    for (const place of places) expect(await readFrom(disk, place)).toEqual(bytesFrom(parts, place));
  });

  test('beyond what can be read of it is refused, and so is one of another journal', async () => {
    const { parts, places } = await placesOf(20);
    const disk = new MemoryDisk();
    await keep(parts.slice(0, 10), new MemoryStore(disk));

    for (const place of places) {
      const found = await readFrom(disk, place);
      if (place.part <= 10) expect(found).toEqual(bytesFrom(parts.slice(0, 10), place));
      else expect(found).toContain('has no such place');
    }
    const { state, part } = places[3];
    expect(await readFrom(disk, { part, state: { ...state, previousCrc: 1 } })).toContain('has no such place');
    expect(await readFrom(disk, { part, state: { ...state, quotes: 99 } })).toContain('has no such place');
    expect(await readFrom(new MemoryDisk(), places[3])).toContain('has no such place');
  });
});
