import { expect, test } from 'vitest';
import { CheckpointCoordinator } from '../../engine/runtime/checkpoint/checkpoint-coordinator.ts';
import type { StoredCheckpoint } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import { giveBack, SnapshotMemory } from '../../engine/state/snapshot-memory.ts';

const STORED: StoredCheckpoint = { id: 0, bytes: 1, newBytes: 1, keys: 0 };
const BLOB_BYTES = 1_000_000;
const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** A snapshot of two blobs that do not fit into one block. */
function snapshot(memory: SnapshotMemory): Uint8Array[] {
  memory.begin();
  return [memory.take(BLOB_BYTES), memory.take(BLOB_BYTES)];
}

test('memory of a snapshot is used again once it was given back, and not before', () => {
  const memory = new SnapshotMemory();
  const first = snapshot(memory);
  const second = snapshot(memory);
  giveBack(first);

  const third = snapshot(memory);

  const [ofFirst, ofSecond, ofThird] = [first, second, third].map((blobs) => blobs.map(({ buffer }) => buffer));
  expect(new Set([...ofFirst, ...ofSecond]).size).toBe(4);
  expect(ofThird).toEqual(ofFirst);
  expect(ofThird.every((buffer, index) => buffer === ofFirst[index])).toBe(true);
});

test('blobs of a snapshot lie beside each other, where their words can be read', () => {
  const memory = new SnapshotMemory();
  memory.begin();
  const blobs = [24, 8, 4_000_000, 16].map((bytes) => memory.take(bytes));

  blobs.forEach((blob, index) => blob.fill(index + 1));

  expect(blobs.map(({ length }) => length)).toEqual([24, 8, 4_000_000, 16]);
  expect(blobs.every(({ byteOffset }) => byteOffset % 8 === 0)).toBe(true);
  blobs.forEach((blob, index) => expect(blob.every((byte) => byte === index + 1)).toBe(true));
});

test('memory that nobody gives back is left to whoever has it', () => {
  const memory = new SnapshotMemory();
  const kept = snapshot(memory);
  for (let later = 0; later < 3; later += 1) giveBack(snapshot(memory));

  giveBack(kept);

  const own = new Set(kept.map(({ buffer }) => buffer));
  expect(snapshot(memory).some(({ buffer }) => own.has(buffer))).toBe(false);
});

/** The first word of a block, as snapshot-memory.ts draws it. */
const isTaken = (blob: Uint8Array): boolean => new Int32Array(blob.buffer, 0, 1)[0] === 1;

/** A coordinator of one task whose parts come, and whose store answers, when the test says so. */
class Stage {
  readonly blobs = snapshot(new SnapshotMemory());
  answer: (stored: StoredCheckpoint) => void = () => undefined;
  timeOut: () => void = () => undefined;
  readonly coordinator: CheckpointCoordinator;

  constructor() {
    this.coordinator = new CheckpointCoordinator(
      {
        clock: { monotonicMs: () => 0, wallMs: () => 0 },
        parallelism: 1,
        maxParallelism: 8,
        startTimer: (_, wake) => {
          this.timeOut = wake;
          return () => undefined;
        },
        trigger: () => undefined,
        store: () =>
          new Promise((answer) => {
            this.answer = answer;
          }),
        completed: () => undefined,
      },
      { intervalMs: null },
      1,
    );
  }

  taskIsThrough(checkpointId: number): void {
    const keyGroups = this.blobs.map((bytes, keyGroup) => ({ keyGroup, bytes }));
    const operators = [{ uid: 'keep', subtaskIndex: 0, keyGroups, broadcast: '{}', operatorState: '{}', keys: 0 }];
    const times = { alignmentMs: 0, pauseMs: 0, asyncMs: 0 };
    this.coordinator.acknowledge({ kind: 'task', checkpointId, taskIndex: 0, operators, ...times });
  }

  othersAreThrough(checkpointId: number): void {
    this.coordinator.acknowledge({ kind: 'sinks', checkpointId, states: {} });
    this.coordinator.acknowledge({ kind: 'source', checkpointId, state: { processingTimeMs: null, sources: {} } });
  }
}

test('a checkpoint that is given up keeps its memory for as long as the store reads it', async () => {
  const stage = new Stage();
  const asked = stage.coordinator.trigger();
  stage.taskIsThrough(1);
  stage.othersAreThrough(1);

  stage.timeOut();
  expect((await asked).status).toBe('failed');
  expect(stage.blobs.map(isTaken)).toEqual([true, true]);

  stage.answer(STORED);
  await settled();
  expect(stage.blobs.map(isTaken)).toEqual([false, false]);
});

test('parts of a checkpoint that never came to the store give their memory back, however late they come', async () => {
  const early = new Stage();
  const late = new Stage();
  const asked = [early, late].map(({ coordinator }) => coordinator.trigger());

  early.taskIsThrough(1);
  early.timeOut();
  late.timeOut();
  late.taskIsThrough(1);

  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(['failed', 'failed']);
  expect([...early.blobs, ...late.blobs].map(isTaken)).toEqual([false, false, false, false]);
});
