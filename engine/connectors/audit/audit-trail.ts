import type { DurableStore } from '../../contract/durable-store.ts';
import { assert } from '../../core/assert.ts';
import type { Sha256 } from '../../core/bytes.ts';
import { IllegalStateError } from '../../core/errors.ts';
import type { Clock } from '../../core/time.ts';
import { ChainWriter, parseRecord, utf8Bytes, type UnsealedRecord } from './audit-chain.ts';
import { anchorText, parseAnchor, withHead, type AnchorFile, type AuditAnchor } from './audit-anchor.ts';
import type { AuditEntry, AuditRecord } from './audit-record.ts';
import { AUDIT_PREFIX, firstIndexOf, linesOf, segmentName } from './audit-segments.ts';
import { beginAnchor, readTail, SEGMENT_BYTES_MAX, type Segment, type StoredRecord, type Tail } from './audit-tail.ts';
import { recordsIn } from './read-records.ts';

/** Records in one put: about 4 MB. */
const BATCH_RECORDS_MAX = 10_000;
/** Records that may wait for a store that takes none: two minutes of a thousand trades a second, about 50 MB. */
const WAITING_RECORDS_MAX = 120_000;
const FLUSH_AFTER_MS = 200;
const RETRY_AFTER_MS = 1_000;
const ANCHOR_EVERY_MS = 3_600_000;

export interface AuditTrailOptions {
  /** Names this start of the program. */
  readonly run: string;
  /** The user of the operating system. */
  readonly who: string;
  readonly anchor: AnchorFile;
  readonly clock: Clock;
  readonly sha256: Sha256;
  /** Names a new trail; used when there is none yet. */
  readonly newTrailId: () => string;
  /** Calls once after a delay; what it returns takes that back. */
  readonly startTimer: (delayMs: number, wake: () => void) => () => void;
  /** What could not be stored when nobody was waiting for it. It is tried again with the next flush. */
  readonly onFailure: (error: unknown) => void;
  /** A record is stored this long after it was appended at the latest, if the store takes it. */
  readonly flushAfterMs?: number;
  /** The head is written outside of the store at least this often while there are records. */
  readonly anchorEveryMs?: number;
  /** A segment is full above it; for tests that want many. */
  readonly segmentBytesMax?: number;
}

/**
 * The audit trail: records that are appended and never changed, each bound to the one before by a hash (`verifyAudit`
 * proves it). Lives on one thread, between `AuditTrail.open` and `close`; the store stays the caller's.
 *
 * `append` is cheap and gives no guarantee; a record is safe once a `flush` that came after it has resolved. Records are
 * stored in their order, many in one put; after a failure they wait for the next flush, and nothing is lost.
 */
export class AuditTrail {
  private readonly store: DurableStore;
  private readonly options: AuditTrailOptions;
  private anchor: AuditAnchor;
  private nextIndex: number;
  private readonly chain: ChainWriter;
  private segment: Segment | null;
  /** Sealed, not stored yet, oldest first. */
  private waiting: (StoredRecord & { readonly line: string })[] = [];
  private writing: Promise<void> = Promise.resolve();
  private requested: Promise<void> | null = null;
  private stopTimer: (() => void) | null = null;
  private stopAnchorTimer: (() => void) | null = null;
  private stored: StoredRecord | null;
  private anchoredAtMs: number;
  private isClosed = false;

  private constructor(store: DurableStore, options: AuditTrailOptions, anchor: AuditAnchor, tail: Tail) {
    this.store = store;
    this.options = options;
    this.anchor = anchor;
    this.nextIndex = tail.nextIndex;
    this.chain = new ChainWriter(tail.previousHash, options.sha256);
    this.segment = tail.segment;
    this.stored = tail.stored;
    this.anchoredAtMs = options.clock.monotonicMs();
  }

  /**
   * Goes on with the trail in the store, or begins one. A trail whose end is damaged or missing goes on as well, with a
   * record that says so; `verifyAudit` finds the place.
   * @throws StoreError, or the anchor file's error
   */
  static async open(store: DurableStore, options: AuditTrailOptions): Promise<AuditTrail> {
    const text = await options.anchor.read();
    const anchor = text === null ? null : parseAnchor(text);
    const tail = await readTail(store, anchor, text, options.anchor.where);
    const trail = new AuditTrail(store, options, anchor ?? (await beginAnchor(store, options)), tail);
    if (anchor === null) await options.anchor.write(anchorText(trail.anchor));
    if (tail.nextIndex === 0) trail.takeGenesis();
    if (tail.problem !== null) trail.append({ kind: 'trail-break', details: { problem: tail.problem } });
    await trail.flush();
    await trail.writeAnchor();
    return trail;
  }

  /** Names the trail. */
  get id(): string {
    return this.anchor.trail;
  }

  /** Hash of the newest record, stored or not. */
  get head(): string {
    return this.chain.head;
  }

  /** How many records the trail has, stored or not. */
  get count(): number {
    return this.nextIndex;
  }

