import { STORE_NAME, StoreError, type DurableStore } from '../../contract/durable-store.ts';
import type { StoreEvent, StoreEventKind } from '../../contract/store-events.ts';
import { assert } from '../../core/assert.ts';
import { asciiBytes } from '../../core/bytes.ts';
import {
  birthName,
  isRemoval,
  rebuildingName,
  removalName,
  shortHash,
  valueName,
  withEntry,
  type Entry,
  type Sum,
} from './copy-catalogue.ts';
import { MarkKeeper } from './mark-keeper.ts';
import { alignCopy, fillCopy, type StoreRecords } from './copy-filling.ts';
import type { MirroredStoreOptions, StoreContent, StoreStatus } from './mirrored-types.ts';
import { sealValue } from './sealed-value.ts';
import { asSentence, asStoreError, type TimedCopy } from './store-copy.ts';
import { MARK_FORMAT, type MarkRecord } from './store-mark.ts';
import { TurnQueue } from './turn-queue.ts';
import { ValueReader, type ReadStore } from './value-reader.ts';

/** Above it a value waits behind smaller ones. A journal block has about 100 KB, a part of a checkpoint megabytes. */
const LIGHT_BYTES_MAX = 512 * 1024;
const REBUILD_AFTER_MS = 1_000;
const REBUILD_AFTER_MS_MAX = 300_000;
/** A segment of a name and what is put behind it must be a file name anywhere: 255. */
const SEGMENT_MAX = 180;

interface Failure {
  readonly copy: TimedCopy;
  readonly error: StoreError;
}

/**
 * One safe store of two unsafe ones. A value counts as stored when every serving copy has it; a copy that fails stops
 * serving, which the mark learns before anything is acknowledged without it, and is filled anew from the other. What is
 * read is proven by its hash, and repaired from the other copy when it is not what was written.
 *
 * Made by `openMirroredStore`. One thread; open until `close`. Writings happen one after the other, small ones first.
 */
export class MirroredStore implements DurableStore {
  readonly #options: MirroredStoreOptions;
  readonly #copies: readonly TimedCopy[];
  readonly #queue = new TurnQueue();
  readonly #mark: MarkKeeper;
  readonly #epoch: string;
  readonly #entries: Map<string, Entry>;
  readonly #reader: ValueReader;
  /** Copies that serve. */
  #live: TimedCopy[] = [];
  #sequence: number;
  #head: number;
  #headRaw: string | null;
  #sum: Sum;
  /** Records of writings that were refused: they must go before the next writing, whose sum does not know them. */
  #refused: string[] = [];
  #garbage: string[] = [];
  #rebuilds = new Map<TimedCopy, Promise<void>>();
  #retries = new Map<TimedCopy, () => void>();
  #rebuildFailures = 0;
  #markMustFollow = false;
  #markFailed = false;
  #closing = false;

  constructor(options: MirroredStoreOptions, copies: readonly TimedCopy[], content: StoreContent) {
    this.#options = options;
    this.#copies = copies;
    this.#epoch = content.epoch;
    this.#entries = new Map(content.entries);
    this.#sequence = content.head;
    this.#head = content.head;
    this.#headRaw = content.headRaw;
    this.#sum = content.sum;
    this.#reader = new ValueReader(this.#readStore());
    const { mark, sha256, clock, startTimer, markEveryMs } = options;
    const onFailed = (error: unknown): void => this.#markFailure(error);
    this.#mark = new MarkKeeper({ mark, sha256, clock, startTimer, everyMs: markEveryMs, onFailed });
  }

