/**
 * What persistence offers the engine: named values that are there after a crash. The same for a folder, for the vault in
 * IndexedDB and for memory in a simulation. A value is written whole or not at all; there is no order between two calls
 * that were not awaited, so whatever points at other values (a manifest) is put after they were acknowledged.
 *
 * Names are segments of `a-z 0-9 . _ -` joined by `/`; `list` gives them in code-unit order, so numbers in them are padded.
 */
export interface DurableStore {
  /** Resolves once the value would survive a power cut. After a rejection it may or may not be there. @throws StoreError */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** null: there is no such value. @throws StoreError `damaged` when what is there is not what was put */
  get(name: string): Promise<Uint8Array | null>;
  /** Names that begin with `prefix`, in code-unit order. */
  list(prefix: string): Promise<readonly string[]>;
  /** Names that are not there are no mistake. */
  remove(names: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * `full`: no room; nothing that was acknowledged is lost, try again when there is. `damaged`: a value is not what was put.
 * `lost`: the store as a whole is not what it was when it was last written. `newer`: written by a newer version, left
 * untouched. `locked`: somebody else has it open. `failed`: anything else the machine refused.
 */
export type StoreErrorKind = 'full' | 'damaged' | 'lost' | 'newer' | 'locked' | 'failed';

/** What a store could not do, as a sentence a person can act on. */
export class StoreError extends Error {
  override readonly name: string = 'StoreError';
  readonly kind: StoreErrorKind;
  /** Which store, and which value in it: a path, or `vault A: checkpoints/...`. */
  readonly where: string;

  constructor(kind: StoreErrorKind, where: string, message: string, cause: unknown = null) {
    super(message, cause === null ? undefined : { cause });
    this.kind = kind;
    this.where = where;
  }
}

/** Names may not leave the store's folder, whatever made them. */
export const STORE_NAME = /^[a-z0-9_-][a-z0-9._-]*(\/[a-z0-9_-][a-z0-9._-]*)*$/;
