import type { Digest } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import type { MemoryDisk } from '../support/memory-store.ts';

interface ManifestOnDisk {
  readonly id: number;
  readonly operators: Readonly<
    Record<string, { readonly keyGroups: readonly (readonly [number, string, number, number, string])[] }>
  >;
}

/**
 * Reads what lies on the disk without the engine's help.
 * @param isWanted whether one may be taken
 * @returns the newest checkpoint whose every byte is as it was written, -1: none
 */
export function newestWhole(disk: MemoryDisk, digest: Digest, isWanted: (id: number) => boolean): number {
  const whole = [...disk.values.keys()]
    .filter((name) => /^checkpoints\/\d+\/manifest$/.test(name))
    .map((name) => Number(name.split('/')[1]))
    .filter((id) => isWanted(id) && isWhole(disk, digest, id));
  return Math.max(-1, ...whole);
}

function isWhole(disk: MemoryDisk, digest: Digest, id: number): boolean {
  const bytes = disk.values.get(`checkpoints/${String(id).padStart(10, '0')}/manifest`);
  if (bytes === undefined) return false;
  const [body, sha, ...more] = Buffer.from(bytes).toString('utf8').split('\n');
  if (more.length > 0 || digest(Buffer.from(body)) !== sha) return false;
  const manifest = JSON.parse(body) as ManifestOnDisk;
  return Object.values(manifest.operators)
    .flatMap(({ keyGroups }) => keyGroups)
    .every(([, value, offset, length, expected]) => {
      const pack = disk.values.get(value);
      return pack !== undefined && digest(pack.slice(offset, offset + length)) === expected;
    });
}
