import type { StoreError } from '../../contract/durable-store.ts';
import type { Sha256 } from '../../core/bytes.ts';
import type { Entry } from './copy-catalogue.ts';
import { unsealValue } from './sealed-value.ts';
import { asStoreError, type TimedCopy } from './store-copy.ts';

/** A value with the record it came in; or why it cannot be had, and what the copy refused, if it did. */
export type ValueReading =
  | { readonly value: Uint8Array; readonly bytes: Uint8Array }
  | { readonly why: string; readonly error: StoreError | null };

/** Reads a value from one copy, and proves that it is what was written. */
export async function readValue(copy: TimedCopy, entry: Entry, epoch: string, sha256: Sha256): Promise<ValueReading> {
  try {
    const bytes = await copy.get(entry.raw);
    if (bytes === null) return { why: 'it is gone', error: null };
    const sealed = unsealValue(bytes, sha256);
    if (typeof sealed === 'string') return { why: sealed, error: null };
    const fits = sealed.epoch === epoch && sealed.name === entry.name && sealed.sequence === entry.sequence;
    return fits ? { value: sealed.value, bytes } : { why: 'it is another value', error: null };
  } catch (thrown) {
    const error = asStoreError(thrown, copy.where);
    return { why: error.message, error };
  }
}
