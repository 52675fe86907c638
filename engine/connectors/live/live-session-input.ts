import type { RecordingInput } from '../recording/recording-input.ts';
import type { QuoteBatch } from '../sources/quote-batch.ts';
import type { FillStatus, QuoteInput } from '../sources/quote-input.ts';
import type { RowLedger } from '../sources/row-ledger.ts';
import type { FeedStatus, LiveFeedInput } from './live-feed-input.ts';

/**
 * A live session that goes on: first what its journal holds, then the feed. To whoever plays it, it is one input with one
 * ledger. Source thread only.
 */
export class LiveSessionInput implements QuoteInput {
  readonly name: string;
  readonly isReadOnce = true;
  /** Quotes, controls and marks that came from the journal. */
  journalRecords = 0;
  readonly ledger: RowLedger;
  readonly #feed: LiveFeedInput;
  readonly #onControl: (control: unknown) => void;
  readonly #onRecovered: (journal: RecordingInput) => void;
  #journal: RecordingInput | null;

  /**
   * @param journal null: the session is new
   * @param onControl each control and mark that the journal brings
   * @param onRecovered the journal has been played; called once, before the first quote of the feed is taken
   */
  constructor(
    feed: LiveFeedInput,
    journal: RecordingInput | null,
    onControl: (control: unknown) => void,
    onRecovered: (journal: RecordingInput) => void,
  ) {
    this.name = feed.name;
    this.ledger = feed.ledger;
    this.#feed = feed;
    this.#journal = journal;
    this.#onControl = onControl;
    this.#onRecovered = onRecovered;
  }

  get isRecovering(): boolean {
    return this.#journal !== null;
  }

  get batch(): QuoteBatch {
    return (this.#journal ?? this.#feed).batch;
  }

  get nextControlIndex(): number {
    return (this.#journal ?? this.#feed).nextControlIndex;
  }

  takeControl(): unknown {
    const journal = this.#journal;
    if (journal === null) return this.#feed.takeControl();
    const control = journal.takeControl();
    this.journalRecords += 1;
    this.#onControl(control);
    return control;
  }

  fill(): FillStatus {
    const journal = this.#journal;
    if (journal === null) return this.#feed.fill();
    const status = journal.fill();
    if (status === 'filled') this.journalRecords += journal.batch.to;
    if (status !== 'ended') return status;
    // What stands behind its last quote comes first.
    if (journal.nextControlIndex < Infinity) return 'marks';
    this.#journal = null;
    this.#onRecovered(journal);
    return this.#feed.fill();
  }

  whenReady(): Promise<void> {
    return (this.#journal ?? this.#feed).whenReady();
  }

  status(): FeedStatus {
    const status = this.#feed.status();
    return this.isRecovering ? { ...status, state: { kind: 'recovering' } } : status;
  }

  progress(): null {
    return null;
  }

  position(): number {
    return (this.#journal ?? this.#feed).position();
  }

  async close(): Promise<void> {
    await this.#journal?.close();
    await this.#feed.close();
  }
}
