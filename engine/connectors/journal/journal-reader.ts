import { StoreError, type DurableStore } from '../../contract/durable-store.ts';
import type { Crc32, LiveSettings } from '../recording/recording-format.ts';
import { checkPart, journalHeader, type BlockPlace } from './journal-blocks.ts';
import type { JournalPlace } from './journal-writer.ts';
import { JOURNAL_PREFIX, listJournal, type JournalListing, type JournalName } from './journal-names.ts';

/** What a journal was found to be. */
export interface FoundJournal {
  /** null: the journal is empty, nothing was ever journaled. */
  readonly settings: LiveSettings | null;
  /** What was cut off because it was not whole, as a sentence; null: nothing. */
  readonly cutOff: string | null;
  /** Number of the next part. */
  readonly nextPart: number;
  /** Of the whole session, as its last part has it. */
  readonly quotes: number;
}

/**
 * Reads a journal out of its store. Every part is checked before it is handed out. The last one may be damaged: its write
 * was cut off by what ended the session, and nothing in it was acknowledged; it is cut off and said. Any other damage
 * is a StoreError that names the part: what follows it cannot be trusted to mean what it says.
 */
export class JournalReader {
  readonly #store: DurableStore;
  readonly #crc32: Crc32;
  #parts: readonly JournalName[] = [];
  #next = 0;
  #place: BlockPlace | null = null;
  /** Quotes up to the end of the last part. */
  #endQuotes = 0;
  /** What is left of the part ahead of `#next`, where reading began in its middle. */
  #begun: Uint8Array | null = null;

  constructor(store: DurableStore, crc32: Crc32) {
    this.#store = store;
    this.#crc32 = crc32;
  }

  /**
   * Looks at what is there.
   * @param repairs whether what is cut off, or left over, is also removed; not where somebody only looks
   */
  async open(repairs: boolean): Promise<FoundJournal> {
    const names = await this.#store.list(JOURNAL_PREFIX);
    const listing = this.#listed(names);
    let { parts } = listing;
    const leftOver = [...listing.covered];
    const torn = await this.#tornEnd(parts);
    let cutOff: string | null = null;
    if (torn !== null) {
      const last = parts[parts.length - 1];
      leftOver.push(last.name);
      if (last.firstPart !== last.lastPart) return this.#withoutJoined(names, last, torn, repairs);
      parts = parts.slice(0, -1);
      this.#endQuotes = last.firstSequence;
      cutOff = `The last part of the journal, ${last.name}, is not whole (${torn}), and is left out. It was being written when the session ended: then nothing of it was final. Had it been whole before, the trades of its last moment are lost with it.`;
    }
    if (repairs && leftOver.length > 0) await this.#store.remove(leftOver);
    return this.#opened(parts, cutOff);
  }

  /**
   * Reads on from a place that a checkpoint names. What is ahead of it is not looked at, but for the part it lies in.
   * @returns why the journal has no such place, as a sentence; null: it has
   * @throws StoreError when the store cannot be read
   */
  async seek({ part, state }: JournalPlace): Promise<string | null> {
    const behind = this.#parts.findIndex(({ lastPart }) => lastPart >= part);
    // The end of the journal is a place too: the last part leads up to it.
    const index = behind < 0 ? this.#parts.length - 1 : behind;
    const found = index < 0 ? null : await this.#offsetOf(index, state);
    if (found === null) {
      const last = this.#parts.at(-1)?.lastPart ?? -1;
      return `It stands ahead of part ${part} of the journal, behind ${state.quotes} quotes; the journal, which goes up to part ${last}, has no such place.`;
    }
    this.#next = index + 1;
    this.#place = { quotes: state.quotes, previousCrc: state.previousCrc };
    this.#begun = found.length > 0 ? found : null;
    return null;
  }

  /** @returns the bytes of a part behind a place; null: it has no such place */
  async #offsetOf(index: number, { quotes, previousCrc }: BlockPlace): Promise<Uint8Array | null> {
    const { name, firstSequence } = this.#parts[index];
    const bytes = await this.#get(name);
    const start = index === 0 ? null : { quotes: firstSequence, previousCrc: previousCrcOf(bytes) };
    const checked = checkPart(bytes, start, this.#crc32, { quotes, previousCrc });
    if (!checked.ok || checked.place.quotes !== quotes || checked.place.previousCrc !== previousCrc) return null;
    return bytes.subarray(checked.bytes);
  }

