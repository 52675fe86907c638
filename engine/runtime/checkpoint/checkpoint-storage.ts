import { fromUtf8, toUtf8 } from '../../core/utf8.ts';
import { StoreError, type DurableStore } from '../../contract/durable-store.ts';
import { decodePlain, encodePlain } from '../../memory/plain-text.ts';
import type { KeyedOperatorSnapshot } from '../operators/keyed-snapshot.ts';
import type { OperatorRestore } from '../operators/keyed-restore.ts';
import type { SourceThreadState } from './acknowledgement.ts';
import { ValuePacker } from './value-packer.ts';

/** SHA-256 in hexadecimal. */
export type Digest = (bytes: Uint8Array) => string;

/** All parts of a checkpoint, before they are stored. */
export interface CheckpointParts {
  readonly id: number;
  /** A savepoint was asked for by somebody and stays until somebody removes it. */
  readonly kind: 'checkpoint' | 'savepoint';
  readonly createdAtMs: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly operators: readonly KeyedOperatorSnapshot[];
  readonly source: SourceThreadState;
  /** By uid: what each sink prepared. */
  readonly sinks: Readonly<Record<string, unknown>>;
  /** What whoever runs the job wants to find again: plain data. */
  readonly application: unknown;
  /** Values put by sinks that must stay as long as this checkpoint does. */
  readonly values: readonly string[];
}

export interface StoredCheckpoint {
  readonly id: number;
  readonly bytes: number;
  /** Of these, written anew; the rest is as it was at the checkpoint before. */
  readonly newBytes: number;
  readonly keys: number;
}

/** Where the bytes of one key group are: in which value, from where, how many, and what they must be. */
export type KeyGroupPlace = readonly [keyGroup: number, value: string, offset: number, bytes: number, sha256: string];

interface OperatorManifest {
  readonly keyGroups: readonly KeyGroupPlace[];
  readonly broadcast: string;
  readonly operatorStates: readonly string[];
  readonly keys: number;
}

interface Manifest {
  readonly format: 'flinktrade-checkpoint';
  readonly version: number;
  readonly id: number;
  readonly kind: 'checkpoint' | 'savepoint';
  readonly createdAtMs: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly operators: Readonly<Record<string, OperatorManifest>>;
  /** encodePlain */
  readonly source: string;
  readonly sinks: string;
  readonly application: string;
  readonly values: readonly string[];
}

/** A checkpoint whose every byte was found as it was written. */
export interface RestoredCheckpoint {
  readonly id: number;
  readonly createdAtMs: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly operators: Readonly<Record<string, OperatorRestore>>;
  readonly source: SourceThreadState;
  readonly sinks: Readonly<Record<string, unknown>>;
  readonly application: unknown;
  readonly values: readonly string[];
}

/** A checkpoint that is there and cannot be used, and why. */
export interface RefusedCheckpoint {
  readonly id: number;
  readonly problem: string;
}

/** Version 1 had no schema versions in its states; it is read. */
export const CHECKPOINT_VERSION = 2;
const FOLDER = 'checkpoints';
const ID_DIGITS = 10;
/** Key groups that did not change are written again after so many checkpoints, so that old values can go. */
const REUSED_FOR_MAX = 32;
const SHA_CHARACTERS = 64;

/**
 * Checkpoints in a durable store:
 *
 *   checkpoints/0000000042/state-0     bytes of key groups that changed since the checkpoint before
 *   checkpoints/0000000042/manifest    everything else, and where each key group's bytes are; put last
 *
 * A checkpoint is there when its manifest is. The manifest ends in its own SHA-256 and has one for every key group.
 * One writer.
 */
export class CheckpointStorage {
  private readonly store: DurableStore;
  private readonly digest: Digest;
  private readonly retained: number;
  /** Newest last. */
  private manifests: Manifest[] = [];
  /** Checkpoints that were found damaged: they go as those do that are whole. */
  private damaged: readonly number[] = [];
  /** A checkpoint of a newer program was found: what it needs is not known here, so nothing is removed. */
  private keepsAll = false;
  /** The newest id that a write began with. */
  private newestWrite = -Infinity;

  /** @param retained complete checkpoints kept, 1 or more; savepoints are not counted */
  constructor(store: DurableStore, digest: Digest, retained: number) {
    this.store = store;
    this.digest = digest;
    this.retained = retained;
  }

