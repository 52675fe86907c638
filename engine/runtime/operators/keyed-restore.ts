import { StateMigrationError } from '../../core/errors.ts';
import { decodePlain } from '../../memory/plain-text.ts';
import { assignToKeyGroup } from '../../state/key-groups.ts';
import { decodeKeyGroup } from '../../state/key-group-blob.ts';
import type { KeyedOperator } from './keyed-operator.ts';

/** What one subtask of an operator is restored from. */
export interface OperatorRestore {
  /** Bytes of key groups this subtask owns; others are left alone. */
  readonly keyGroups: readonly { readonly keyGroup: number; readonly bytes: Uint8Array }[];
  /** encodePlain of the broadcast states; the same on every subtask. */
  readonly broadcast: string;
  /** encodePlain of each old subtask's own state, in their order. */
  readonly operatorStates: readonly string[];
}

/**
 * Gives an operator its state back, before it is opened.
 * @throws StateMigrationError for bytes that are damaged, or of a kind that the operator's functions do not have
 */
export function restoreKeyGroups(operator: KeyedOperator, stored: OperatorRestore): void {
  const { keyGroupRange } = operator.environment;
  for (const { keyGroup, bytes } of stored.keyGroups)
    if (keyGroup >= keyGroupRange.start && keyGroup <= keyGroupRange.end) restoreKeyGroup(operator, keyGroup, bytes);
  operator.broadcastStates.restore(
    decodePlain(stored.broadcast) as Parameters<KeyedOperator['broadcastStates']['restore']>[0],
  );
  operator.operatorStates.restore(stored.operatorStates.map((text) => decodePlain(text) as Record<string, unknown>));
}

/** Key groups of other subtasks for an operator that runs: after `forgetKeyGroups`, before the next record. */
export function takeKeyGroups(operator: KeyedOperator, taken: OperatorRestore): void {
  for (const { keyGroup, bytes } of taken.keyGroups) restoreKeyGroup(operator, keyGroup, bytes);
  operator.backend.settleRestored();
  for (const [name, slots] of operator.restoredRows)
    for (const slot of slots) operator.rows.get(name)?.restoreMark(slot);
  operator.restoredRows.clear();
  operator.operatorStates.replace(taken.operatorStates.map((text) => decodePlain(text) as Record<string, unknown>));
}

/** State, timers and rows of key groups that another subtask owns now. The keys keep their slots, empty. */
export function forgetKeyGroups(operator: KeyedOperator, leaves: (keyGroup: number) => boolean): void {
  const { keyTable, backend, timers, rows } = operator;
  const isGone = new Uint8Array(keyTable.count);
  for (let slot = 0; slot < keyTable.count; slot += 1) {
    if (!leaves(keyTable.keyGroupAt(slot))) continue;
    isGone[slot] = 1;
    backend.forgetAt(slot);
  }
  for (const queue of [timers.eventTimers, timers.processingTimers]) {
    const gone: [number, number][] = [];
    queue.forEach((slot, time) => {
      if (isGone[slot] === 1) gone.push([slot, time]);
    });
    for (const [slot, time] of gone) queue.remove(slot, time);
  }
  for (const publisher of rows.values()) publisher.forget((slot) => isGone[slot] === 1);
}

function restoreKeyGroup(operator: KeyedOperator, expected: number, bytes: Uint8Array): void {
  const { keyTable, backend, timers, environment } = operator;
  const state = decodeKeyGroup(bytes);
  const slots = Int32Array.from(state.keys, (key) => {
    const keyGroup = assignToKeyGroup(key, environment.maxParallelism);
    if (keyGroup !== state.keyGroup || keyGroup !== expected) {
      throw new StateMigrationError(
        `Key ${JSON.stringify(key)} was stored in key group ${expected} but belongs to ${keyGroup}; the stored state is damaged.`,
      );
    }
    return state.areSymbols && typeof key === 'string'
      ? keyTable.slotForSymbol(environment.symbols.idOf(key), keyGroup)
      : keyTable.slotFor(key, keyGroup);
  });
  const symbols = new Map(state.symbols);
  for (const stored of state.structs) backend.restoreStructs({ stored, slots, symbols });
  for (const { name, kind, version, entries } of state.objects)
    for (const [index, data] of entries) backend.restoreAt(slots[index], name, kind, data, version);
  state.eventTimers.indexes.forEach((key, index) =>
    timers.eventTimers.register(slots[key], state.eventTimers.times[index]),
  );
  state.processingTimers.indexes.forEach((key, index) =>
    timers.processingTimers.register(slots[key], state.processingTimers.times[index]),
  );
  for (const [name, indexes] of Object.entries(state.rows)) {
    const known = operator.restoredRows.get(name) ?? [];
    operator.restoredRows.set(name, known);
    for (const index of indexes) known.push(slots[index]);
  }
}
