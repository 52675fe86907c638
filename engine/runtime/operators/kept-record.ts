/** A record to keep: of a view, which moves on with the next record, a copy. */
export function keptRecord(value: unknown): unknown {
  const copy = (value as { readonly toObject?: unknown } | null)?.toObject;
  return typeof copy === 'function' ? copy.call(value) : value;
}
