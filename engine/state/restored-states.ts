import { StateMigrationError } from '../core/errors.ts';
import type { StoredStructs } from './key-group-blob.ts';
import type { SlotState } from './object-states.ts';
import type { StateKind } from './operator-snapshot.ts';
import { structObjectAt } from './stored-structs.ts';

/** Struct rows of a key group as they were stored. */
export interface StructRun {
  readonly stored: StoredStructs;
  /** By index of a key: its slot here. */
  readonly slots: Int32Array;
  readonly symbols: ReadonlyMap<number, string>;
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
      for (const { stored, slots, symbols } of runs)
        stored.indexes.forEach((key, row) =>
          this.addAt(slots[key], name, 'struct', stored.version, structObjectAt(stored, row, symbols)),
        );
    }
    this.runs.clear();
    return this.kept;
  }

  /** The key belongs to another subtask now. */
  forgetAt(slot: number): void {
    for (const { bySlot } of this.settled().values()) if (slot < bySlot.length) bySlot[slot] = undefined;
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
