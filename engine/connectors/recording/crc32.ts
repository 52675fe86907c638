/** CRC-32 (IEEE 802.3, reflected), for hosts whose zlib does not offer it. Same arguments as zlib.crc32. */

const POLYNOMIAL = 0xedb88320;
const SLICES = 8;
const BYTE_VALUES = 256;

/** tables[k][b]: the CRC of byte b followed by k zero bytes; eight bytes are then eight look-ups. */
const tables: readonly Uint32Array[] = buildTables();

function buildTables(): Uint32Array[] {
  const built = Array.from({ length: SLICES }, () => new Uint32Array(BYTE_VALUES));
  for (let byte = 0; byte < BYTE_VALUES; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    (built[0] as Uint32Array)[byte] = value >>> 0;
  }
  for (let slice = 1; slice < SLICES; slice += 1) {
    for (let byte = 0; byte < BYTE_VALUES; byte += 1) {
      const before = (built[slice - 1] as Uint32Array)[byte];
      (built[slice] as Uint32Array)[byte] = (built[0] as Uint32Array)[before & 255] ^ (before >>> 8);
    }
  }
  return built;
}

/** @param value CRC of what came before, 0 at the start */
export function crc32(data: Uint8Array, value = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as unknown as readonly [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let crc = ~value;
  let at = 0;
  const eights = data.length - (data.length % SLICES);
  for (; at < eights; at += SLICES) {
    const low = crc ^ (data[at] | (data[at + 1] << 8) | (data[at + 2] << 16) | (data[at + 3] << 24));
    crc =
      t7[low & 255] ^
      t6[(low >>> 8) & 255] ^
      t5[(low >>> 16) & 255] ^
      t4[low >>> 24] ^
      t3[data[at + 4]] ^
      t2[data[at + 5]] ^
      t1[data[at + 6]] ^
      t0[data[at + 7]];
  }
  for (; at < data.length; at += 1) crc = t0[(crc ^ data[at]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}