  /**
   * Resolves once the checkpoint would survive a power cut. A write that a store holds up may be given up and overtaken by
   * the next one; it then goes no further when its store answers at last, for what it builds on may be gone.
   * @throws StoreError
   */
  async write(parts: CheckpointParts, pause: () => Promise<void> = () => Promise.resolve()): Promise<StoredCheckpoint> {
    this.newestWrite = Math.max(this.newestWrite, parts.id);
    const blobs = parts.operators.flatMap((snapshot) => snapshot.keyGroups);
    const size = blobs.reduce((sum, { bytes: blob }) => sum + blob.length, 0);
    const packer = new ValuePacker(this.store, folderOf(parts.id), size);
    const known = this.knownPlaces(parts.id);
    const operators: Record<string, OperatorManifest> = {};
    let keys = 0;
    for (const [uid, snapshots] of byUid(parts.operators)) {
      const places: KeyGroupPlace[] = [];
      for (const { keyGroup, bytes: blob } of snapshots.flatMap((snapshot) => snapshot.keyGroups)) {
        const sha256 = this.digest(await packer.add(blob));
        const reused = known.get(`${uid} ${keyGroup} ${sha256}`);
        if (reused !== undefined) packer.takeBack();
        places.push(reused ?? [keyGroup, packer.name, packer.lastOffset, blob.length, sha256]);
        await pause();
      }
      const own = snapshots.reduce((sum, snapshot) => sum + snapshot.keys, 0);
      keys += own;
      operators[uid] = {
        keyGroups: places.sort(([left], [right]) => left - right),
        broadcast: snapshots[0].broadcast,
        operatorStates: snapshots.map(({ operatorState }) => operatorState),
        keys: own,
      };
    }
    await packer.flush();
    this.checkNotOvertaken(parts.id);
    const manifest = manifestOf(parts, operators);
    const text = JSON.stringify(manifest);
    const sealed = toUtf8.encode(`${text}\n${this.digest(toUtf8.encode(text))}`);
    await this.store.put(`${folderOf(parts.id)}/manifest`, sealed);
    this.manifests.push(manifest);
    this.manifests.sort((left, right) => left.id - right.id);
    // Old ones go when the newest write is through: another one may be building on them.
    if (this.newestWrite === parts.id) await this.forgetOld();
    return { id: parts.id, bytes: size + sealed.length, newBytes: packer.written + sealed.length, keys };
  }

  /**
   * The newest checkpoint that is whole. Newer ones that are not are named, with what is wrong with them; they stay where
   * they are until newer complete ones push them out, and those of a newer program stay for good.
   * @param use decides whether a checkpoint can be used; it returns why not
   */
  async latest(
    use: (checkpoint: RestoredCheckpoint) => Promise<string | null> = () => Promise.resolve(null),
  ): Promise<{ readonly checkpoint: RestoredCheckpoint | null; readonly refused: readonly RefusedCheckpoint[] }> {
    const refused: RefusedCheckpoint[] = [];
    const ids = await this.ids();
    let found: RestoredCheckpoint | null = null;
    const damaged: number[] = [];
    this.manifests = [];
    this.keepsAll = false;
    for (const id of ids.reverse()) {
      try {
        const manifest = await this.readManifest(id);
        if (found === null) {
          const checkpoint = await this.load(manifest);
          const problem = await use(checkpoint);
          if (problem === null) found = checkpoint;
          else refused.push({ id, problem });
        }
        this.manifests.unshift(manifest);
      } catch (error) {
        refused.push({ id, problem: (error as Error).message });
        const kind = error instanceof StoreError ? error.kind : null;
        if (kind === 'newer') this.keepsAll = true;
        else if (kind === 'damaged') damaged.push(id);
      }
    }
    this.damaged = damaged;
    return { checkpoint: found, refused };
  }

  /** Ids of all checkpoints that have a manifest, in order. */
  async ids(): Promise<number[]> {
    const names = await this.store.list(`${FOLDER}/`);
    return names.filter((name) => name.endsWith('/manifest')).map((name) => Number(name.split('/')[1]));
  }

