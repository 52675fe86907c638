/**
 * A deep copy of plain data: what a snapshot stores must not change when the live object does. Maps, sets, dates, typed
 * arrays and bigints are data too; objects of a class are copied field by field and lose their methods.
 */
export function plainCopy<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Map) return new Map([...value].map(([key, entry]) => [copy(key), copy(entry)]));
  if (value instanceof Set) return new Set([...value].map(copy));
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof ArrayBuffer) return value.slice(0);
  if (ArrayBuffer.isView(value)) return (value as Uint8Array).slice();
  const view = value as { toObject?: () => Record<string, unknown> };
  const source = typeof view.toObject === 'function' ? view.toObject() : (value as Record<string, unknown>);
  return Object.fromEntries(Object.entries(source).map(([name, field]) => [name, copy(field)]));
}