  /**
   * @returns the record's index
   * @throws IllegalStateError when too many records wait for a store that takes none
   */
  append(entry: AuditEntry): number {
    assert(!this.isClosed, `The audit trail was closed and is told of a ${entry.kind} all the same.`);
    if (this.waiting.length >= WAITING_RECORDS_MAX) {
      throw new IllegalStateError(
        `${this.waiting.length} audit records wait for their store, which takes none. Stop what makes records, look at the store's error and flush.`,
      );
    }
    const { clock, run, who } = this.options;
    const index = this.nextIndex;
    const { line, hash } = this.chain.seal({
      kind: entry.kind,
      details: entry.details,
      index,
      run,
      who,
      sequence: entry.sequence ?? null,
      wallMs: Math.floor(clock.wallMs()),
      monotonicMs: Math.round(clock.monotonicMs() * 1000) / 1000,
    } as UnsealedRecord);
    this.take(line, index, hash);
    return index;
  }

  /** Resolves when everything appended before this call is stored. @throws StoreError; what was appended still waits */
  flush(): Promise<void> {
    if (this.waiting.length === 0) return this.writing;
    // One put is under way at most; all who ask meanwhile share the next one.
    this.requested ??= this.writing
      .catch(() => undefined)
      .then(() => {
        this.requested = null;
        this.writing = this.write();
        return this.writing;
      });
    return this.requested;
  }

  /**
   * The newest record that passes, looking back from the end; null: there is none. Gives up at what cannot be read. For
   * the question "which trade was the last one told?" after a recovery.
   */
  async findLast(test: (record: AuditRecord) => boolean): Promise<AuditRecord | null> {
    for (const { line } of [...this.waiting].reverse()) {
      const record = parseRecord(line);
      if (record !== null && test(record)) return record;
    }
    const names = (await this.store.list(AUDIT_PREFIX)).filter((name) => firstIndexOf(name) !== null);
    for (const name of [...names].reverse()) {
      const bytes = await this.store.get(name);
      if (bytes === null) return null;
      for (const line of [...linesOf(bytes).lines].reverse()) {
        const record = parseRecord(line);
        if (record === null) return null;
        if (test(record)) return record;
      }
    }
    return null;
  }

  /**
   * The records from an index on, in order. What cannot be read is left out: `verifyAudit` names it.
   * @throws StoreError
   */
  async *recordsFrom(index: number): AsyncGenerator<AuditRecord> {
    await this.flush();
    yield* recordsIn(this.store, index);
  }

  /** Writes the head outside of the store, now. Worth it at the end of a session; otherwise it happens by itself. */
  async writeAnchor(): Promise<void> {
    this.stopAnchorTimer?.();
    this.stopAnchorTimer = null;
    const { stored } = this;
    if (stored === null || this.anchor.heads.at(-1)?.hash === stored.hash) return;
    const anchor = withHead(this.anchor, { ...stored, wallMs: Math.floor(this.options.clock.wallMs()) });
    await this.options.anchor.write(anchorText(anchor));
    this.anchor = anchor;
    this.anchoredAtMs = this.options.clock.monotonicMs();
  }

  /** Stores what waits, and the head outside. May be called twice. @throws StoreError; no timer is left all the same */
  async close(): Promise<void> {
    this.isClosed = true;
    this.stopTimer?.();
    this.stopTimer = null;
    this.stopAnchorTimer?.();
    this.stopAnchorTimer = null;
    await this.flush();
    await this.writeAnchor();
  }

  private take(line: string, index: number, hash: string): void {
    this.nextIndex = index + 1;
    this.waiting.push({ line, index, hash });
    this.flushAfter(this.options.flushAfterMs ?? FLUSH_AFTER_MS);
  }

  private flushAfter(delayMs: number): void {
    if (this.isClosed) return;
    this.stopTimer ??= this.options.startTimer(delayMs, () => {
      this.stopTimer = null;
      this.flush().catch(this.options.onFailure);
    });
  }

  /** The first record is as the anchor has it, so that a crash between the two leaves no doubt. */
  private takeGenesis(): void {
    const record = parseRecord(this.anchor.genesis);
    assert(record !== null, `The anchor ${this.options.anchor.where} begins with a record that is none.`);
    this.chain.follow(record.hash);
    this.take(this.anchor.genesis, 0, record.hash);
  }

  /** What waits now; what is appended meanwhile waits for the next flush. */
  private async write(): Promise<void> {
    this.stopTimer?.();
    this.stopTimer = null;
    const until = this.nextIndex;
    try {
      while (this.waiting.length > 0 && this.waiting[0].index < until) await this.writeBatch();
    } catch (error) {
      this.flushAfter(RETRY_AFTER_MS);
      throw error;
    }
    this.planAnchor();
  }

  private async writeBatch(): Promise<void> {
    const batch = this.waiting.slice(0, BATCH_RECORDS_MAX);
    const firstIndex = this.segment?.firstIndex ?? batch[0].index;
    const text = `${this.segment?.text ?? ''}${batch.map(({ line }) => `${line}\n`).join('')}`;
    await this.store.put(segmentName(firstIndex), utf8Bytes(text));
    this.segment = text.length > (this.options.segmentBytesMax ?? SEGMENT_BYTES_MAX) ? null : { firstIndex, text };
    this.waiting.splice(0, batch.length);
    this.stored = batch[batch.length - 1];
  }

  private planAnchor(): void {
    const { clock, anchorEveryMs = ANCHOR_EVERY_MS, startTimer, onFailure } = this.options;
    if (this.isClosed || this.stopAnchorTimer !== null) return;
    const dueMs = Math.max(0, this.anchoredAtMs + anchorEveryMs - clock.monotonicMs());
    this.stopAnchorTimer = startTimer(dueMs, () => {
      this.stopAnchorTimer = null;
      this.writeAnchor().catch(onFailure);
    });
  }
}
