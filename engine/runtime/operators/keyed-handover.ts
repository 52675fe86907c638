import { decodePlain, encodePlain } from '../../memory/plain-text.ts';
import type { SnapshotState, SnapshotStates } from '../../state/heap-keyed-state-backend.ts';
import type { Key } from '../../state/java-hash.ts';
import type { StoredObjects, StoredStructs, StoredTimers } from '../../state/key-group-blob.ts';
import { computeOperatorIndexForKeyGroup } from '../../state/key-groups.ts';
import type { MovedKeys } from '../../state/moved-keys.ts';
import type { SlotState } from '../../state/object-states.ts';
import type { HeapStructState } from '../../state/struct-state.ts';
import type { TimerQueue } from '../time/timer-queue.ts';
import type { KeyedOperator } from './keyed-operator.ts';
import { markedAmong } from './row-publisher.ts';

/** What one operator of one subtask gives away when the parallelism changes. */
export interface KeyedHandover {
  readonly uid: string;
  readonly subtaskIndex: number;
  /** By the subtask that owns them from now on; null: nothing is for it. */
  readonly parts: readonly (MovedKeys | null)[];
  /** Of which something is given away. */
  readonly keyGroups: readonly number[];
  readonly keys: number;
  /** encodePlain of the broadcast states; the same on every subtask. */
  readonly broadcast: string;
  /** encodePlain of what the function keeps besides keys, by name. */
  readonly operatorState: string;
}

/** What one operator of one subtask takes over then. */
export interface OperatorTakeover {
  readonly parts: readonly MovedKeys[];
  readonly broadcast: string;
  /** Of each old subtask, in their order. */
  readonly operatorStates: readonly string[];
}

/** In place of a subtask: the key group does not move. */
const STAYS = -1;

/** By key group: which subtask owns it behind the change, as one of the subtasks sees it. */
export function ownersBehind(maxParallelism: number, parallelism: number, subtaskIndex: number): Int32Array {
  return Int32Array.from({ length: maxParallelism }, (_, keyGroup) => {
    const owner = computeOperatorIndexForKeyGroup(maxParallelism, parallelism, keyGroup);
    return owner === subtaskIndex ? STAYS : owner;
  });
}

/**
 * The slots that leave an operator, and for whom. A hand-over is a walk over columns, and the cells of a struct are copied
 * by the machine rather than by code: it is as fast the first time, when nothing is compiled, as ever.
 */
export class LeavingKeys {
  private readonly operator: KeyedOperator;
  private readonly states: SnapshotStates;
  private readonly queues: readonly TimerQueue[];
  private readonly further: ReturnType<TimerQueue['copyFurther']>[];
  /** By subtask. */
  private readonly slots: (number[] | undefined)[] = [];
  private readonly owners: Int32Array;
  /** By slot: 1 + its index within its part; 0: it does not leave. */
  private readonly places: Int32Array;
  private readonly keyGroups = new Set<number>();

  /** @param owners by key group */
  constructor(operator: KeyedOperator, owners: Int32Array) {
    const { keyTable, backend, timers } = operator;
    this.operator = operator;
    this.owners = owners;
    this.states = backend.snapshotStates();
    this.queues = [timers.eventTimers, timers.processingTimers];
    this.further = this.queues.map((queue) => queue.copyFurther());
    this.places = new Int32Array(keyTable.count);
    const hasFurther = new Uint8Array(keyTable.count);
    for (const { slots } of this.further) for (const slot of slots) hasFurther[slot] = 1;
    for (let slot = 0; slot < keyTable.count; slot += 1) {
      const owner = owners[keyTable.keyGroupAt(slot)];
      if (owner === STAYS || !(hasFurther[slot] === 1 || this.hasState(slot))) continue;
      this.places[slot] = (this.slots[owner] ??= []).push(slot);
      this.keyGroups.add(keyTable.keyGroupAt(slot));
    }
  }

