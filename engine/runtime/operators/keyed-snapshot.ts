import { encodeKeyGroup, type KeyGroupState, type StoredTimers } from '../../state/key-group-blob.ts';
import type { SnapshotStates } from '../../state/heap-keyed-state-backend.ts';
import type { Key } from '../../state/java-hash.ts';
import type { TimerQueue } from '../time/timer-queue.ts';
import type { KeyedOperator } from './keyed-operator.ts';

/** Everything one operator of one subtask stored at one barrier. */
export interface KeyedOperatorSnapshot {
  readonly uid: string;
  readonly subtaskIndex: number;
  readonly keyGroups: readonly { readonly keyGroup: number; readonly bytes: Uint8Array<ArrayBuffer> }[];
  /** encodePlain of the broadcast states. */
  readonly broadcast: string;
  /** encodePlain of what the function keeps besides keys, by name. */
  readonly operatorState: string;
  /** Keys stored. */
  readonly keys: number;
}

/** Room in the beginning: most key groups of most jobs have few keys. */
const FIRST_ROWS = 8;

interface TimerCopy {
  readonly slots: Int32Array;
  readonly times: Float64Array;
}

/** Slots of one key group, in slot order. */
interface Draft {
  readonly slots: number[];
  readonly structs: { readonly indexes: number[]; rows: Float64Array; count: number }[];
  readonly objects: [number, unknown][][];
  readonly symbols: Map<number, string>;
  readonly rows: Record<string, number[]>;
  areSymbols: boolean;
}

/**
 * A snapshot of one keyed operator: made at the barrier, read a slice at a time while records go on. What the barrier
 * itself pays is a copy of the timers and of the marks of rows; state is copied on write. Task thread only.
 */
export class KeyedSnapshot {
  private readonly operator: KeyedOperator;
  private readonly wants: (keyGroup: number) => boolean;
  private readonly states: SnapshotStates;
  private readonly eventTimers: TimerCopy;
  private readonly processingTimers: TimerCopy;
  private readonly broadcast: string;
  private readonly operatorState: string;
  /** By publisher: which slots had a row. */
  private readonly marks: readonly (readonly [string, Uint8Array])[];
  private readonly drafts = new Map<number, Draft>();
  /** By slot: its index within its key group; -1: nothing stored. */
  private readonly indexes: Int32Array;
  private readonly hasTimer: Uint8Array;
  private readonly limit: number;
  private next = 0;
  private encoded: { keyGroup: number; bytes: Uint8Array<ArrayBuffer> }[] | null = null;
  private toEncode: number[] = [];
  private readonly dealtTimers = new Map<number, { event: [number[], number[]]; processing: [number[], number[]] }>();

  /** @param wants key groups to store */
  constructor(operator: KeyedOperator, wants: (keyGroup: number) => boolean = () => true) {
    const { backend, keyTable, timers } = operator;
    this.operator = operator;
    this.wants = wants;
    this.states = backend.snapshotStates();
    this.limit = keyTable.count;
    backend.copyOnWrite.begin(
      keyTable,
      this.states.structs.map(({ state }) => state),
      this.states.objects.map(({ state }) => state),
    );
    this.eventTimers = copyTimers(timers.eventTimers);
    this.processingTimers = copyTimers(timers.processingTimers);
    this.broadcast = operator.broadcastText();
    this.operatorState = operator.operatorStateText();
    this.marks = [...operator.rows].map(([name, rows]) => [name, rows.marks()]);
    this.indexes = new Int32Array(this.limit).fill(-1);
    this.hasTimer = new Uint8Array(this.limit);
    for (const { slots } of [this.eventTimers, this.processingTimers])
      for (let index = 0; index < slots.length; index += 1) this.hasTimer[slots[index]] = 1;
  }

  /** Reads up to so many slots, or encodes a key group once all were read. @returns whether everything is done */
  progress(slotsMax: number): boolean {
    if (this.encoded !== null) return this.encodeOne();
    const end = Math.min(this.limit, this.next + slotsMax);
    for (let slot = this.next; slot < end; slot += 1) this.readSlot(slot);
    this.next = end;
    this.operator.backend.copyOnWrite.wasRead(end);
    if (end < this.limit) return false;
    this.operator.backend.copyOnWrite.end();
    this.encoded = [];
    this.toEncode = [...this.drafts.keys()]
      .filter((keyGroup) => (this.drafts.get(keyGroup) as Draft).slots.length > 0)
      .sort((left, right) => right - left);
    this.dealTimers();
    return this.toEncode.length === 0;
  }

  /** Only after `progress` said that everything is done. */
  result(): KeyedOperatorSnapshot {
    const { environment } = this.operator;
    return {
      uid: environment.uid,
      subtaskIndex: environment.subtaskIndex,
      keyGroups: this.encoded ?? [],
      broadcast: this.broadcast,
      operatorState: this.operatorState,
      keys: this.indexes.reduce((sum, index) => sum + (index >= 0 ? 1 : 0), 0),
    };
  }

