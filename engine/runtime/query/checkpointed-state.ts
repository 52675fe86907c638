import { stringsOf } from '../../memory/symbol-dictionary.ts';
import { areSymbols, type KeyGroupState } from '../../state/key-group-blob.ts';
import type { Key } from '../../state/java-hash.ts';
import { KeyMap } from '../../state/key-table.ts';
import { entriesOf, type StoredBroadcast } from '../../state/operator-snapshot.ts';
import { structObjectAt } from '../../state/stored-structs.ts';

/** The checkpoints that are kept, as their state is read. */
export interface CheckpointedStates {
  /** In order. */
  ids(): Promise<readonly number[]>;
  /** @throws StateQueryError `unknown-checkpoint` */
  open(checkpointId: number): Promise<CheckpointContents>;
}

/** One kept checkpoint. Its bytes are looked up as they are asked for, and checked. */
export interface CheckpointContents {
  readonly id: number;
  /** Wall clock. */
  readonly createdAtMs: number;
  /** Of its barrier: by it is told what of a state with a time to live had expired. */
  readonly processingTimeMs: number;
  readonly maxParallelism: number;
  /** @returns null: it had no keys; @throws StateQueryError when the bytes are damaged, or no longer kept */
  keyGroup(uid: string, keyGroup: number): Promise<StoredKeyGroup | null>;
}

/** All that a checkpoint knows of one key. */
export interface StoredKey {
  /** As stored, a copy; undefined: it has none of that name. Aggregating state is its accumulator. */
  state(name: string): unknown;
  broadcast(name: string): ReadonlyMap<unknown, unknown>;
  readonly eventTimersMs: readonly number[];
  readonly processingTimersMs: readonly number[];
}

export type BroadcastMaps = Readonly<Record<string, StoredBroadcast>>;

/** A key group of a checkpoint, by key. */
export class StoredKeyGroup {
  readonly keys: readonly Key[];
  private readonly stored: KeyGroupState;
  private readonly broadcasts: BroadcastMaps;
  private readonly indexes = new KeyMap<number>();
  /** By state name: from the index of a key to what is stored of it. */
  private readonly states = new Map<string, ReadonlyMap<number, () => unknown>>();

  constructor(stored: KeyGroupState, broadcasts: BroadcastMaps) {
    this.stored = stored;
    this.broadcasts = broadcasts;
    const symbolKeys = areSymbols(stored.keys) ? stringsOf(stored.keys) : [];
    this.keys = areSymbols(stored.keys) ? symbolKeys.map(([, text]) => text) : stored.keys;
    const symbols = new Map([...symbolKeys, ...stringsOf(stored.symbols)]);
    const textOf = (symbol: number): string => symbols.get(symbol) as string;
    this.keys.forEach((key, index) => this.indexes.set(key, index));
    for (const structs of stored.structs) {
      const rows = [...structs.indexes].map(
        (index, row) => [index, (): unknown => structObjectAt(structs, row, textOf)] as const,
      );
      this.states.set(structs.name, new Map(rows));
    }
    for (const { name, entries } of stored.objects)
      this.states.set(name, new Map(entries.map(([index, data]) => [index, (): unknown => data])));
  }

  /** @returns null: the key was not there */
  key(key: Key): StoredKey | null {
    const index = this.indexes.get(key);
    if (index === undefined) return null;
    const { eventTimers, processingTimers } = this.stored;
    const timesOf = ({ indexes, times }: typeof eventTimers): number[] =>
      [...times].filter((_, place) => indexes[place] === index).sort((left, right) => left - right);
    return {
      state: (name) => this.states.get(name)?.get(index)?.(),
      broadcast: (name) => new Map(entriesOf(this.broadcasts[name] ?? [])),
      get eventTimersMs() {
        return timesOf(eventTimers);
      },
      get processingTimersMs() {
        return timesOf(processingTimers);
      },
    };
  }
}