  /** Between two records, the next of which comes after `forget`. */
  give(): KeyedHandover {
    const { environment } = this.operator;
    const { objects } = this.states;
    for (const { state } of objects) state.beginSnapshot?.();
    const handover: KeyedHandover = {
      uid: environment.uid,
      subtaskIndex: environment.subtaskIndex,
      parts: Array.from(this.slots, (slots) => (slots === undefined ? null : this.partOf(slots))),
      keyGroups: [...this.keyGroups],
      keys: this.slots.reduce((sum, slots) => sum + (slots?.length ?? 0), 0),
      broadcast: this.operator.broadcastText(),
      operatorState: this.operator.operatorStateText(),
    };
    for (const { state } of objects) state.endSnapshot?.();
    return handover;
  }

  /** State, timers and rows that are another subtask's now. The keys keep their slots, empty. */
  forget(): void {
    const { backend, keyTable, rows } = this.operator;
    this.queues.forEach((queue, domain) => {
      const { slots, times } = this.further[domain];
      for (let index = 0; index < slots.length; index += 1)
        if (this.places[slots[index]] > 0) queue.remove(slots[index], times[index]);
    });
    for (const slots of this.slots) {
      if (slots === undefined) continue;
      backend.forget(slots);
      for (const queue of this.queues) forgetOwn(queue, slots);
    }
    for (const publisher of rows.values()) publisher.forget((slot) => this.owners[keyTable.keyGroupAt(slot)] !== STAYS);
  }

  private hasState(slot: number): boolean {
    const { structs, objects } = this.states;
    for (let index = 0; index < structs.length; index += 1) if (structs[index].state.hasAt(slot)) return true;
    for (let index = 0; index < objects.length; index += 1) if (objects[index].state.hasAt(slot)) return true;
    for (let index = 0; index < this.queues.length; index += 1)
      if (!Number.isNaN(this.queues[index].ownTime(slot))) return true;
    return false;
  }

  private partOf(slots: readonly number[]): MovedKeys {
    const { keyTable, rows } = this.operator;
    const marked = [...rows].map(([name, publisher]) => [name, markedAmong(slots, publisher.marks())] as const);
    return {
      ...this.keysOf(slots),
      keyGroups: keyTable.keyGroupsOf(slots),
      structs: this.states.structs.map((struct) => rowsOf(struct, slots)).filter(({ indexes }) => indexes.length > 0),
      objects: encodePlain(
        this.states.objects.map((object) => entriesOf(object, slots)).filter(({ entries }) => entries.length > 0),
      ),
      rows: Object.fromEntries(marked.filter(([, indexes]) => indexes.length > 0)),
      eventTimers: this.timersOf(0, slots),
      processingTimers: this.timersOf(1, slots),
    };
  }

  private keysOf(slots: readonly number[]): Pick<MovedKeys, 'keys'> {
    const { keyTable } = this.operator;
    const ids = keyTable.symbolIdsOf(slots);
    return { keys: ids.includes(-1) ? slots.map((slot): Key => keyTable.keyAt(slot)) : ids };
  }

  private timersOf(domain: number, leaving: readonly number[]): StoredTimers {
    const queue = this.queues[domain];
    const { slots, times } = this.further[domain];
    const indexes: number[] = [];
    const due: number[] = [];
    for (let index = 0; index < leaving.length; index += 1) {
      const time = queue.ownTime(leaving[index]);
      if (Number.isNaN(time)) continue;
      indexes.push(index);
      due.push(time);
    }
    for (let index = 0; index < slots.length; index += 1) {
      const place = this.places[slots[index]] - 1;
      // A place is within a part; this one's have this slot there.
      if (place < 0 || leaving[place] !== slots[index]) continue;
      indexes.push(place);
      due.push(times[index]);
    }
    return { indexes: Int32Array.from(indexes), times: Float64Array.from(due) };
  }
}

