import { SCHEMA_VERSION_FIRST } from '../../api/state-schema.ts';
import type { BroadcastState, MapStateDescriptor } from '../../api/state.ts';
import type { StoredBroadcast } from '../../state/operator-snapshot.ts';
import { plainCopy } from '../../state/plain-copy.ts';
import { migrationTo, versionOf } from '../../state/schema-compatibility.ts';

/** One broadcast map. Always in memory; each subtask has its own copy and must write the same into it. */
class HeapBroadcastState implements BroadcastState<unknown, unknown> {
  private readonly map: Map<unknown, unknown>;

  constructor(map: Map<unknown, unknown>) {
    this.map = map;
  }

  get(key: unknown): unknown {
    return this.map.get(key) ?? null;
  }
  contains(key: unknown): boolean {
    return this.map.has(key);
  }
  entries(): Iterable<readonly [unknown, unknown]> {
    return this.map.entries();
  }
  put(key: unknown, value: unknown): void {
    this.map.set(key, value);
  }
  remove(key: unknown): void {
    this.map.delete(key);
  }
  clear(): void {
    this.map.clear();
  }
}

interface Broadcast {
  version: number;
  map: Map<unknown, unknown>;
}

/**
 * The broadcast states of one operator on one subtask, by name. What was restored and nobody asked for yet is kept as it
 * came, and stored again.
 */
export class BroadcastStates {
  private readonly broadcasts = new Map<string, Broadcast>();
  private readonly states = new Map<string, HeapBroadcastState>();

  /** @throws StateMigrationError for restored state that the descriptor's schema cannot take */
  get<MK, MV>(descriptor: MapStateDescriptor<MK, MV>): BroadcastState<MK, MV> {
    const { name, schema } = descriptor;
    const known = this.states.get(name);
    if (known !== undefined) return known as BroadcastState<MK, MV>;
    const broadcast = this.broadcastOf(name, versionOf(schema));
    const stored = { name, kind: 'map', version: broadcast.version, fields: null } as const;
    const migrate = migrationTo(stored, { schema, fields: null });
    if (migrate !== null) broadcast.map = migrate(broadcast.map) as Map<unknown, unknown>;
    broadcast.version = versionOf(schema);
    const state = new HeapBroadcastState(broadcast.map);
    this.states.set(name, state);
    return state as BroadcastState<MK, MV>;
  }

  snapshot(): Readonly<Record<string, StoredBroadcast>> {
    return Object.fromEntries(
      [...this.broadcasts].map(([name, { version, map }]) => [name, { version, entries: plainCopy([...map]) }]),
    );
  }

  restore(stored: Readonly<Record<string, StoredBroadcast>>): void {
    for (const [name, part] of Object.entries(stored)) {
      const { version, entries } = 'version' in part ? part : { version: SCHEMA_VERSION_FIRST, entries: part };
      const { map } = this.broadcastOf(name, version);
      for (const [key, value] of plainCopy(entries)) map.set(key, value);
    }
  }

  private broadcastOf(name: string, version: number): Broadcast {
    const known = this.broadcasts.get(name);
    if (known !== undefined) return known;
    const broadcast = { version, map: new Map<unknown, unknown>() };
    this.broadcasts.set(name, broadcast);
    return broadcast;
  }
}
