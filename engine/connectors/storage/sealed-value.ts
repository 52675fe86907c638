import { asciiBytes, asciiText, fromHex, toHex, type Sha256 } from '../../core/bytes.ts';
import { assert } from '../../core/assert.ts';

/**
 * How a value lies in a copy. IndexedDB gives back flipped bytes without a word, and a store that was emptied may hold
 * another's value under a known name; hence a value says what it is and proves it. Little endian:
 *
 *    0   6  "FTSEAL"
 *    6   2  version of this layout, 1
 *    8  16  epoch of the store
 *   24   8  sequence of the writing
 *   32   4  bytes of the name
 *   36   4  bytes of the value
 *   40  32  SHA-256 of bytes 0..39, name and value
 *   72      name, value
 */
const MAGIC = asciiBytes('FTSEAL');
export const SEAL_VERSION = 1;
const HASH_AT = 40;
const HASH_BYTES = 32;
const NAME_AT = HASH_AT + HASH_BYTES;

export interface Sealed {
  readonly epoch: string;
  readonly sequence: number;
  readonly name: string;
  readonly value: Uint8Array;
}

/** @returns the bytes to store, and their hash */
export function sealValue(sealed: Sealed, sha256: Sha256): { readonly bytes: Uint8Array; readonly hash: string } {
  const { epoch, sequence, name, value } = sealed;
  const bytes = new Uint8Array(NAME_AT + name.length + value.length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC, 0);
  view.setUint16(6, SEAL_VERSION, true);
  const epochBytes = fromHex(epoch);
  assert(epochBytes.length === 16, `An epoch is 32 hexadecimal digits; found "${epoch}".`);
  bytes.set(epochBytes, 8);
  view.setBigUint64(24, BigInt(sequence), true);
  view.setUint32(32, name.length, true);
  view.setUint32(36, value.length, true);
  bytes.set(asciiBytes(name), NAME_AT);
  bytes.set(value, NAME_AT + name.length);
  const hash = sha256([bytes.subarray(0, HASH_AT), bytes.subarray(NAME_AT)]);
  bytes.set(hash, HASH_AT);
  return { bytes, hash: toHex(hash) };
}

/** @returns what was sealed (its value is a view into `bytes`), or in words why it is not whole */
export function unsealValue(bytes: Uint8Array, sha256: Sha256): (Sealed & { readonly hash: string }) | string {
  if (bytes.length < NAME_AT) return `it has ${bytes.length} bytes, fewer than a seal`;
  for (let index = 0; index < MAGIC.length; index += 1)
    if (bytes[index] !== MAGIC[index]) return 'it does not begin with a seal';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint16(6, true);
  if (version !== SEAL_VERSION) return `its seal has version ${version}, expected ${SEAL_VERSION}`;
  const nameBytes = view.getUint32(32, true);
  const valueBytes = view.getUint32(36, true);
  if (bytes.length !== NAME_AT + nameBytes + valueBytes) {
    return `it has ${bytes.length} bytes where its seal says ${NAME_AT + nameBytes + valueBytes}`;
  }
  const hash = toHex(sha256([bytes.subarray(0, HASH_AT), bytes.subarray(NAME_AT)]));
  if (hash !== toHex(bytes.subarray(HASH_AT, NAME_AT))) return 'its bytes do not fit its hash';
  return {
    epoch: toHex(bytes.subarray(8, 24)),
    sequence: Number(view.getBigUint64(24, true)),
    name: asciiText(bytes.subarray(NAME_AT, NAME_AT + nameBytes)),
    value: bytes.subarray(NAME_AT + nameBytes),
    hash,
  };
}