function forgetOwn(queue: TimerQueue, slots: readonly number[]): void {
  for (let index = 0; index < slots.length; index += 1) {
    const time = queue.ownTime(slots[index]);
    if (!Number.isNaN(time)) queue.remove(slots[index], time);
  }
}

function rowsOf(
  { name, version, state }: SnapshotState<HeapStructState<unknown>>,
  slots: readonly number[],
): StoredStructs {
  const words = state.rowWords;
  const indexes = new Int32Array(slots.length);
  // Shared, not handed over: why, says state/snapshot-memory.ts.
  const rows = new Float64Array(new SharedArrayBuffer(slots.length * words * Float64Array.BYTES_PER_ELEMENT));
  let count = 0;
  for (let index = 0; index < slots.length; index += 1) {
    if (!state.hasAt(slots[index])) continue;
    state.copyRow(slots[index], rows, count * words);
    indexes[count] = index;
    count += 1;
  }
  const { name: struct, fields } = state.shape;
  return {
    name,
    version,
    struct,
    fields,
    words,
    indexes: indexes.subarray(0, count),
    rows: rows.subarray(0, count * words),
  };
}

function entriesOf({ name, kind, version, state }: SnapshotState<SlotState>, slots: readonly number[]): StoredObjects {
  const entries: [number, unknown][] = [];
  for (let index = 0; index < slots.length; index += 1) {
    const value = state.hasAt(slots[index]) ? state.snapshotAt(slots[index]) : undefined;
    if (value !== undefined) entries.push([index, value]);
  }
  return { name, kind, version, entries };
}

/** For an operator that is not open yet. */
export function takeOver(operator: KeyedOperator, taken: OperatorTakeover): void {
  placeKeys(operator, taken.parts);
  operator.broadcastStates.restore(
    decodePlain(taken.broadcast) as Parameters<KeyedOperator['broadcastStates']['restore']>[0],
  );
  operator.operatorStates.restore(taken.operatorStates.map((text) => decodePlain(text) as Record<string, unknown>));
}

/** For an operator that runs: after `forget`, before the next record. */
export function takeBeside(operator: KeyedOperator, taken: OperatorTakeover): void {
  placeKeys(operator, taken.parts);
  operator.backend.settleRestored();
  for (const [name, parts] of operator.restoredRows)
    for (const slots of parts) operator.rows.get(name)?.restoreMarks(slots);
  operator.restoredRows.clear();
  operator.operatorStates.replace(taken.operatorStates.map((text) => decodePlain(text) as Record<string, unknown>));
}

function placeKeys(operator: KeyedOperator, parts: readonly MovedKeys[]): void {
  const { keyTable, backend, timers } = operator;
  keyTable.reserve(parts.reduce((sum, { keys }) => sum + keys.length, keyTable.count));
  for (const part of parts) {
    const slots = slotsOf(operator, part);
    for (const stored of part.structs) backend.restoreStructs({ stored, slots, symbols: null });
    for (const { name, kind, version, entries } of decodePlain(part.objects) as StoredObjects[])
      for (const [index, data] of entries) backend.restoreAt(slots[index], name, kind, data, version);
    register(timers.eventTimers, part.eventTimers, slots);
    register(timers.processingTimers, part.processingTimers, slots);
    for (const [name, indexes] of Object.entries(part.rows)) operator.addRestoredRows(name, slots, indexes);
  }
}

function slotsOf({ keyTable }: KeyedOperator, { keys, keyGroups }: MovedKeys): Int32Array {
  const slots = new Int32Array(keys.length);
  if (keys instanceof Int32Array)
    for (let index = 0; index < slots.length; index += 1)
      slots[index] = keyTable.slotForSymbol(keys[index], keyGroups[index]);
  else keys.forEach((key, index) => (slots[index] = keyTable.slotFor(key, keyGroups[index])));
  return slots;
}

function register(queue: TimerQueue, { indexes, times }: StoredTimers, slots: Int32Array): void {
  for (let index = 0; index < indexes.length; index += 1) queue.register(slots[indexes[index]], times[index]);
}
