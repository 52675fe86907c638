import { encodeKeyGroup, type KeyGroupState, type StoredTimers } from '../../state/key-group-blob.ts';
import type { SnapshotStates } from '../../state/heap-keyed-state-backend.ts';
import type { Key } from '../../state/java-hash.ts';
import type { TimerQueue } from '../time/timer-queue.ts';
import type { KeyedOperator } from './keyed-operator.ts';
import { markedAmong } from './row-publisher.ts';

/** Everything one operator of one subtask stored at one barrier. */
export interface KeyedOperatorSnapshot {
  readonly uid: string;
  readonly subtaskIndex: number;
  /** The bytes lie in memory that whoever stores them gives back: snapshot-memory.ts. */
  readonly keyGroups: readonly { readonly keyGroup: number; readonly bytes: Uint8Array }[];
  /** encodePlain of the broadcast states. */
  readonly broadcast: string;
  /** encodePlain of what the function keeps besides keys, by name. */
  readonly operatorState: string;
  /** Keys stored. */
  readonly keys: number;
}

/** Timers that are not in their keys' own places, copied. */
interface FurtherTimers {
  readonly slots: Int32Array;
  readonly times: Float64Array;
}

/** A column that is being filled: as long as it can become, of which `count` are there. */
interface StructDraft {
  readonly indexes: Int32Array;
  readonly rows: Float64Array;
  count: number;
}

/** Timers of one key group: indexes of keys, and times; those in no key's own place by themselves. */
interface TimerDraft {
  readonly indexes: Int32Array;
  readonly times: Float64Array;
  count: number;
  readonly further: [index: number, time: number][];
}

/** What was read of one key group, in slot order. */
interface Draft {
  readonly slots: Int32Array;
  count: number;
  readonly structs: readonly StructDraft[];
  readonly objects: [number, unknown][][];
  /** By time domain, as `queues`. */
  readonly timers: readonly TimerDraft[];
}

/**
 * A snapshot of one keyed operator: made at the barrier, read a slice at a time while records go on. What the barrier
 * itself pays is a copy of the marks of rows, and of the timers that are not in their keys' own places (most keys have at
 * most one, which is); everything else is copied on write. Task thread only.
 */
export class KeyedSnapshot {
  private readonly operator: KeyedOperator;
  private readonly states: SnapshotStates;
  /** Event time, processing time. */
  private readonly queues: readonly TimerQueue[];
  private readonly further: readonly FurtherTimers[];
  private readonly broadcast: string;
  private readonly operatorState: string;
  /** By publisher: which slots had a row. */
  private readonly marks: readonly (readonly [string, Uint8Array])[];
  /** By key group. */
  private readonly drafts: (Draft | undefined)[] = [];
  /** By key group: slots that may have something to store. */
  private readonly sizes: Int32Array;
  /** By slot: 1 + its index within its key group; 0: nothing stored. */
  private readonly places: Int32Array;
  private readonly limit: number;
  private next = 0;
  private keys = 0;
  private encoded: { keyGroup: number; bytes: Uint8Array }[] | null = null;
  private toEncode: number[] = [];
  /** By number of a symbol: 1 + the key group that has it already. */
  private symbolsOf = new Int32Array(0);

  constructor(operator: KeyedOperator) {
    const { backend, keyTable, timers } = operator;
    this.operator = operator;
    this.states = backend.snapshotStates();
    this.limit = keyTable.count;
    this.queues = [timers.eventTimers, timers.processingTimers];
    operator.copyOnWriteFor(this.states);
    this.further = this.queues.map((queue) => queue.copyFurther());
    this.broadcast = operator.broadcastText();
    this.operatorState = operator.operatorStateText();
    this.marks = [...operator.rows].map(([name, rows]) => [name, rows.marks()]);
    this.places = new Int32Array(this.limit);
    this.sizes = new Int32Array(operator.environment.maxParallelism);
  }