  /** Quotes in the parts that were read so far. */
  get sequence(): number {
    return this.#place?.quotes ?? 0;
  }

  async #opened(parts: readonly JournalName[], cutOff: string | null): Promise<FoundJournal> {
    this.#parts = parts;
    this.#next = 0;
    this.#place = null;
    const nextPart = parts.length === 0 ? 0 : parts[parts.length - 1].lastPart + 1;
    const quotes = parts.length === 0 ? 0 : this.#endQuotes;
    return { settings: await this.#settings(), cutOff, nextPart, quotes };
  }

  #listed(names: readonly string[]): JournalListing {
    const listing = listJournal(names);
    const { parts, missing } = listing;
    if (missing !== null)
      throw this.#damaged(missing.before, `part ${missing.part}, which should stand ahead of it, is missing`);
    if (parts.length > 0 && parts[0].firstPart !== 0)
      throw this.#damaged(parts[0].name, 'the parts before it are missing');
    return listing;
  }

  /** What was joined had been acknowledged part by part: it may be left out only where those parts are still there. */
  async #withoutJoined(
    names: readonly string[],
    joined: JournalName,
    why: string,
    repairs: boolean,
  ): Promise<FoundJournal> {
    const { parts } = this.#listed(names.filter((name) => name !== joined.name));
    if (parts.length === 0 || parts[parts.length - 1].lastPart !== joined.lastPart)
      throw this.#damaged(joined.name, why);
    const torn = await this.#tornEnd(parts);
    if (torn !== null) throw this.#damaged(parts[parts.length - 1].name, torn);
    if (repairs) await this.#store.remove([joined.name]);
    return this.#opened(parts, null);
  }

  /** @returns the next part's bytes, checked; null behind the last */
  async next(): Promise<Uint8Array | null> {
    const begun = this.#begun;
    if (begun === null && this.#next >= this.#parts.length) return null;
    if (begun === null) this.#next += 1;
    this.#begun = null;
    const { name } = this.#parts[this.#next - 1];
    const bytes = begun ?? (await this.#get(name));
    const checked = checkPart(bytes, this.#place, this.#crc32);
    if (!checked.ok) throw this.#damaged(name, checked.why);
    this.#place = checked.place;
    return bytes;
  }

  async *rest(): AsyncGenerator<Uint8Array, void, void> {
    for (let bytes = await this.next(); bytes !== null; bytes = await this.next()) yield bytes;
  }

  /** @returns why the last part is not whole; null: it is */
  async #tornEnd(parts: readonly JournalName[]): Promise<string | null> {
    if (parts.length === 0) return null;
    const { name, firstSequence } = parts[parts.length - 1];
    let bytes: Uint8Array | null;
    try {
      bytes = await this.#store.get(name);
    } catch (error) {
      if (error instanceof StoreError && error.kind === 'damaged') return error.message;
      throw error;
    }
    if (bytes === null) return 'it is gone';
    if (bytes.length === 0) return 'it is empty';
    const place = parts.length === 1 ? null : { quotes: firstSequence, previousCrc: previousCrcOf(bytes) };
    const checked = checkPart(bytes, place, this.#crc32);
    if (checked.ok) this.#endQuotes = checked.place.quotes;
    return checked.ok ? null : checked.why;
  }

  async #settings(): Promise<LiveSettings | null> {
    if (this.#parts.length === 0) return null;
    const { name } = this.#parts[0];
    const start = journalHeader(await this.#get(name), this.#crc32);
    if (start?.header.live === undefined) throw this.#damaged(name, 'its header is damaged');
    return start.header.live;
  }

  async #get(name: string): Promise<Uint8Array> {
    const bytes = await this.#store.get(name);
    if (bytes === null) throw this.#damaged(name, 'it is gone');
    return bytes;
  }

  #damaged(name: string, why: string): StoreError {
    return new StoreError(
      'damaged',
      name,
      `The journal is damaged at ${name}: ${why}. What came before it is whole. Nothing was changed; restore the state from a copy, or begin anew with another one.`,
    );
  }
}

/** What the first block says of the one before it: whether that is true is seen when the whole journal is read. */
function previousCrcOf(bytes: Uint8Array): number {
  return bytes.length < 28 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(24, true);
}
