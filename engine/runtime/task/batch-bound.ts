/** Slots read from one ring before the mailbox and the other rings get their turn: whoever asks waits for no more. */
export const BATCH_SLOTS = 256;
/** Functions that take long make batches long; while somebody asks, one should not take longer than this. */
const BATCH_MS_MAX = 1;
const SLOTS_MIN = 8;
/** Batches after the last question in which another one is expected: some hundred milliseconds of work. */
const WATCHED_BATCHES = 512;

/**
 * How much a task reads at a time. While questions come to it, its batches are timed and kept short, so that an answer does
 * not wait for a slow function 256 times; when nobody asks nothing is timed. It decides when a question is answered, never
 * what comes of the records.
 */
export class BatchBound {
  slots = BATCH_SLOTS;
  private batchesLeft = 0;

  get isWatched(): boolean {
    return this.batchesLeft > 0;
  }

  /** A question came. */
  asked(): void {
    this.batchesLeft = WATCHED_BATCHES;
  }

  /** A watched batch took so long. */
  took(durationMs: number): void {
    this.batchesLeft -= 1;
    if (this.batchesLeft === 0) this.slots = BATCH_SLOTS;
    else if (durationMs > BATCH_MS_MAX) this.slots = Math.max(SLOTS_MIN, this.slots >> 1);
    else if (durationMs < BATCH_MS_MAX / 4) this.slots = Math.min(BATCH_SLOTS, this.slots * 2);
  }
}
