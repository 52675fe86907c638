import { UnsupportedOperationError } from '../../core/errors.ts';

/** A map that was handed out in an answer. */
class ImmutableMap<K, V> extends Map<K, V> {
  private readonly isSealed: boolean = true;

  override set(key: K, value: V): this {
    // The constructor of Map fills it through `set`, before there are fields.
    if (this.isSealed) throw refused();
    return super.set(key, value);
  }
  override delete(): boolean {
    throw refused();
  }
  override clear(): void {
    throw refused();
  }
}

function refused(): UnsupportedOperationError {
  return new UnsupportedOperationError('State that was queried is a copy and cannot be changed.');
}

/** Freezes an answer: whoever asked cannot take it for the state itself (Flink: ImmutableState). */
export function immutable<T>(value: T): T {
  return freeze(value) as T;
}

function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return value;
  if (value instanceof Map) return new ImmutableMap([...value].map(([key, entry]) => [freeze(key), freeze(entry)]));
  if (value instanceof Set || value instanceof Date) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(freeze));
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([name, field]) => [name, freeze(field)])));
}
