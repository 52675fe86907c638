import { fromUtf8, toUtf8 } from '../../core/utf8.ts';
import { StoreError, type DurableStore } from '../../contract/durable-store.ts';
import { CheckpointStorage, type Digest } from './checkpoint-storage.ts';

/**
 * A checkpoint in one file, to be carried elsewhere:
 *
 *   "FLINKTRADE SAVEPOINT 1\n" | header bytes, 10 digits | "\n" | header JSON | SHA-256 of the header, 64 digits | "\n" |
 *   the values the header names, one after the other
 */
const FIRST_LINE = 'FLINKTRADE SAVEPOINT 1\n';
const LENGTH_DIGITS = 10;
const SHA_CHARACTERS = 64;

interface SavepointHeader {
  readonly version: 1;
  readonly checkpointId: number;
  readonly createdAtMs: number;
  readonly values: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
}

/** @throws StoreError when there is no such checkpoint, or a part of it is gone */
export async function exportSavepoint(store: DurableStore, digest: Digest, checkpointId: number): Promise<Uint8Array> {
  const storage = new CheckpointStorage(store, digest, 1);
  const { createdAtMs, names } = await storage.valuesOf(checkpointId);
  const values: Uint8Array[] = [];
  for (const name of names) {
    const bytes = await store.get(name);
    if (bytes === null)
      throw new StoreError('damaged', name, `Checkpoint ${checkpointId} needs ${name}, which is gone.`);
    values.push(bytes);
  }
  const header: SavepointHeader = {
    version: 1,
    checkpointId,
    createdAtMs,
    values: values.map((bytes, index) => ({ name: names[index], bytes: bytes.length, sha256: digest(bytes) })),
  };
  const text = toUtf8.encode(JSON.stringify(header));
  const head = toUtf8.encode(`${FIRST_LINE}${String(text.length).padStart(LENGTH_DIGITS, '0')}\n`);
  return joined([head, text, toUtf8.encode(`${digest(text)}\n`), ...values]);
}

/**
 * Puts a savepoint into a store that has no checkpoint yet; its manifest last.
 * @param where name of the file, for messages
 * @returns the checkpoint's id
 * @throws StoreError `damaged` for a file that is not what was written, `failed` for a store that is in use already
 */
export async function importSavepoint(
  store: DurableStore,
  digest: Digest,
  file: Uint8Array,
  where: string,
): Promise<number> {
  const { header, dataAt } = readHeader(file, digest, where);
  if ((await store.list('checkpoints/')).length > 0) {
    throw new StoreError('failed', where, 'There are checkpoints already: a savepoint starts a folder that has none.');
  }
  let at = dataAt;
  const values = header.values.map(({ name, bytes, sha256 }) => {
    const value = file.subarray(at, at + bytes);
    at += bytes;
    if (value.length !== bytes || digest(value) !== sha256)
      throw new StoreError('damaged', where, `${name} in ${where} is not what was written, or the file was cut off.`);
    return { name, value };
  });
  const isManifest = (name: string): boolean => name.endsWith('/manifest');
  for (const { name, value } of values) if (!isManifest(name)) await store.put(name, value);
  for (const { name, value } of values) if (isManifest(name)) await store.put(name, value);
  return header.checkpointId;
}

function readHeader(file: Uint8Array, digest: Digest, where: string): { header: SavepointHeader; dataAt: number } {
  const damaged = (what: string): StoreError => new StoreError('damaged', where, `${where} cannot be used: ${what}.`);
  const lengthAt = FIRST_LINE.length;
  if (fromUtf8.decode(file.subarray(0, lengthAt)) !== FIRST_LINE)
    throw damaged('it is no savepoint of FlinkTrade, or one of another version');
  const headerAt = lengthAt + LENGTH_DIGITS + 1;
  const length = Number(fromUtf8.decode(file.subarray(lengthAt, headerAt - 1)));
  const text = file.subarray(headerAt, headerAt + length);
  const sha256 = fromUtf8.decode(file.subarray(headerAt + length, headerAt + length + SHA_CHARACTERS));
  if (!Number.isSafeInteger(length) || text.length !== length || digest(text) !== sha256)
    throw damaged('its header is not what was written');
  return {
    header: JSON.parse(fromUtf8.decode(text)) as SavepointHeader,
    dataAt: headerAt + length + SHA_CHARACTERS + 1,
  };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
