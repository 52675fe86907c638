import { encodeKeyGroup, type KeyGroupState } from '../../state/key-group-blob.ts';
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

/** Timers that are not in their keys' own places, copied. */
interface FurtherTimers {
  readonly slots: Int32Array;
  readonly times: Float64Array;
}

/** Timers of one key group: indexes of keys, and times. */
interface TimerDraft {
  readonly indexes: number[];
  readonly times: number[];
}

/** What was read of one key group, in slot order. */
interface Draft {
  readonly slots: number[];
  readonly structs: { readonly indexes: number[]; rows: Float64Array; count: number }[];
  readonly objects: [number, unknown][][];
  /** By time domain, as `queues`. */
  readonly timers: readonly TimerDraft[];
  /** By publisher. */
  readonly rows: Record<string, number[]>;
  areSymbols: boolean;
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
  private readonly drafts = new Map<number, Draft>();
  /** By slot: 1 + its index within its key group; 0: nothing stored. */
  private readonly places: Int32Array;
  private readonly limit: number;
  private next = 0;
  private keys = 0;
  private encoded: { keyGroup: number; bytes: Uint8Array<ArrayBuffer> }[] | null = null;
  private toEncode: number[] = [];
  /** By number of a symbol: 1 + the key group that has it already. */
  private symbolsOf = new Int32Array(0);

  constructor(operator: KeyedOperator) {
    const { backend, keyTable, timers } = operator;
    this.operator = operator;
    this.states = backend.snapshotStates();
    this.limit = keyTable.count;
    this.queues = [timers.eventTimers, timers.processingTimers];
    backend.copyOnWrite.begin(
      keyTable,
      this.states.structs.map(({ state }) => state),
      this.states.objects.map(({ state }) => state),
      this.queues,
    );
    this.further = this.queues.map((queue) => queue.copyFurther());
    this.broadcast = operator.broadcastText();
    this.operatorState = operator.operatorStateText();
    this.marks = [...operator.rows].map(([name, rows]) => [name, rows.marks()]);
    this.places = new Int32Array(this.limit);
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
    this.further.forEach((timers, domain) => this.readFurther(timers, domain));
    this.encoded = [];
    this.toEncode = [...this.drafts.keys()]
      .filter((keyGroup) => (this.drafts.get(keyGroup) as Draft).slots.length > 0)
      .sort((left, right) => right - left);
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

  private readSlot(slot: number): void {
    const { structs, objects } = this.states;
    const cow = this.operator.backend.copyOnWrite;
    const keyGroup = this.operator.keyTable.keyGroupAt(slot);
    const draft = this.draftOf(keyGroup);
    for (let index = 0; index < structs.length; index += 1) {
      const words = structs[index].state.rowWords;
      const own = draft.structs[index];
      if ((own.count + 1) * words > own.rows.length) own.rows = wider(own.rows, words);
      if (!cow.readRow(index, slot, own.rows, own.count * words)) continue;
      own.indexes.push(this.placeOf(slot, draft));
      own.count += 1;
    }
    for (let index = 0; index < objects.length; index += 1) {
      const value = cow.objectAt(index, slot);
      if (value !== undefined) draft.objects[index].push([this.placeOf(slot, draft), value]);
    }
    for (let domain = 0; domain < this.queues.length; domain += 1) {
      const time = cow.timerAt(domain, slot);
      if (!Number.isNaN(time)) addTimer(draft.timers[domain], this.placeOf(slot, draft), time);
    }
  }

  private readFurther({ slots, times }: FurtherTimers, domain: number): void {
    for (let index = 0; index < slots.length; index += 1) {
      const slot = slots[index];
      const keyGroup = this.operator.keyTable.keyGroupAt(slot);
      const draft = this.draftOf(keyGroup);
      addTimer(draft.timers[domain], this.placeOf(slot, draft), times[index]);
    }
  }

  /** The key's index within its key group, given now if nothing of it was stored yet. */
  private placeOf(slot: number, draft: Draft): number {
    const known = this.places[slot];
    if (known > 0) return known - 1;
    this.places[slot] = draft.slots.push(slot);
    this.keys += 1;
    if (this.operator.keyTable.symbolIdAt(slot) < 0) draft.areSymbols = false;
    const place = draft.slots.length - 1;
    for (const [name, marks] of this.marks) if (marks[slot] !== 0) (draft.rows[name] ??= []).push(place);
    return place;
  }

  private draftOf(keyGroup: number): Draft {
    const known = this.drafts.get(keyGroup);
    if (known !== undefined) return known;
    const draft: Draft = {
      slots: [],
      structs: this.states.structs.map(() => ({ indexes: [], rows: new Float64Array(0), count: 0 })),
      objects: this.states.objects.map(() => []),
      timers: this.queues.map(() => ({ indexes: [], times: [] })),
      rows: {},
      areSymbols: true,
    };
    this.drafts.set(keyGroup, draft);
    return draft;
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
    const { symbols } = environment;
    const keyIds = Int32Array.from(draft.areSymbols ? draft.slots : [], (slot) => keyTable.symbolIdAt(slot));
    const structs = this.states.structs.map(({ name, version, state }, index) => {
      const { indexes, rows, count } = draft.structs[index];
      return {
        name,
        version,
        struct: state.shape.name,
        fields: state.shape.fields,
        words: state.rowWords,
        indexes: Int32Array.from(indexes),
        rows: rows.subarray(0, count * state.rowWords),
      };
    });
    const [eventTimers, processingTimers] = draft.timers.map(({ indexes, times }) => ({
      indexes: Int32Array.from(indexes),
      times: Float64Array.from(times),
    }));
    return {
      keyGroup,
      keys: draft.areSymbols ? symbols.textsOf(keyIds) : draft.slots.map((slot): Key => keyTable.keyAt(slot)),
      structs: structs.filter(({ indexes }) => indexes.length > 0),
      objects: this.states.objects
        .map(({ name, kind, version }, index) => ({ name, kind, version, entries: draft.objects[index] }))
        .filter(({ entries }) => entries.length > 0),
      symbols: symbols.textsOf(this.furtherSymbols(keyGroup, keyIds, draft)),
      rows: Object.fromEntries(Object.entries(draft.rows).map(([name, indexes]) => [name, Int32Array.from(indexes)])),
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

function addTimer({ indexes, times }: TimerDraft, index: number, time: number): void {
  indexes.push(index);
  times.push(time);
}

function wider(rows: Float64Array, words: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(Math.max(rows.length * 2, words * FIRST_ROWS));
  grown.set(rows);
  return grown;
}
