import { StoreError } from '../../contract/durable-store.ts';
import type { StoreEvent } from '../../contract/store-events.ts';
import { firstSum } from './copy-catalogue.ts';
import { decide, lookAround, type CopyVerdict, type Opening } from './mirrored-opening.ts';
import { MirroredStore } from './mirrored-store.ts';
import type { MirroredStoreOptions } from './mirrored-types.ts';
import { asSentence, asStoreError, TimedCopy, type StoreCopy } from './store-copy.ts';

/** A copy that is silent for so long has failed: an ordinary disk answers within a tenth of a second, a busy one in a few. */
const ANSWER_MS_MAX = 20_000;

export interface OpenMirroredOptions extends MirroredStoreOptions {
  readonly copies: readonly [StoreCopy, StoreCopy];
  /** 32 hexadecimal digits that nobody else ever gets: the name of a store that is born now. */
  readonly newEpoch: () => string;
  readonly answerMsMax?: number;
}

/**
 * Opens a store of two copies and a mark. Whatever one copy lost is brought back from the other, and said by events; the
 * store can be used while a copy is being rebuilt (`settled` tells when that is done).
 * @throws StoreError `lost`: neither copy is what the mark says, nothing was changed; `newer`, `locked`, `full`, `failed`
 */
export async function openMirroredStore(options: OpenMirroredOptions): Promise<MirroredStore> {
  const limitMs = options.answerMsMax ?? ANSWER_MS_MAX;
  const copies = options.copies.map((copy) => new TimedCopy(copy, limitMs, options.startTimer));
  try {
    const findings = await lookAround(options.where, copies, options.mark, options.sha256);
    const opening = decide(findings, options.sha256);
    return opening.kind === 'fresh'
      ? await giveBirth(options, copies, opening.epoch ?? options.newEpoch())
      : await takeUp(options, copies, opening);
  } catch (error) {
    await Promise.all(copies.map((copy) => copy.close()));
    throw asStoreError(error, options.where);
  }
}

async function giveBirth(
  options: OpenMirroredOptions,
  copies: readonly TimedCopy[],
  epoch: string,
): Promise<MirroredStore> {
  const content = { epoch, head: 0, headRaw: null, sum: firstSum(epoch, options.sha256), entries: new Map() };
  const store = new MirroredStore(options, copies, content);
  const { raw, bytes } = store.birthRecord();
  for (const copy of copies) {
    await copy.put(raw, bytes);
    store.serve(copy);
  }
  await store.writeMark();
  tell(options, 'fresh-start', 'note', `${options.where} was empty: a new store begins.`);
  return store;
}

async function takeUp(
  options: OpenMirroredOptions,
  copies: readonly TimedCopy[],
  { content, verdicts, mark, joined }: Extract<Opening, { kind: 'found' }>,
): Promise<MirroredStore> {
  const store = new MirroredStore(options, copies, content);
  const sources = verdicts.filter(({ action }) => action !== 'rebuild').map(({ copy }) => copy);
  const toRebuild = verdicts.filter(({ action }) => action === 'rebuild');
  for (const verdict of verdicts.filter(({ action }) => action !== 'rebuild')) {
    try {
      if (verdict.action === 'catch-up') await catchUp(options, store, verdict, sources, joined);
      store.serve(verdict.copy);
    } catch (error) {
      // Without its twin there is nothing it could be rebuilt from.
      if (joined || sources.length === 1) throw error;
      toRebuild.push({ ...verdict, action: 'rebuild', why: `failed while it was opened: ${String(error)}` });
    }
  }
  if (toRebuild.length === copies.length) {
    throw new StoreError(
      'failed',
      options.where,
      `${options.where} could be read, but neither copy could be put in order.`,
    );
  }
  await store.writeMark();
  sayWhatWasFound(options, store, content.head, mark, toRebuild);
  for (const { copy, found, why } of toRebuild) {
    const inPlace = found.kind === 'empty' || (found.kind === 'broken' && found.unfinished);
    store.rebuild(copy, inPlace, why);
  }
  return store;
}

async function catchUp(
  options: OpenMirroredOptions,
  store: MirroredStore,
  { copy, found, why }: CopyVerdict,
  sources: readonly TimedCopy[],
  joined: boolean,
): Promise<void> {
  await store.align(copy, sources);
  if (joined) {
    tell(
      options,
      'copies-joined',
      'warning',
      `${copy.where} ${why}; what it lacked was in the other copy.`,
      copy.label,
    );
  } else if (why !== '' && found.kind === 'whole') {
    tell(options, 'copy-caught-up', 'note', `${copy.where} ${why}; it was given the rest.`, copy.label);
  }
}

function sayWhatWasFound(
  options: OpenMirroredOptions,
  store: MirroredStore,
  head: number,
  mark: Extract<Opening, { kind: 'found' }>['mark'],
  toRebuild: readonly CopyVerdict[],
): void {
  const { where } = options;
  if (mark.kind !== 'read') {
    const words = mark.kind === 'missing' ? 'is gone' : 'is damaged';
    const proof =
      toRebuild.length === 0 ? 'Both copies agree' : 'One copy is whole; whether it is the newest cannot be proven';
    tell(
      options,
      'mark-rewritten',
      'warning',
      `The mark ${options.mark.where} ${words}. ${proof}; it was written anew.`,
    );
  } else if (toRebuild.length > 0 && mark.record.sequence < head) {
    const message =
      `One copy of ${where} is lost, and the mark is older than the other: it was written at number ${mark.record.sequence}, ` +
      `the copy ends at ${head}. What was stored in the last moment before the fault may be missing.`;
    tell(options, 'tail-unsure', 'warning', message);
  }
  for (const { copy, found, why } of toRebuild) {
    const message = `${copy.where} ${why}. It is rebuilt from the other copy.`;
    if (found.kind === 'empty') tell(options, 'copy-failed', 'warning', message, copy.label);
  }
  const { values } = store.status;
  tell(options, 'opened', 'note', `${where} is open: ${values} values, up to writing ${head}.`);
}

function tell(
  options: OpenMirroredOptions,
  kind: StoreEvent['kind'],
  severity: StoreEvent['severity'],
  message: string,
  copy: string | null = null,
): void {
  options.onEvent({ kind, severity, copy, message: asSentence(message) });
}
