import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AlignedBarrierHandler } from '../../engine/runtime/checkpoint/aligned-barrier-handler.ts';
import { BarrierTracker } from '../../engine/runtime/checkpoint/barrier-tracker.ts';
import type {
  CheckpointBarrier,
  CheckpointBarrierHandler,
  CheckpointBarrierListener,
} from '../../engine/runtime/checkpoint/checkpoint-barrier-handler.ts';

type HandlerClass = new (
  channels: number,
  listener: CheckpointBarrierListener<CheckpointBarrier>,
) => CheckpointBarrierHandler<CheckpointBarrier>;

function listen(Handler: HandlerClass, channels: number) {
  const events: string[] = [];
  const handler = new Handler(channels, {
    triggerCheckpoint: ({ id }) => events.push(`snapshot ${id}`),
    abortCheckpoint: (id, reason) => events.push(`abort ${id}: ${reason}`),
  });
  return { handler, events };
}

describe('exactly once', () => {
  test('a channel waits behind its barrier until the barrier of every other one is there', () => {
    const { handler, events } = listen(AlignedBarrierHandler, 2);

    handler.processBarrier(1, { id: 1 });
    expect([handler.isBlocked(0), handler.isBlocked(1), handler.isCheckpointPending()]).toEqual([false, true, true]);
    handler.processBarrier(0, { id: 1 });

    expect(events).toEqual(['snapshot 1']);
    expect([handler.isBlocked(0), handler.isBlocked(1), handler.isCheckpointPending()]).toEqual([false, false, false]);
  });

  test('a cancellation lets everybody go on, and late barriers of that checkpoint do nothing', () => {
    const { handler, events } = listen(AlignedBarrierHandler, 3);

    handler.processBarrier(0, { id: 7 });
    handler.processCancellation(1, 7);
    handler.processBarrier(2, { id: 7 });
    handler.processCancellation(0, 7);

    expect(events).toEqual(['abort 7: declined-on-cancellation-barrier']);
    expect([0, 1, 2].some((channel) => handler.isBlocked(channel))).toBe(false);
  });

  test('the end of the last awaited channel completes the checkpoint', () => {
    const { handler, events } = listen(AlignedBarrierHandler, 2);

    handler.processBarrier(0, { id: 1 });
    handler.processEndOfPartition(1);
    handler.processBarrier(0, { id: 2 });

    expect(events).toEqual(['snapshot 1', 'snapshot 2']);
  });

  test('an event of a channel that has ended is a broken promise', () => {
    const { handler } = listen(AlignedBarrierHandler, 2);
    handler.processEndOfPartition(1);
    expect(() => handler.processBarrier(1, { id: 1 })).toThrow('one that ended is silent');
  });
});

describe('at least once', () => {
  test('nobody waits, several checkpoints are under way, a newer one takes the older ones with it', () => {
    const { handler, events } = listen(BarrierTracker, 2);

    handler.processBarrier(0, { id: 1 });
    handler.processBarrier(0, { id: 2 });
    expect([handler.isBlocked(0), handler.isCheckpointPending()]).toEqual([false, true]);
    handler.processBarrier(1, { id: 2 });
    handler.processBarrier(1, { id: 1 });

    expect(events).toEqual(['snapshot 2']);
    expect(handler.isCheckpointPending()).toBe(false);
  });
});

type Item = { readonly do: 'record' } | { readonly do: 'barrier' | 'cancel'; readonly id: number };

/** What one channel carries: ids rise, some are left out, some are cancelled. */
const channel = fc
  .array(fc.record({ records: fc.nat(3), outcome: fc.constantFrom(0, 1, 1, 1, 1, 2) }), { maxLength: 8 })
  .map((checkpoints): Item[] =>
    checkpoints.flatMap(({ records, outcome }, index): Item[] => [
      ...Array.from({ length: records }, (): Item => ({ do: 'record' })),
      ...(outcome === 0 ? [] : [{ do: outcome === 1 ? ('barrier' as const) : ('cancel' as const), id: index + 1 }]),
    ]),
  );

/** Runs the channels in the order that `choices` says and gives, per snapshot, how many items of each channel were read. */
function run(Handler: HandlerClass, channels: readonly Item[][], choices: Iterator<number>) {
  const read = channels.map(() => 0);
  const ended = channels.map(() => false);
  const snapshots: { id: number; read: number[] }[] = [];
  const handler = new Handler(channels.length, {
    triggerCheckpoint: ({ id }) => snapshots.push({ id, read: [...read] }),
    abortCheckpoint: () => undefined,
  });
  for (;;) {
    const ready = channels.map((_, index) => index).filter((index) => !ended[index] && !handler.isBlocked(index));
    if (ready.length === 0) return { snapshots, ended };
    const index = ready[(choices.next().value as number) % ready.length];
    const item = channels[index].at(read[index]);
    read[index] += 1;
    if (item === undefined) {
      ended[index] = true;
      handler.processEndOfPartition(index);
    } else if (item.do === 'barrier') handler.processBarrier(index, { id: item.id });
    else if (item.do === 'cancel') handler.processCancellation(index, item.id);
  }
}

const scripts = fc.array(channel, { minLength: 1, maxLength: 4 });
const orders = fc.infiniteStream(fc.nat(1000));
const positionOf = (items: readonly Item[], checkpoint: number): number => {
  const index = items.findIndex((item) => item.do === 'barrier' && item.id === checkpoint);
  return index < 0 ? Infinity : index;
};

describe('for every order in which channels are read', () => {
  test('an aligned snapshot holds all of what came before its barriers and nothing of what came behind', () => {
    fc.assert(
      fc.property(scripts, orders, (channels, choices) => {
        const { snapshots, ended } = run(AlignedBarrierHandler, channels, choices);
        expect(ended.every(Boolean), 'every channel was read to its end').toBe(true);
        for (const { id, read } of snapshots) {
          channels.forEach((items, index) => {
            expect(read[index]).toBe(Math.min(positionOf(items, id), items.length) + 1);
          });
        }
        const ids = snapshots.map(({ id }) => id);
        expect(ids).toEqual([...new Set(ids)].sort((left, right) => left - right));
      }),
      { numRuns: 500 },
    );
  });

  test('a snapshot that does not wait still holds all of what came before its barriers', () => {
    fc.assert(
      fc.property(scripts, orders, (channels, choices) => {
        const { snapshots } = run(BarrierTracker, channels, choices);
        for (const { id, read } of snapshots) {
          channels.forEach((items, index) => {
            expect(read[index]).toBeGreaterThanOrEqual(Math.min(positionOf(items, id), items.length) + 1);
          });
        }
      }),
      { numRuns: 500 },
    );
  });

  test('with the same barriers on every channel each of them makes a snapshot', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.nat(6), orders, (channelCount, barriers, choices) => {
        const items = Array.from({ length: barriers }, (_, index): Item => ({ do: 'barrier', id: index + 1 }));
        const { snapshots } = run(
          AlignedBarrierHandler,
          Array.from({ length: channelCount }, () => items),
          choices,
        );
        expect(snapshots.map(({ id }) => id)).toEqual(items.map((_, index) => index + 1));
      }),
    );
  });
});