  get status(): StoreStatus {
    const copies = this.#copies.map((copy) => ({
      label: copy.label,
      where: copy.where,
      serves: this.#live.includes(copy),
    }));
    return { where: this.#options.where, epoch: this.#epoch, sequence: this.#head, values: this.#entries.size, copies };
  }

  put(name: string, bytes: Uint8Array): Promise<void> {
    this.#assertOpen();
    assert(STORE_NAME.test(name), `A value's name is segments of a-z 0-9 . _ - joined by /; found "${name}".`);
    assert(
      name.split('/').every((segment) => segment.length <= SEGMENT_MAX),
      `A segment of a value's name has at most ${SEGMENT_MAX} characters; found "${name}".`,
    );
    const value = bytes.slice();
    const weight = value.length <= LIGHT_BYTES_MAX ? 'light' : 'heavy';
    return this.#queue.run(weight, [name], () => this.#write(name, value));
  }

  async get(name: string): Promise<Uint8Array | null> {
    this.#assertOpen();
    return this.#reader.get(name);
  }

  list(prefix: string): Promise<readonly string[]> {
    this.#assertOpen();
    return Promise.resolve([...this.#entries.keys()].filter((name) => name.startsWith(prefix)).sort());
  }

  remove(names: readonly string[]): Promise<void> {
    this.#assertOpen();
    return this.#queue.run('light', names, () => this.#remove(names));
  }

  /**
   * Reads every value of every serving copy, beside whatever else goes on. A wrong bit that nobody reads would wait until
   * the other copy has one, too; call it after the store was opened, and now and then.
   */
  scrub(): Promise<{ readonly checked: number; readonly bad: number }> {
    return this.#reader.scrub();
  }

  /** Resolves when nothing is going on: every copy is whole or waits for another attempt, the mark is up to date. */
  async settled(): Promise<void> {
    do {
      await Promise.all(this.#rebuilds.values());
      await this.#queue.quiet();
    } while (this.#rebuilds.size > 0);
    await this.#mark.flush().catch((error: unknown) => this.#markFailure(error));
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    for (const stop of this.#retries.values()) stop();
    await this.settled();
    await Promise.all(this.#copies.map((copy) => copy.close()));
  }

  // --- called by openMirroredStore ---

  /** Puts a copy that has every record into service. */
  serve(copy: TimedCopy): void {
    this.#live = this.#copies.filter((one) => one === copy || this.#live.includes(one));
    this.#markMustFollow = true;
  }

  /** @param inPlace there is nothing in the copy that a person could want */
  rebuild(copy: TimedCopy, inPlace: boolean, why: string): void {
    const work = this.#rebuild(copy, inPlace, why).then(
      () => {
        this.#rebuildFailures = 0;
      },
      (error: unknown) => this.#rebuildFailed(copy, asStoreError(error, copy.where)),
    );
    this.#rebuilds.set(
      copy,
      work.finally(() => this.#rebuilds.delete(copy)),
    );
  }

  align(copy: TimedCopy, sources: readonly TimedCopy[]): Promise<void> {
    return alignCopy(copy, sources, this.#records);
  }

  async writeMark(): Promise<void> {
    await this.#mark.writeNow(this.#markRecord());
    this.#markMustFollow = false;
  }

  birthRecord(): { readonly raw: string; readonly bytes: Uint8Array } {
    return { raw: birthName(this.#epoch), bytes: this.#sealNote('birth') };
  }

  // --- writing; always within a turn of the queue ---

  async #write(name: string, value: Uint8Array): Promise<void> {
    await this.#clearRefused();
    const sequence = (this.#sequence += 1);
    const { sha256 } = this.#options;
    const { bytes, hash } = sealValue({ epoch: this.#epoch, sequence, name, value }, sha256);
    const before = this.#entries.get(name);
    const draft = { name, sequence, hash: shortHash(hash) };
    const without = before === undefined ? this.#sum : withEntry(this.#sum, before, -1, sha256);
    const sum = withEntry(without, draft, 1, sha256);
    const raw = valueName(name, sequence, hash, sum);
    await this.#commit(sequence, raw, bytes, sum);
    this.#entries.set(name, { ...draft, raw });
    if (before !== undefined) this.#discard([before.raw]);
    await this.#markIfExact();
  }

  async #remove(names: readonly string[]): Promise<void> {
    const entries = [...new Set(names)].flatMap((name) => this.#entries.get(name) ?? []);
    // Also where there is nothing to remove: a refused writing of that name may lie in a copy, and would come back.
    await this.#clearRefused();
    if (entries.length === 0) return;
    const sequence = (this.#sequence += 1);
    const { sha256 } = this.#options;
    let sum = this.#sum;
    for (const entry of entries) sum = withEntry(sum, entry, -1, sha256);
    const value = asciiBytes(JSON.stringify(entries.map(({ name }) => name)));
    const { bytes } = sealValue({ epoch: this.#epoch, sequence, name: 'removals', value }, sha256);
    await this.#commit(sequence, removalName(sequence, sum), bytes, sum);
    for (const { name } of entries) this.#entries.delete(name);
    this.#discard(entries.map(({ raw }) => raw));
    await this.#markIfExact();
  }

  /** Afterwards the record is in every serving copy, and the mark knows which these are; or it counts as never written. */
  async #commit(sequence: number, raw: string, bytes: Uint8Array, sum: Sum): Promise<void> {
    const failures = await this.#onEachLive((copy) => copy.put(raw, bytes));
    const full = failures.find(({ error }) => error.kind === 'full');
    const first = full ?? failures[0];
    // A full disk is no fault of one copy, and what no copy took was not stored.
    if (first !== undefined && (full !== undefined || failures.length === this.#live.length)) {
      this.#refused.push(raw);
      throw first.error;
    }
    for (const { copy, error } of failures) this.#drop(copy, error);
    if (this.#markMustFollow) {
      // Tells which copy counts, as of the writing before: true whether or not this one comes to be.
      await this.writeMark().catch((error: unknown) => {
        this.#refused.push(raw);
        throw asStoreError(error, this.#options.mark.where);
      });
    }
    this.#advance(sequence, raw, sum);
  }

  #advance(sequence: number, raw: string, sum: Sum): void {
    const formerHead = this.#headRaw;
    this.#head = sequence;
    this.#headRaw = raw;
    this.#sum = sum;
    this.#mark.note(this.#markRecord());
    if (formerHead !== null && isRemoval(formerHead)) this.#discard([formerHead]);
  }

  /** Where the mark is to be exact, a writing is acknowledged after it; one that is refused here is stored all the same. */
  async #markIfExact(): Promise<void> {
    if (this.#options.markEveryMs === 0) await this.#mark.flush();
  }

  /** @throws when no copy can do it; one that cannot while the other can stops serving */
  async #clearRefused(): Promise<void> {
    if (this.#refused.length === 0) return;
    const failures = await this.#onEachLive((copy) => copy.remove(this.#refused));
    if (failures.length === this.#live.length && failures[0] !== undefined) throw failures[0].error;
    for (const { copy, error } of failures) this.#drop(copy, error);
    this.#refused = [];
  }

  async #onEachLive(act: (copy: TimedCopy) => Promise<void>): Promise<readonly Failure[]> {
    const copies = [...this.#live];
    const outcomes = await Promise.allSettled(copies.map(act));
    return outcomes.flatMap((outcome, index) => {
      const copy = copies[index];
      if (outcome.status === 'fulfilled' || copy === undefined) return [];
      return { copy, error: asStoreError(outcome.reason, copy.where) };
    });
  }

  #discard(raw: readonly string[]): void {
    const isScheduled = this.#garbage.length > 0;
    this.#garbage.push(...raw);
    if (!isScheduled) void this.#queue.run('idle', [], () => this.#collectGarbage());
  }

  /** Values first: as long as a buried value may lie in a copy, so must the record that buried it. */
  async #collectGarbage(): Promise<void> {
    const garbage = this.#garbage.splice(0);
    const sweep = async (copy: TimedCopy): Promise<void> => {
      await copy.remove(garbage.filter((raw) => !isRemoval(raw)));
      await copy.remove(garbage.filter(isRemoval));
    };
    // What cannot be removed stays, harmless, until the next opening sweeps it away.
    await Promise.allSettled(this.#live.map(sweep));
  }

  // --- copies that fail ---

  #drop(copy: TimedCopy, error: StoreError): void {
    if (!this.#live.includes(copy)) return;
    this.#live = this.#live.filter((one) => one !== copy);
    this.#markMustFollow = true;
    const message = `${copy.where} failed and is left out; what is stored lies in the other copy alone until it is rebuilt. ${error.message}`;
    this.#tell('copy-failed', 'warning', copy, message);
    this.#retryRebuild(copy, error.message);
  }

  #retryRebuild(copy: TimedCopy, why: string): void {
    if (this.#closing) return;
    const delayMs = Math.min(REBUILD_AFTER_MS * 2 ** this.#rebuildFailures, REBUILD_AFTER_MS_MAX);
    const stop = this.#options.startTimer(delayMs, () => {
      this.#retries.delete(copy);
      this.rebuild(copy, false, why);
    });
    this.#retries.set(copy, stop);
  }

  #rebuildFailed(copy: TimedCopy, error: StoreError): void {
    if (this.#closing) return;
    this.#rebuildFailures += 1;
    if (this.#rebuildFailures === 1) {
      this.#tell(
        'copy-failed',
        'warning',
        copy,
        `${copy.where} could not be rebuilt; it is tried again. ${error.message}`,
      );
    }
    this.#retryRebuild(copy, error.message);
  }

  async #rebuild(copy: TimedCopy, inPlace: boolean, why: string): Promise<void> {
    if (!inPlace) {
      const movedTo = await copy.setAside();
      const moved = movedTo === null ? 'There was nothing to keep.' : `What was there lies in ${movedTo}.`;
      this.#tell('copy-set-aside', 'warning', copy, `${copy.where} was set aside, because it ${why}. ${moved}`);
      await copy.open();
      const left = await copy.list();
      if (left.length > 0) {
        throw new StoreError(
          'failed',
          copy.where,
          `${copy.where} still has ${left.length} records after it was set aside.`,
        );
      }
    }
    await copy.put(rebuildingName(this.#epoch), this.#sealNote('rebuilding'));
    const isFilled = await fillCopy(
      copy,
      () => this.#live,
      this.#records,
      () => this.#closing,
    );
    if (!isFilled) return;
    await this.#queue.run('light', [], async () => {
      await this.#clearRefused();
      await this.align(copy, this.#live);
      this.serve(copy);
      await this.writeMark();
    });
    const values = this.#entries.size;
    this.#tell('copy-rebuilt', 'note', copy, `${copy.where} was rebuilt; both copies have all ${values} values again.`);
  }

  // --- small things ---

  /** Every record a whole copy has, oldest first. */
  #wanted(): readonly string[] {
    const entries = [...this.#entries.values()].sort((left, right) => left.sequence - right.sequence);
    const wanted = [birthName(this.#epoch), ...entries.map(({ raw }) => raw)];
    if (this.#headRaw !== null && isRemoval(this.#headRaw)) wanted.push(this.#headRaw);
    return wanted;
  }

  #sealNote(name: string): Uint8Array {
    const value = asciiBytes(JSON.stringify({ wallMs: this.#options.clock.wallMs() }));
    return sealValue({ epoch: this.#epoch, sequence: 0, name, value }, this.#options.sha256).bytes;
  }

  #markRecord(): MarkRecord {
    return {
      format: MARK_FORMAT,
      epoch: this.#epoch,
      sequence: this.#head,
      digest: this.#sum.digest,
      count: this.#sum.count,
      whole: this.#live.map(({ label }) => label),
      writtenAtMs: this.#options.clock.wallMs(),
    };
  }

  #markFailure(error: unknown): void {
    if (this.#markFailed) return;
    this.#markFailed = true;
    const { message } = asStoreError(error, this.#options.mark.where);
    this.#tell('mark-failed', 'warning', null, `The mark of ${this.#options.where} could not be written: ${message}`);
  }

  #tell(kind: StoreEventKind, severity: StoreEvent['severity'], copy: TimedCopy | null, message: string): void {
    this.#options.onEvent({ kind, severity, copy: copy?.label ?? null, message: asSentence(message) });
  }

  get #records(): StoreRecords {
    return {
      wanted: () => this.#wanted(),
      birth: this.birthRecord(),
      sha256: this.#options.sha256,
      onLost: (raw, copy) => {
        this.#tell(
          'value-lost',
          'warning',
          copy,
          `The record ${raw} is damaged in every copy of ${this.#options.where}.`,
        );
      },
    };
  }

  #readStore(): ReadStore {
    const current = (): this => this;
    return {
      options: this.#options,
      epoch: this.#epoch,
      queue: this.#queue,
      entries: this.#entries,
      get live() {
        return current().#live;
      },
      get isClosing() {
        return current().#closing;
      },
      drop: (copy, error) => this.#drop(copy, error),
      tell: (...event) => this.#tell(...event),
    };
  }

  #assertOpen(): void {
    assert(!this.#closing, `The store ${this.#options.where} was closed and is used all the same.`);
  }
}
