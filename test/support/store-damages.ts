import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** What happens to the files of an IndexedDB: each line of the table in the study of what Chromium makes of it. */
export interface StoreDamage {
  readonly what: string;
  /** @param partition `<userData>/Partitions/vault-a` */
  readonly inflict: (partition: string) => void;
  /** Nothing is really lost: a store that takes it for damage, or does not notice, is right. */
  readonly harmless?: true;
  /** Only values are damaged, one by one; the others are there, in both copies. */
  readonly onlyValues?: true;
}

const levelDb = (partition: string): string => join(partition, 'IndexedDB', 'app_vault_0.indexeddb.leveldb');

function filesIn(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) throw new Error(`There is no ${folder}.`);
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .sort((left, right) => statSync(right).size - statSync(left).size);
  if (found.length === 0) throw new Error(`Nothing in ${folder} fits ${pattern}: the damage would prove nothing.`);
  return found;
}

const logOf = (partition: string): string => filesIn(levelDb(partition), /\.log$/)[0] ?? '';
const tableOf = (partition: string): string => filesIn(levelDb(partition), /\.ldb$/)[0] ?? '';
const manifestOf = (partition: string): string => filesIn(levelDb(partition), /MANIFEST-\d+$/)[0] ?? '';
const blobOf = (partition: string): string =>
  filesIn(join(partition, 'IndexedDB', 'app_vault_0.indexeddb.blob'), /./)[0] ?? '';

function cut(file: string, bytes: number): void {
  truncateSync(file, Math.max(0, statSync(file).size - bytes));
}

function overwrite(file: string, from: number, bytes: number, value: (index: number) => number): void {
  const content = readFileSync(file);
  for (let index = Math.max(0, from); index < Math.min(content.length, from + bytes); index += 1)
    content[index] = value(index);
  writeFileSync(file, content);
}

const flip = (file: string, at: number, bytes: number): void => {
  const before = readFileSync(file);
  overwrite(file, at, bytes, (index) => (before[index] ?? 0) ^ 0x55);
};
const sizeOf = (file: string): number => statSync(file).size;

export const storeDamages: readonly StoreDamage[] = [
  ...[1, 7, 37, 1_000].map((bytes) => ({
    what: `log tail cut by ${bytes}`,
    inflict: (at: string) => cut(logOf(at), bytes),
  })),
  {
    what: 'last 4 KB of the log zeroed',
    inflict: (at) => overwrite(logOf(at), sizeOf(logOf(at)) - 4_096, 4_096, () => 0),
  },
  {
    what: 'last 300 bytes of the log garbage',
    inflict: (at) => overwrite(logOf(at), sizeOf(logOf(at)) - 300, 300, (index) => (index * 89) & 255),
  },
  {
    what: '4 KB of zeros behind the log',
    harmless: true,
    inflict: (at) => appendFileSync(logOf(at), new Uint8Array(4_096)),
  },
  { what: 'log emptied', inflict: (at) => truncateSync(logOf(at), 0) },
  { what: 'log deleted', inflict: (at) => rmSync(logOf(at)) },
  {
    what: 'one byte flipped in a table',
    harmless: true,
    inflict: (at) => flip(tableOf(at), sizeOf(tableOf(at)) >> 1, 1),
  },
  { what: 'MANIFEST truncated', inflict: (at) => truncateSync(manifestOf(at), sizeOf(manifestOf(at)) >> 1) },
  { what: 'MANIFEST deleted', inflict: (at) => rmSync(manifestOf(at)) },
  { what: 'CURRENT garbage', inflict: (at) => writeFileSync(join(levelDb(at), 'CURRENT'), 'garbage\n') },
  { what: 'CURRENT deleted', inflict: (at) => rmSync(join(levelDb(at), 'CURRENT')) },
  { what: 'table cut by half', inflict: (at) => truncateSync(tableOf(at), sizeOf(tableOf(at)) >> 1) },
  { what: 'file of a big value deleted', onlyValues: true, inflict: (at) => rmSync(blobOf(at)) },
  { what: 'file of a big value flipped', onlyValues: true, inflict: (at) => flip(blobOf(at), 1_000, 100) },
  { what: 'the whole folder deleted', inflict: (at) => rmSync(join(at, 'IndexedDB'), { recursive: true }) },
];
