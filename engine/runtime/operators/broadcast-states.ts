import type { BroadcastState, MapStateDescriptor } from '../../api/state.ts';
import { plainCopy } from '../../state/plain-copy.ts';

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

/** The broadcast states of one operator on one subtask, by name. */
export class BroadcastStates {
  private readonly maps = new Map<string, Map<unknown, unknown>>();
  private readonly states = new Map<string, HeapBroadcastState>();

  get<MK, MV>(descriptor: MapStateDescriptor<MK, MV>): BroadcastState<MK, MV> {
    const known = this.states.get(descriptor.name);
    if (known !== undefined) return known as BroadcastState<MK, MV>;
    const state = new HeapBroadcastState(this.mapOf(descriptor.name));
    this.states.set(descriptor.name, state);
    return state as BroadcastState<MK, MV>;
  }

  snapshot(): Record<string, [unknown, unknown][]> {
    return Object.fromEntries([...this.maps].map(([name, map]) => [name, plainCopy([...map])]));
  }

  restore(stored: Readonly<Record<string, readonly (readonly [unknown, unknown])[]>>): void {
    for (const [name, entries] of Object.entries(stored)) {
      const map = this.mapOf(name);
      for (const [key, value] of plainCopy(entries)) map.set(key, value);
    }
  }

  private mapOf(name: string): Map<unknown, unknown> {
    const known = this.maps.get(name);
    if (known !== undefined) return known;
    const map = new Map<unknown, unknown>();
    this.maps.set(name, map);
    return map;
  }
}
