import type { AggregateFunction } from '../../api/state.ts';
import { IllegalStateError } from '../../core/errors.ts';
import { NO_SLOT, type KeyTable } from '../../state/key-table.ts';
import type { Key } from '../../state/java-hash.ts';
import type { SlotState } from '../../state/object-states.ts';
import { plainCopy } from '../../state/plain-copy.ts';
import type { StateKind } from '../../state/operator-snapshot.ts';
import { NO_STATE, StateQueryError } from './state-query-error.ts';

/** A state of one operator that can be asked for. */
export interface Queryable {
  readonly name: string;
  readonly kind: StateKind | 'computed';
  readonly stateName: string | null;
  /** A copy of what the key at `slot` has, which is set; null: nothing. */
  read(slot: number, argument: unknown): unknown;
}

/** What descriptors of queryable state have. */
export interface QueryableDescriptor {
  readonly kind: string;
  readonly name: string;
  readonly queryableName?: string;
}

/** The queryable states of one operator on one subtask, by the name they are asked for. Its thread only. */
export class QueryableStates {
  private readonly keyTable: KeyTable;
  private readonly byName = new Map<string, Queryable>();

  constructor(keyTable: KeyTable) {
    this.keyTable = keyTable;
  }

  /** @param state what the descriptor stands for; registered when the descriptor was made queryable */
  addState<S>(descriptor: QueryableDescriptor, state: S): S {
    const { queryableName, name, kind } = descriptor;
    // A function may ask for its state more than once.
    if (queryableName === undefined || this.byName.get(queryableName)?.stateName === name) return state;
    const slots = state as unknown as SlotState;
    const present = presenterOf(descriptor);
    this.add({
      name: queryableName,
      kind: kind as StateKind,
      stateName: name,
      read: (slot) => (slots.hasAt(slot) ? present(slots.snapshotAt(slot)) : null),
    });
    return state;
  }

  addQuery(name: string, answer: (argument: unknown) => unknown): void {
    this.add({
      name,
      kind: 'computed',
      stateName: null,
      read: (_slot, argument) => plainCopy(answer(argument)) ?? null,
    });
  }

  get(name: string): Queryable | undefined {
    return this.byName.get(name);
  }

  get all(): readonly Queryable[] {
    return [...this.byName.values()];
  }

  /** What a key has; null: nothing, or the key was never seen here. */
  read(queryable: Queryable, key: Key, argument: unknown): unknown {
    const slot = this.keyTable.slotOf(key);
    return slot === NO_SLOT ? null : this.readAt(queryable, slot, argument);
  }

  /** Leaves the current key as it was. */
  readAt(queryable: Queryable, slot: number, argument: unknown): unknown {
    const { keyTable } = this;
    const before = keyTable.currentSlot;
    keyTable.currentSlot = slot;
    try {
      return queryable.read(slot, argument);
    } finally {
      keyTable.currentSlot = before;
    }
  }

  /** For harnesses. @returns undefined when there is no such state; @throws StateQueryError for a key never seen here */
  answer(name: string, key: Key, argument: unknown): { readonly value: unknown } | undefined {
    const queryable = this.byName.get(name);
    if (queryable === undefined) return undefined;
    const slot = this.keyTable.slotOf(key);
    if (slot === NO_SLOT) throw new StateQueryError('no-state', NO_STATE);
    return { value: this.readAt(queryable, slot, argument) };
  }

  private add(queryable: Queryable): void {
    if (this.byName.has(queryable.name)) throw nameTaken(queryable.name);
    this.byName.set(queryable.name, queryable);
  }
}

/** Flink's text. */
export function nameTaken(name: string): IllegalStateError {
  return new IllegalStateError(`KvState with name '${name}' has already been registered by another operator`);
}

/** Turns what is stored of a state into what its readers see. @param descriptor an aggregating one knows its function */
export function presenterOf(descriptor: Pick<QueryableDescriptor, 'kind'>): (stored: unknown) => unknown {
  if (descriptor.kind === 'aggregating') {
    const { aggregate } = descriptor as { aggregate?: AggregateFunction<unknown, unknown, unknown> };
    return (stored) => {
      const { accumulator } = stored as { accumulator: unknown };
      return aggregate === undefined ? accumulator : plainCopy(aggregate.getResult(accumulator));
    };
  }
  if (descriptor.kind === 'struct')
    return (stored) => {
      const { kind: _name, ...fields } = stored as Record<string, unknown>;
      return fields;
    };
  return (stored) => stored;
}
