import { StateMigrationError } from '../core/errors.ts';
import type { SymbolDictionary } from '../memory/symbol-dictionary.ts';
import type { StoredStructs } from './key-group-blob.ts';
import type { SlotState } from './object-states.ts';
import type { StateKind } from './operator-snapshot.ts';
import { structObjectAt } from './stored-structs.ts';

const NO_NUMBER = -1;

/** Struct rows of a key group as they were stored. */
export interface StructRun {
  readonly stored: StoredStructs;
  /** By index of a key: its slot here. */
  readonly slots: Int32Array;
  /** null: numbers of symbols mean here what they meant there. */
  readonly symbols: RenumberedSymbols | null;
}

/** Symbols of a key group: the numbers with which they were stored (-1: unknown), and what these come to here. */
export interface RenumberedSymbols {
  readonly before: Int32Array;
  readonly now: Int32Array;
}

/** State of one name as plain data, as it was stored. */
export interface KeptState {
  readonly kind: StateKind;
  readonly version: number;
  /** By slot; undefined: absent. */
  readonly bySlot: unknown[];
}

/**
 * State that came with a restore and that no function has asked for yet. It is kept as it came, in the version in which
 * it came, and is part of the next snapshot.
 */
export class RestoredStates {
  private readonly runs = new Map<string, StructRun[]>();
  private readonly kept = new Map<string, KeptState>();
  private readonly symbols: SymbolDictionary;
  /** By number of a symbol in the run at hand: its number here, or -1. */
  private numbers = new Int32Array(0);

  constructor(symbols: SymbolDictionary) {
    this.symbols = symbols;
  }

  addStructs(run: StructRun): void {
    const { name } = run.stored;
    const known = this.runs.get(name);
    if (known === undefined) this.runs.set(name, [run]);
    else known.push(run);
  }

  /** @throws StateMigrationError when the parts of a state are not of one kind and version */
  addAt(slot: number, name: string, kind: StateKind, version: number, data: unknown): void {
    let state = this.kept.get(name);
    if (state === undefined) {
      state = { kind, version, bySlot: [] };
      this.kept.set(name, state);
    }
    if (state.kind !== kind || state.version !== version) {
      throw new StateMigrationError(
        `State '${name}' was stored in two ways: ${state.kind} in version ${state.version}, ${kind} in version ${version}. The stored state is damaged.`,
      );
    }
    while (state.bySlot.length < slot) state.bySlot.push(undefined);
    state.bySlot[slot] = data;
  }

  /** Hands out what there is of a name, for good. */
  claim(name: string): { readonly runs: readonly StructRun[]; readonly kept: KeptState | null } {
    const runs = this.runs.get(name) ?? [];
    const kept = this.kept.get(name) ?? null;
    this.runs.delete(name);
    this.kept.delete(name);
    return { runs, kept };
  }

  /** Everything as plain data by slot, struct rows included. */
  settled(): ReadonlyMap<string, KeptState> {
    for (const [name, runs] of this.runs) {
      for (const run of runs)
        this.forEachRow(run, (slot, row) => this.addAt(slot, name, 'struct', run.stored.version, row));
    }
    this.runs.clear();
    return this.kept;
  }

  /** Every row of a run as plain data. */
  forEachRow(run: StructRun, visit: (slot: number, row: Record<string, unknown>) => void): void {
    const { stored, slots, symbols } = run;
    this.withNumbers(symbols, (numbers) => {
      const numberOf = (id: number): number => {
        if (numbers === null) return id < this.symbols.count ? id : NO_NUMBER;
        return id < numbers.length ? numbers[id] : NO_NUMBER;
      };
      const textOf = (id: number): string => {
        const now = id < 0 ? NO_NUMBER : numberOf(id);
        return now === NO_NUMBER ? '' : this.symbols.textOf(now);
      };
      stored.indexes.forEach((key, row) => visit(slots[key], structObjectAt(stored, row, textOf)));
    });
  }

  /** @param use given the numbers of symbols here by their numbers then, for as long as it runs; null: they are the same */
  withNumbers(symbols: RenumberedSymbols | null, use: (numbers: Int32Array | null) => void): void {
    if (symbols === null) return use(null);
    const { before, now } = symbols;
    const greatest = before.reduce((most, id) => Math.max(most, id), NO_NUMBER);
    if (greatest >= this.numbers.length) this.numbers = new Int32Array(greatest * 2 + 1).fill(NO_NUMBER);
    const { numbers } = this;
    for (let index = 0; index < before.length; index += 1)
      if (before[index] !== NO_NUMBER) numbers[before[index]] = now[index];
    use(numbers);
    for (let index = 0; index < before.length; index += 1)
      if (before[index] !== NO_NUMBER) numbers[before[index]] = NO_NUMBER;
  }

  /** The keys belong to other subtasks now. */
  forget(slots: readonly number[]): void {
    for (const { bySlot } of this.settled().values())
      for (const slot of slots) if (slot < bySlot.length) bySlot[slot] = undefined;
  }
}

/** What a snapshot reads of state that is kept. */
export function keptSlots({ bySlot }: KeptState): SlotState {
  return {
    hasAt: (slot) => bySlot[slot] !== undefined,
    snapshotAt: (slot) => bySlot[slot],
    restoreAt: (slot, data) => (bySlot[slot] = data),
    clearAt: (slot) => (bySlot[slot] = undefined),
  };
}
