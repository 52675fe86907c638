import type { StateTtlConfig } from '../../api/state-ttl.ts';
import type { AggregateFunction } from '../../api/state.ts';
import { IllegalStateError } from '../../core/errors.ts';
import { NO_SLOT, type KeyTable } from '../../state/key-table.ts';
import type { Key } from '../../state/java-hash.ts';
import type { SlotState } from '../../state/object-states.ts';
import { plainCopy } from '../../state/plain-copy.ts';
import type { StateKind } from '../../state/operator-snapshot.ts';
import { aliveState } from './mortal-state.ts';
import { NO_STATE, StateQueryError } from './state-query-error.ts';
import type { LookedUp } from './state-question.ts';

/** A state of one operator that can be asked for. */
export interface Queryable {
  readonly name: string;
  readonly kind: StateKind | 'computed';
  readonly stateName: string | null;
  /** Its time to live; null: it lives for ever. */
  readonly ttlMs: number | null;
  /** A copy of what the key at `slot` has, which is set; null: nothing. */
  read(slot: number, argument: unknown): LookedUp;
}

/** What descriptors of queryable state have. */
export interface QueryableDescriptor {
  readonly kind: string;
  readonly name: string;
  readonly queryableName?: string;
  readonly ttl?: Pick<StateTtlConfig, 'ttlMs'>;
}

/** State with a time to live knows the time. */
interface MortalState extends SlotState {
  readonly timeMs: number;
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
    const { queryableName, name, kind, ttl } = descriptor;
    // A function may ask for its state more than once.
    if (queryableName === undefined || this.byName.get(queryableName)?.stateName === name) return state;
    const slots = state as unknown as MortalState;
    const present = ttl === undefined ? presenterOf(descriptor) : mortalPresenterOf(descriptor, ttl.ttlMs);
    this.add({
      name: queryableName,
      kind: kind as StateKind,
      stateName: name,
      ttlMs: ttl?.ttlMs ?? null,
      read: (slot) => {
        const stored = slots.hasAt(slot) ? slots.snapshotAt(slot) : undefined;
        return stored === undefined ? null : present(stored, slots.timeMs);
      },
    });
    return state;
  }

  addQuery(name: string, answer: (argument: unknown) => unknown): void {
    this.add({
      name,
      kind: 'computed',
      stateName: null,
      ttlMs: null,
      read: (_slot, argument) => {
        const value = plainCopy(answer(argument));
        return value === undefined || value === null ? null : { value };
      },
    });
  }

  get(name: string): Queryable | undefined {
    return this.byName.get(name);
  }

  get all(): readonly Queryable[] {
    return [...this.byName.values()];
  }

  /** What a key has; null: nothing, or the key was never seen here. */
  read(queryable: Queryable, key: Key, argument: unknown): LookedUp {
    const slot = this.keyTable.slotOf(key);
    return slot === NO_SLOT ? null : this.readAt(queryable, slot, argument);
  }

  /** Leaves the current key as it was. */
  readAt(queryable: Queryable, slot: number, argument: unknown): LookedUp {
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
    return { value: this.readAt(queryable, slot, argument)?.value ?? null };
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

/** Turns what is stored of a state, at some processing time, into what is told of it; null: nothing. */
export type Presenter = (stored: unknown, atMs: number) => LookedUp;

/** @param descriptor an aggregating one knows its function */
export function presenterOf(descriptor: Pick<QueryableDescriptor, 'kind'>): Presenter {
  if (descriptor.kind === 'aggregating') {
    const result = resultOf(descriptor);
    return (stored) => ({ value: result((stored as { accumulator: unknown }).accumulator) });
  }
  if (descriptor.kind === 'struct')
    return (stored) => {
      const { kind: _name, ...value } = stored as Record<string, unknown>;
      return { value };
    };
  return (value) => (value === null ? null : { value });
}

/** As `presenterOf`, for state with a time to live, which is stored in another form. */
export function mortalPresenterOf(descriptor: Pick<QueryableDescriptor, 'kind'>, ttlMs: number): Presenter {
  const present = descriptor.kind === 'aggregating' ? resultOf(descriptor) : (value: unknown): unknown => value;
  return (stored, atMs) => aliveState(descriptor.kind, stored, ttlMs, atMs, present);
}

function resultOf(descriptor: Pick<QueryableDescriptor, 'kind'>): (accumulator: unknown) => unknown {
  const { aggregate } = descriptor as { aggregate?: AggregateFunction<unknown, unknown, unknown> };
  return (accumulator) => (aggregate === undefined ? accumulator : plainCopy(aggregate.getResult(accumulator)));
}
