import { IllegalStateError, StateMigrationError } from '../../core/errors.ts';
import { assignToKeyGroup } from '../../state/key-groups.ts';
import type { Key } from '../../state/java-hash.ts';
import { SNAPSHOT_VERSION, type KeyGroupSnapshot, type OperatorSnapshot } from '../../state/operator-snapshot.ts';
import type { TimerQueue } from '../time/timer-queue.ts';
import type { KeyedOperator } from './keyed-operator.ts';

interface KeyGroupDraft {
  readonly keyGroup: number;
  readonly keys: Key[];
  readonly states: Record<string, [number, unknown][]>;
  readonly eventTimers: [number, number][];
  readonly processingTimers: [number, number][];
}

function timersBySlot(queue: TimerQueue): Map<number, number[]> {
  const bySlot = new Map<number, number[]>();
  queue.forEach((slot, time) => {
    const times = bySlot.get(slot);
    if (times === undefined) bySlot.set(slot, [time]);
    else times.push(time);
  });
  for (const times of bySlot.values()) times.sort((left, right) => left - right);
  return bySlot;
}

/** Everything the operator would need to go on elsewhere, by key group. Keys with neither state nor timers are left out. */
export function snapshotOperator(operator: KeyedOperator): OperatorSnapshot {
  const { keyTable, backend, timers, environment } = operator;
  const eventTimers = timersBySlot(timers.eventTimers);
  const processingTimers = timersBySlot(timers.processingTimers);
  const drafts = new Map<number, KeyGroupDraft>();
  for (let slot = 0; slot < keyTable.count; slot += 1) {
    const data = Object.entries(backend.snapshotAt(slot));
    const event = eventTimers.get(slot) ?? [];
    const processing = processingTimers.get(slot) ?? [];
    if (data.length + event.length + processing.length === 0) continue;
    const keyGroup = keyTable.keyGroupAt(slot);
    const draft = drafts.get(keyGroup) ?? { keyGroup, keys: [], states: {}, eventTimers: [], processingTimers: [] };
    drafts.set(keyGroup, draft);
    const index = draft.keys.push(keyTable.keyAt(slot)) - 1;
    for (const [name, value] of data) (draft.states[name] ??= []).push([index, value]);
    for (const time of event) draft.eventTimers.push([index, time]);
    for (const time of processing) draft.processingTimers.push([index, time]);
  }
  return {
    version: SNAPSHOT_VERSION,
    maxParallelism: environment.maxParallelism,
    range: environment.keyGroupRange,
    schemas: backend.schemas(),
    keyGroups: [...drafts.values()].sort((left, right) => left.keyGroup - right.keyGroup),
    broadcast: operator.broadcastStates.snapshot(),
  };
}

/**
 * Gives an operator the parts of all old subtasks' snapshots that its key-group range owns, and one of their copies of the
 * broadcast state, in turn (Flink: scale-out copies round robin).
 * @throws IllegalStateError when the parallelism does not fit the stored maximum
 */
export function restoreOperator(operator: KeyedOperator, snapshots: readonly OperatorSnapshot[]): void {
  const { maxParallelism, parallelism, keyGroupRange, subtaskIndex } = operator.environment;
  for (const snapshot of snapshots) {
    if (snapshot.version !== SNAPSHOT_VERSION) {
      throw new StateMigrationError(
        `The snapshot has version ${String(snapshot.version)}; this engine reads version ${SNAPSHOT_VERSION}.`,
      );
    }
    if (parallelism > snapshot.maxParallelism) {
      throw new IllegalStateError(
        `The state was stored with max parallelism ${snapshot.maxParallelism} and cannot be restored with parallelism ${parallelism}.`,
      );
    }
    if (maxParallelism !== snapshot.maxParallelism) {
      throw new IllegalStateError(
        `The max parallelism was ${snapshot.maxParallelism} and is now ${maxParallelism}: changed. This is currently not supported.`,
      );
    }
    for (const part of snapshot.keyGroups) {
      if (part.keyGroup >= keyGroupRange.start && part.keyGroup <= keyGroupRange.end)
        restoreKeyGroup(operator, part, snapshot);
    }
  }
  if (snapshots.length > 0) operator.broadcastStates.restore(snapshots[subtaskIndex % snapshots.length].broadcast);
}

function restoreKeyGroup(operator: KeyedOperator, part: KeyGroupSnapshot, snapshot: OperatorSnapshot): void {
  const { keyTable, backend, timers } = operator;
  const slots = part.keys.map((key) => {
    const keyGroup = assignToKeyGroup(key, snapshot.maxParallelism);
    if (keyGroup !== part.keyGroup) {
      throw new StateMigrationError(
        `Key ${JSON.stringify(key)} was stored in key group ${part.keyGroup} but belongs to ${keyGroup}; the snapshot is damaged.`,
      );
    }
    return keyTable.slotFor(key, keyGroup);
  });
  for (const [name, entries] of Object.entries(part.states)) {
    const { kind, version } = snapshot.schemas[name];
    for (const [index, data] of entries) backend.restoreAt(slots[index], name, kind, data, version);
  }
  for (const [index, time] of part.eventTimers) timers.eventTimers.register(slots[index], time);
  for (const [index, time] of part.processingTimers) timers.processingTimers.register(slots[index], time);
}