  /** Names of everything a checkpoint needs, its manifest included. @throws StoreError */
  async valuesOf(id: number): Promise<{ readonly createdAtMs: number; readonly names: readonly string[] }> {
    const manifest = await this.readManifest(id);
    return { createdAtMs: manifest.createdAtMs, names: [...valuesOf(manifest), `${folderOf(id)}/manifest`] };
  }

  /** An id that no checkpoint had yet, complete or not. */
  async nextId(): Promise<number> {
    const names = await this.store.list(`${FOLDER}/`);
    return 1 + Math.max(0, ...names.map((name) => Number(name.split('/')[1])));
  }

  async readManifest(id: number): Promise<Manifest> {
    const name = `${folderOf(id)}/manifest`;
    const bytes = await this.store.get(name);
    if (bytes === null) throw new StoreError('damaged', name, `Checkpoint ${id} has no manifest.`);
    const text = fromUtf8.decode(bytes);
    const body = text.slice(0, -SHA_CHARACTERS - 1);
    if (this.digest(toUtf8.encode(body)) !== text.slice(-SHA_CHARACTERS))
      throw new StoreError('damaged', name, `The manifest of checkpoint ${id} is not what was written.`);
    const manifest = JSON.parse(body) as Manifest;
    if (!(manifest.version >= 1 && manifest.version <= CHECKPOINT_VERSION)) {
      throw new StoreError(
        'newer',
        name,
        `Checkpoint ${id} has version ${String(manifest.version)}; this program reads versions up to ${CHECKPOINT_VERSION}. It was left as it is: use the program that wrote it, or a newer one.`,
      );
    }
    return manifest;
  }

  private async load(manifest: Manifest): Promise<RestoredCheckpoint> {
    const packs = await this.loadPacks(manifest);
    const operators: Record<string, OperatorRestore> = {};
    for (const [uid, operator] of Object.entries(manifest.operators)) {
      const keyGroups = operator.keyGroups.map(([keyGroup, value, offset, bytes]) => ({
        keyGroup,
        bytes: (packs.get(value) as Uint8Array).subarray(offset, offset + bytes),
      }));
      operators[uid] = { keyGroups, broadcast: operator.broadcast, operatorStates: operator.operatorStates };
    }
    const { id, createdAtMs, parallelism, maxParallelism, values } = manifest;
    return {
      id,
      createdAtMs,
      parallelism,
      maxParallelism,
      operators,
      source: decodePlain(manifest.source) as SourceThreadState,
      sinks: decodePlain(manifest.sinks) as Record<string, unknown>,
      application: decodePlain(manifest.application),
      values,
    };
  }

  /** The values that a checkpoint's key groups are in, every key group verified, in memory that threads share. */
  private async loadPacks(manifest: Manifest): Promise<Map<string, Uint8Array>> {
    const packs = new Map<string, Uint8Array>();
    const places = Object.entries(manifest.operators).flatMap(([uid, { keyGroups }]) =>
      keyGroups.map((place) => [uid, place] as const),
    );
    const names = [...new Set(places.map(([, [, name]]) => name))];
    let next: Promise<Uint8Array> | null = null;
    for (const [index, value] of names.entries()) {
      const pack: Uint8Array = await (next ?? this.getWhole(manifest.id, value));
      // The store reads the next one while this one is verified.
      next = index + 1 < names.length ? this.getWhole(manifest.id, names[index + 1]) : null;
      next?.catch(() => undefined);
      for (const [uid, [keyGroup, name, offset, bytes, sha256]] of places) {
        // Before it is shared: Node's hash does not take shared memory.
        if (name === value && this.digest(pack.subarray(offset, offset + bytes)) !== sha256) {
          throw new StoreError(
            'damaged',
            value,
            `Key group ${keyGroup} of operator '${uid}' in checkpoint ${manifest.id} is not what was written.`,
          );
        }
      }
      packs.set(value, shared(pack));
    }
    return packs;
  }

  private async getWhole(id: number, value: string): Promise<Uint8Array> {
    const bytes = await this.store.get(value);
    if (bytes === null) throw new StoreError('damaged', value, `Checkpoint ${id} needs ${value}, which is not there.`);
    return bytes;
  }

  /** A value that a manifest names, whole. @throws StoreError when it is not there */
  async readValue(name: string): Promise<Uint8Array> {
    const bytes = await this.store.get(name);
    if (bytes === null) throw new StoreError('damaged', name, `${name} is not there.`);
    return bytes;
  }

