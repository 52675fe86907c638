import { StateMigrationError } from '../../core/errors.ts';
import { decodePlain } from '../../memory/plain-text.ts';
import type { SymbolTexts } from '../../memory/symbol-dictionary.ts';
import { hashUnits, type Key } from '../../state/java-hash.ts';
import { assignToKeyGroup, computeKeyGroupForKeyHash } from '../../state/key-groups.ts';
import { areSymbols, decodeKeyGroup, type KeyGroupState, type StoredTimers } from '../../state/key-group-blob.ts';
import type { TimerQueue } from '../time/timer-queue.ts';
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
  const { start, end } = operator.environment.keyGroupRange;
  takeBytes(
    operator,
    stored.keyGroups.filter(({ keyGroup }) => keyGroup >= start && keyGroup <= end),
  );
  operator.broadcastStates.restore(
    decodePlain(stored.broadcast) as Parameters<KeyedOperator['broadcastStates']['restore']>[0],
  );
  operator.operatorStates.restore(stored.operatorStates.map((text) => decodePlain(text) as Record<string, unknown>));
}

function takeBytes(operator: KeyedOperator, keyGroups: OperatorRestore['keyGroups']): void {
  const decoded = keyGroups.map(({ keyGroup, bytes }) => [keyGroup, decodeKeyGroup(bytes)] as const);
  const { keyTable } = operator;
  const keys = decoded.reduce((sum, [, state]) => sum + keyCount(state), 0);
  keyTable.reserve(keyTable.count + keys);
  for (const [keyGroup, state] of decoded) restoreKeyGroup(operator, keyGroup, state);
}

function restoreKeyGroup(operator: KeyedOperator, expected: number, state: KeyGroupState): void {
  const { backend, timers, environment } = operator;
  const { keys, symbols } = state;
  const checked = (key: () => Key, keyGroup: number): number => {
    if (keyGroup === state.keyGroup && keyGroup === expected) return keyGroup;
    throw new StateMigrationError(
      `Key ${JSON.stringify(key())} was stored in key group ${expected} but belongs to ${keyGroup}; the stored state is damaged.`,
    );
  };
  const further = environment.symbols.idsOf(symbols);
  const known = areSymbols(keys) ? environment.symbols.idsOf(keys) : new Int32Array(0);
  const slots = areSymbols(keys) ? slotsOfSymbols(operator, keys, known, checked) : slotsOf(operator, keys, checked);
  const renumbered = areSymbols(keys)
    ? { before: joined(symbols.ids, keys.ids), now: joined(further, known) }
    : { before: symbols.ids, now: further };
  for (const stored of state.structs) backend.restoreStructs({ stored, slots, symbols: renumbered });
  for (const { name, kind, version, entries } of state.objects)
    for (const [index, data] of entries) backend.restoreAt(slots[index], name, kind, data, version);
  restoreTimers(timers.eventTimers, state.eventTimers, slots);
  restoreTimers(timers.processingTimers, state.processingTimers, slots);
  for (const [name, indexes] of Object.entries(state.rows)) operator.addRestoredRows(name, slots, indexes);
}

type CheckKeyGroup = (key: () => Key, keyGroup: number) => number;

function slotsOf({ keyTable, environment }: KeyedOperator, keys: readonly Key[], checked: CheckKeyGroup): Int32Array {
  return Int32Array.from(keys, (key) =>
    keyTable.slotFor(
      key,
      checked(() => key, assignToKeyGroup(key, environment.maxParallelism)),
    ),
  );
}

/** Without making a string for any of them. */
function slotsOfSymbols(
  { keyTable, environment }: KeyedOperator,
  { ends, units }: SymbolTexts,
  symbolIds: Int32Array,
  checked: CheckKeyGroup,
): Int32Array {
  const slots = new Int32Array(symbolIds.length);
  for (let index = 0; index < slots.length; index += 1) {
    const hash = hashUnits(units, index === 0 ? 0 : ends[index - 1], ends[index]);
    const keyGroup = computeKeyGroupForKeyHash(hash, environment.maxParallelism);
    checked(() => environment.symbols.textOf(symbolIds[index]), keyGroup);
    slots[index] = keyTable.slotForSymbol(symbolIds[index], keyGroup);
  }
  return slots;
}

function restoreTimers(queue: TimerQueue, { indexes, times }: StoredTimers, slots: Int32Array): void {
  for (let index = 0; index < indexes.length; index += 1) queue.register(slots[indexes[index]], times[index]);
}

function keyCount({ keys }: KeyGroupState): number {
  return areSymbols(keys) ? keys.ids.length : keys.length;
}

function joined(first: Int32Array, second: Int32Array): Int32Array {
  const both = new Int32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