  private readSlot(slot: number): void {
    const { structs, objects } = this.states;
    const cow = this.operator.backend.copyOnWrite;
    const keyGroup = this.operator.keyTable.keyGroupAt(slot);
    if (!this.wants(keyGroup)) return;
    const draft = this.draftOf(keyGroup);
    const place = (): number => {
      if (this.indexes[slot] < 0) this.indexes[slot] = draft.slots.push(slot) - 1;
      return this.indexes[slot];
    };
    for (let index = 0; index < structs.length; index += 1) {
      const words = structs[index].state.rowWords;
      const own = draft.structs[index];
      if ((own.count + 1) * words > own.rows.length) own.rows = wider(own.rows, words);
      if (!cow.readRow(index, slot, own.rows, own.count * words)) continue;
      own.indexes.push(place());
      own.count += 1;
    }
    for (let index = 0; index < objects.length; index += 1) {
      const value = cow.objectAt(index, slot);
      if (value !== undefined) draft.objects[index].push([place(), value]);
    }
    if (this.hasTimer[slot] === 1) place();
    if (this.indexes[slot] >= 0) this.readRows(slot, draft);
  }

  private readRows(slot: number, draft: Draft): void {
    if (this.operator.keyTable.symbolIdAt(slot) < 0) draft.areSymbols = false;
    for (const [name, marks] of this.marks) if (marks[slot] !== 0) (draft.rows[name] ??= []).push(this.indexes[slot]);
  }

  private draftOf(keyGroup: number): Draft {
    const known = this.drafts.get(keyGroup);
    if (known !== undefined) return known;
    const draft: Draft = {
      slots: [],
      structs: this.states.structs.map(() => ({ indexes: [], rows: new Float64Array(0), count: 0 })),
      objects: this.states.objects.map(() => []),
      symbols: new Map(),
      rows: {},
      areSymbols: true,
    };
    this.drafts.set(keyGroup, draft);
    return draft;
  }

  private dealTimers(): void {
    const { keyTable } = this.operator;
    const deal = ({ slots, times }: TimerCopy, domain: 'event' | 'processing'): void => {
      for (let index = 0; index < slots.length; index += 1) {
        const keyGroup = keyTable.keyGroupAt(slots[index]);
        if (!this.wants(keyGroup)) continue;
        const dealt = this.dealtTimers.get(keyGroup) ?? { event: [[], []], processing: [[], []] };
        this.dealtTimers.set(keyGroup, dealt);
        dealt[domain][0].push(this.indexes[slots[index]]);
        dealt[domain][1].push(times[index]);
      }
    };
    deal(this.eventTimers, 'event');
    deal(this.processingTimers, 'processing');
  }

  private encodeOne(): boolean {
    const keyGroup = this.toEncode.pop();
    if (keyGroup === undefined) return true;
    const draft = this.drafts.get(keyGroup) as Draft;
    this.drafts.delete(keyGroup);
    (this.encoded as { keyGroup: number; bytes: Uint8Array<ArrayBuffer> }[]).push({
      keyGroup,
      bytes: encodeKeyGroup(this.stateOf(keyGroup, draft)),
    });
    return this.toEncode.length === 0;
  }

  private stateOf(keyGroup: number, draft: Draft): KeyGroupState {
    const { keyTable, environment } = this.operator;
    const structs = this.states.structs.map(({ name, version, state }, index) => {
      const { indexes, rows, count } = draft.structs[index];
      const used = rows.subarray(0, count * state.rowWords);
      const integers = new Int32Array(used.buffer, 0, used.length * 2);
      for (const field of state.symbolFields()) {
        for (let row = 0; row < count; row += 1) {
          const id = integers[row * state.rowWords * 2 + field];
          // A field nobody wrote holds 0, which may be no symbol's number.
          if (id >= 0 && id < environment.symbols.count && !draft.symbols.has(id))
            draft.symbols.set(id, environment.symbols.textOf(id));
        }
      }
      return {
        name,
        version,
        struct: state.shape.name,
        fields: state.shape.fields,
        words: state.rowWords,
        indexes: Int32Array.from(indexes),
        rows: used,
      };
    });
    const dealt = this.dealtTimers.get(keyGroup);
    const timers = (of: readonly [number[], number[]] | undefined): StoredTimers => ({
      indexes: Int32Array.from(of?.[0] ?? []),
      times: Float64Array.from(of?.[1] ?? []),
    });
    return {
      keyGroup,
      keys: draft.slots.map((slot): Key => keyTable.keyAt(slot)),
      areSymbols: draft.areSymbols,
      structs: structs.filter(({ indexes }) => indexes.length > 0),
      objects: this.states.objects
        .map(({ name, kind, version }, index) => ({ name, kind, version, entries: draft.objects[index] }))
        .filter(({ entries }) => entries.length > 0),
      symbols: [...draft.symbols],
      rows: draft.rows,
      eventTimers: timers(dealt?.event),
      processingTimers: timers(dealt?.processing),
    };
  }
}

function copyTimers(queue: TimerQueue): TimerCopy {
  const slots = new Int32Array(queue.size);
  const times = new Float64Array(queue.size);
  let count = 0;
  queue.forEach((slot, time) => {
    slots[count] = slot;
    times[count] = time;
    count += 1;
  });
  return { slots, times };
}

function wider(rows: Float64Array, words: number): Float64Array {
  const grown = new Float64Array(Math.max(rows.length * 2, words * FIRST_ROWS));
  grown.set(rows);
  return grown;
}