  /** The bytes of one key group, as they were written. @param value where they lie; @throws StoreError */
  keyGroupBytes([keyGroup, name, offset, bytes, sha256]: KeyGroupPlace, value: Uint8Array): Uint8Array {
    // A copy that begins where its words can be read.
    const blob = new Uint8Array(value.subarray(offset, offset + bytes));
    if (this.digest(blob) !== sha256)
      throw new StoreError('damaged', name, `Key group ${keyGroup} is not what was written.`);
    return blob;
  }

  private checkNotOvertaken(id: number): void {
    if (this.newestWrite === id) return;
    throw new StoreError(
      'failed',
      folderOf(id),
      `Checkpoint ${id} was overtaken by checkpoint ${this.newestWrite} while the store held it up; it was not completed.`,
    );
  }

  private knownPlaces(id: number): Map<string, KeyGroupPlace> {
    const known = new Map<string, KeyGroupPlace>();
    const before = this.manifests.at(-1);
    if (before === undefined) return known;
    for (const [uid, { keyGroups }] of Object.entries(before.operators)) {
      for (const place of keyGroups) {
        const writtenAt = Number(place[1].split('/')[1]);
        if (id - writtenAt < REUSED_FOR_MAX) known.set(`${uid} ${place[0]} ${place[4]}`, place);
      }
    }
    return known;
  }

  /** Manifests go first: what they alone pointed at is removed afterwards, so that no checkpoint is ever half there. */
  private async forgetOld(): Promise<void> {
    if (this.keepsAll) return;
    const complete = this.manifests.filter(({ kind }) => kind === 'checkpoint');
    const old = complete.slice(0, Math.max(0, complete.length - this.retained));
    const oldestKept = complete[old.length]?.id ?? -Infinity;
    const damaged = complete.length < this.retained ? [] : this.damaged.filter((id) => id < oldestKept);
    const gone = [...old.map(({ id }) => id), ...damaged];
    if (gone.length === 0) return;
    this.manifests = this.manifests.filter((manifest) => !old.includes(manifest));
    this.damaged = this.damaged.filter((id) => !damaged.includes(id));
    await this.store.remove(gone.map((id) => `${folderOf(id)}/manifest`));
    const used = new Set(this.manifests.flatMap(valuesOf));
    const newestGone = Math.max(...gone);
    const names = await this.store.list(`${FOLDER}/`);
    const unused = names.filter(
      (name) => !name.endsWith('/manifest') && Number(name.split('/')[1]) <= newestGone && !used.has(name),
    );
    const dropped = [...new Set(old.flatMap(({ values }) => values))].filter((name) => !used.has(name));
    await this.store.remove([...unused, ...dropped]);
  }
}

function valuesOf(manifest: Manifest): string[] {
  const places = Object.values(manifest.operators).flatMap(({ keyGroups }) => keyGroups.map(([, value]) => value));
  return [...manifest.values, ...new Set(places)];
}

function folderOf(id: number): string {
  return `${FOLDER}/${String(id).padStart(ID_DIGITS, '0')}`;
}

function manifestOf(parts: CheckpointParts, operators: Readonly<Record<string, OperatorManifest>>): Manifest {
  const { id, kind, createdAtMs, parallelism, maxParallelism, values } = parts;
  return {
    format: 'flinktrade-checkpoint',
    version: CHECKPOINT_VERSION,
    id,
    kind,
    createdAtMs,
    parallelism,
    maxParallelism,
    operators,
    source: encodePlain(parts.source),
    sinks: encodePlain(parts.sinks),
    application: encodePlain(parts.application),
    values,
  };
}

/** Snapshots of each operator, in the order of the subtasks. */
function byUid(snapshots: readonly KeyedOperatorSnapshot[]): Map<string, KeyedOperatorSnapshot[]> {
  const found = new Map<string, KeyedOperatorSnapshot[]>();
  for (const snapshot of [...snapshots].sort((left, right) => left.subtaskIndex - right.subtaskIndex))
    found.set(snapshot.uid, [...(found.get(snapshot.uid) ?? []), snapshot]);
  return found;
}

/** Every thread that restores looks at the same bytes. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
