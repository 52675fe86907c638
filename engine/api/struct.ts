import { checkShape, type FieldType } from '../memory/record-layout.ts';

/**
 * Fixed-layout records. A struct is declared once, by name and fields; everything that travels between threads or sits
 * in keyed state with that shape lives in typed arrays and is read through one reused view with plain property names.
 *
 *   const QUOTE = struct('quote', { symbol: 'symbol', bid: 'f64', ask: 'f64', sequence: 'f64' });
 *
 * Field types: `f64` any number; `i32` a 32-bit integer; `i8` one of -128 to 127; `symbol` an interned string: the view shows
 * the string, the bytes hold its number in the job's dictionary, so that a record never carries text. That number is the view's
 * `<field>Id` (`symbolId` for `symbol`): equal on all threads of a job, not from run to run. A source that knows it may
 * set it on the objects it emits beside or instead of the string, and saves the look-up (SourceReaderContext.symbols).
 */
export type { FieldType };
export type Fields = Readonly<Record<string, FieldType>>;

type FieldValue<T extends FieldType> = T extends 'symbol' ? string : number;

/**
 * What a job author sees: an object with the struct's fields. A view is a window on shared bytes: it is valid only
 * during the call that handed it out and must not be kept; `toObject(view)` makes a copy to keep. (Its fields are
 * accessors, so `{ ...view }` does not.)
 */
export type View<F extends Fields, Name extends string = string> = {
  /** The struct's name: tells the members of a union of record types apart. */
  readonly kind: Name;
} & { -readonly [Field in keyof F]: FieldValue<F[Field]> };

export interface StructType<F extends Fields = Fields, Name extends string = string> {
  readonly name: Name;
  readonly fields: F;
}

export type ViewOf<T> = T extends StructType<infer F, infer N> ? View<F, N> : never;

/**
 * @throws BugError for a field name that is not a plain identifier, or that a view needs for itself: `kind`, `toObject`,
 * `toJSON`
 */
export function struct<const Name extends string, const F extends Fields>(name: Name, fields: F): StructType<F, Name> {
  const type = Object.freeze({ name, fields: Object.freeze({ ...fields }) });
  checkShape(type);
  return type;
}

/** A plain copy of a view, to keep; an object that is no view is copied field by field. */
export function toObject<T extends object>(view: T): T {
  const copy = (view as { toObject?: unknown }).toObject;
  return (typeof copy === 'function' ? copy.call(view) : { ...view }) as T;
}