  /** Reads up to so many slots, or encodes a key group once all were read. @returns whether everything is done */
  progress(slotsMax: number): boolean {
    if (this.encoded !== null) return this.encodeOne();
    if (this.next === 0) this.measure();
    const end = Math.min(this.limit, this.next + slotsMax);
    for (let slot = this.next; slot < end; slot += 1) this.readSlot(slot);
    this.next = end;
    this.operator.backend.copyOnWrite.wasRead(end);
    if (end < this.limit) return false;
    this.operator.backend.copyOnWrite.end();
    this.further.forEach((timers, domain) => this.readFurther(timers, domain));
    this.encoded = [];
    this.operator.snapshotMemory.begin();
    this.toEncode = [...this.drafts.keys()].filter((keyGroup) => (this.drafts[keyGroup]?.count ?? 0) > 0).reverse();
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
      keys: this.keys,
    };
  }

  /** Columns are made in the size they can come to. */
  private measure(): void {
    const { keyTable } = this.operator;
    for (let slot = 0; slot < this.limit; slot += 1) this.sizes[keyTable.keyGroupAt(slot)] += 1;
  }

  private readSlot(slot: number): void {
    const { structs, objects } = this.states;
    const cow = this.operator.backend.copyOnWrite;
    const keyGroup = this.operator.keyTable.keyGroupAt(slot);
    const draft = this.draftOf(keyGroup);
    for (let index = 0; index < structs.length; index += 1) {
      const words = structs[index].state.rowWords;
      const own = draft.structs[index];
      if (!cow.readRow(index, slot, own.rows, own.count * words)) continue;
      own.indexes[own.count] = this.placeOf(slot, draft);
      own.count += 1;
    }
    for (let index = 0; index < objects.length; index += 1) {
      const value = cow.objectAt(index, slot);
      if (value !== undefined) draft.objects[index].push([this.placeOf(slot, draft), value]);
    }
    for (let domain = 0; domain < this.queues.length; domain += 1) {
      const time = cow.timerAt(domain, slot);
      if (Number.isNaN(time)) continue;
      const own = draft.timers[domain];
      own.indexes[own.count] = this.placeOf(slot, draft);
      own.times[own.count] = time;
      own.count += 1;
    }
  }

  private readFurther({ slots, times }: FurtherTimers, domain: number): void {
    for (let index = 0; index < slots.length; index += 1) {
      const slot = slots[index];
      const keyGroup = this.operator.keyTable.keyGroupAt(slot);
      const draft = this.draftOf(keyGroup);
      draft.timers[domain].further.push([this.placeOf(slot, draft), times[index]]);
    }
  }

  /** The key's index within its key group, given now if nothing of it was stored yet. */
  private placeOf(slot: number, draft: Draft): number {
    const known = this.places[slot];
    if (known > 0) return known - 1;
    const place = draft.count;
    draft.slots[place] = slot;
    draft.count += 1;
    this.places[slot] = draft.count;
    this.keys += 1;
    return place;
  }

  private draftOf(keyGroup: number): Draft {
    const known = this.drafts[keyGroup];
    if (known !== undefined) return known;
    const size = this.sizes[keyGroup];
    const draft: Draft = {
      slots: new Int32Array(size),
      count: 0,
      structs: this.states.structs.map(({ state }) => ({
        indexes: new Int32Array(size),
        rows: new Float64Array(size * state.rowWords),
        count: 0,
      })),
      objects: this.states.objects.map(() => []),
      timers: this.queues.map(() => ({
        indexes: new Int32Array(size),
        times: new Float64Array(size),
        count: 0,
        further: [],
      })),
    };
    this.drafts[keyGroup] = draft;
    return draft;
  }

  private encodeOne(): boolean {
    const keyGroup = this.toEncode.pop();
    if (keyGroup === undefined) return true;
    const draft = this.drafts[keyGroup] as Draft;
    this.drafts[keyGroup] = undefined;
    const bytes = encodeKeyGroup(this.stateOf(keyGroup, draft), (size) => this.operator.snapshotMemory.take(size));
    (this.encoded as { keyGroup: number; bytes: Uint8Array }[]).push({ keyGroup, bytes });
    return this.toEncode.length === 0;
  }

  private stateOf(keyGroup: number, draft: Draft): KeyGroupState {
    const { keyTable, environment } = this.operator;
    const { symbols } = environment;
    const slots = draft.slots.subarray(0, draft.count);
    const ids = keyTable.symbolIdsOf(slots);
    const areSymbols = !ids.includes(-1);
    const keyIds = areSymbols ? ids : new Int32Array(0);
    const structs = this.states.structs.map(({ name, version, state }, index) => {
      const { indexes, rows, count } = draft.structs[index];
      return {
        name,
        version,
        struct: state.shape.name,
        fields: state.shape.fields,
        words: state.rowWords,
        indexes: indexes.subarray(0, count),
        rows: rows.subarray(0, count * state.rowWords),
      };
    });
    const [eventTimers, processingTimers] = draft.timers.map(timersOf);
    const rows = this.marks.map(([name, marks]) => [name, markedAmong(slots, marks)] as const);
    return {
      keyGroup,
      keys: areSymbols ? symbols.textsOf(keyIds) : Array.from(slots, (slot): Key => keyTable.keyAt(slot)),
      structs: structs.filter(({ indexes }) => indexes.length > 0),
      objects: this.states.objects
        .map(({ name, kind, version }, index) => ({ name, kind, version, entries: draft.objects[index] }))
        .filter(({ entries }) => entries.length > 0),
      symbols: symbols.textsOf(this.furtherSymbols(keyGroup, keyIds, draft)),
      rows: Object.fromEntries(rows.filter(([, indexes]) => indexes.length > 0)),
      eventTimers,
      processingTimers,
    };
  }

  /** Numbers in symbol fields that are no key's, each once. */
  private furtherSymbols(keyGroup: number, keyIds: Int32Array, draft: Draft): Int32Array {
    const { count } = this.operator.environment.symbols;
    if (this.symbolsOf.length < count) this.symbolsOf = new Int32Array(count);
    const { symbolsOf } = this;
    const further: number[] = [];
    for (let index = 0; index < keyIds.length; index += 1) symbolsOf[keyIds[index]] = keyGroup + 1;
    this.states.structs.forEach(({ state }, index) => {
      const { rows, count: rowCount } = draft.structs[index];
      const integers = new Int32Array(rows.buffer);
      const halves = state.rowWords * 2;
      for (const field of state.symbolFields()) {
        for (let row = 0; row < rowCount; row += 1) {
          const id = integers[row * halves + field];
          // A field nobody wrote holds 0, which may be no symbol's number.
          if (id < 0 || id >= count || symbolsOf[id] === keyGroup + 1) continue;
          symbolsOf[id] = keyGroup + 1;
          further.push(id);
        }
      }
    });
    return Int32Array.from(further);
  }
}

function timersOf({ indexes, times, count, further }: TimerDraft): StoredTimers {
  if (further.length === 0) return { indexes: indexes.subarray(0, count), times: times.subarray(0, count) };
  const all = { indexes: new Int32Array(count + further.length), times: new Float64Array(count + further.length) };
  all.indexes.set(indexes.subarray(0, count));
  all.times.set(times.subarray(0, count));
  further.forEach(([index, time], at) => {
    all.indexes[count + at] = index;
    all.times[count + at] = time;
  });
  return all;
}
