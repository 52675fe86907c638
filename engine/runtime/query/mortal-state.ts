/** What is stored of a value, an element or an entry with a time to live (state/ttl-states.ts). */
interface Stamped {
  readonly value: unknown;
  readonly lastAccessMs: number;
}

/** What is alive of a state with a time to live; of lists and maps when each expires, in their order. */
export interface AliveState {
  readonly value: unknown;
  readonly expiresAtMs: number | readonly number[];
}

/**
 * What a question sees of a state with a time to live: what has expired is not there, whatever the state's visibility says,
 * and looking renews nothing.
 * @param stored as snapshots have it
 * @param atMs processing time; what expires at it has expired
 * @param present of one value, as readers see it
 * @returns null: nothing is alive
 */
export function aliveState(
  kind: string,
  stored: unknown,
  ttlMs: number,
  atMs: number,
  present: (value: unknown) => unknown,
): AliveState | null {
  const expiryOf = ({ lastAccessMs }: Stamped): number => lastAccessMs + ttlMs;
  const isAlive = (stamped: Stamped): boolean => expiryOf(stamped) > atMs;
  if (kind === 'map') {
    const alive = [...(stored as ReadonlyMap<unknown, Stamped>)].filter(([, entry]) => isAlive(entry));
    if (alive.length === 0) return null;
    const value = new Map(alive.map(([key, entry]) => [key, entry.value]));
    return { value, expiresAtMs: alive.map(([, entry]) => expiryOf(entry)) };
  }
  if (kind === 'list') {
    const alive = (stored as readonly Stamped[]).filter(isAlive);
    if (alive.length === 0) return null;
    return { value: alive.map(({ value }) => value), expiresAtMs: alive.map(expiryOf) };
  }
  const stamped = stored as Stamped;
  return isAlive(stamped) ? { value: present(stamped.value), expiresAtMs: expiryOf(stamped) } : null;
}
