import { assert } from '../../core/assert.ts';
import type {
  CheckpointBarrier,
  CheckpointBarrierHandler,
  CheckpointBarrierListener,
} from './checkpoint-barrier-handler.ts';

/**
 * Checkpoints that may be under way at once. When more are begun, the oldest is forgotten without a word: the coordinator
 * has long given it up. Flink's number.
 */
const TRACKED_CHECKPOINTS_MAX = 50;

interface TrackedCheckpoint<B> {
  readonly id: number;
  /** null: given up; kept until all its barriers have passed, so that a late one does not begin it anew. */
  barrier: B | null;
  readonly delivered: Set<number>;
  /** Channels that were open when its first barrier came. */
  readonly expectedCount: number;
}

/**
 * At least once (Flink: CheckpointBarrierTracker): nothing is ever blocked; the snapshot is taken when the last barrier has
 * come, and may hold records from behind the others, which a restore then brings again. Several checkpoints can be under
 * way; one that completes takes the older ones with it.
 */
export class BarrierTracker<B extends CheckpointBarrier> implements CheckpointBarrierHandler<B> {
  private readonly listener: CheckpointBarrierListener<B>;
  private openCount: number;
  /** Ascending ids. */
  private pending: TrackedCheckpoint<B>[] = [];
  private newestId = -1;

  constructor(channelCount: number, listener: CheckpointBarrierListener<B>) {
    assert(channelCount >= 1, `A barrier tracker needs channels, 1 or more; found ${channelCount}.`);
    this.listener = listener;
    this.openCount = channelCount;
  }

  isBlocked(): boolean {
    return false;
  }

  isCheckpointPending(): boolean {
    return this.pending.length > 0;
  }

  processBarrier(channel: number, barrier: B): void {
    if (barrier.id > this.newestId && this.openCount === 1) {
      // As in Flink, older pending checkpoints stay listed: a channel that ended may have left one behind.
      this.listener.triggerCheckpoint(barrier);
      return;
    }
    const index = this.pending.findIndex(({ id }) => id === barrier.id);
    if (index >= 0) {
      this.deliver(index, channel);
    } else if (barrier.id > this.newestId) {
      this.newestId = barrier.id;
      this.pending.push(this.track(barrier.id, barrier, channel));
      if (this.pending.length > TRACKED_CHECKPOINTS_MAX) this.pending.shift();
    }
  }

  processCancellation(channel: number, id: number): void {
    if (id > this.newestId && this.openCount === 1) {
      this.listener.abortCheckpoint(id, 'declined-on-cancellation-barrier');
      return;
    }
    while (this.pending.length > 0 && this.pending[0].id < id) {
      this.abort(this.pending.shift() as TrackedCheckpoint<B>);
    }
    const first = this.pending.at(0);
    if (first?.id === id) {
      this.abort(first);
      first.delivered.add(channel);
      if (first.delivered.size === first.expectedCount) this.pending.shift();
    } else if (id > this.newestId) {
      this.newestId = id;
      this.pending.unshift(this.track(id, null, channel));
      this.listener.abortCheckpoint(id, 'declined-on-cancellation-barrier');
    }
  }

  processEndOfPartition(channel: number): void {
    this.openCount -= 1;
    assert(this.openCount >= 0, `Channel ${channel} ended after all channels had ended.`);
    // The newest that waited for this channel alone; it takes the older ones with it.
    for (let index = this.pending.length - 1; index >= 0; index -= 1) {
      if (this.deliver(index, channel)) return;
    }
  }

  /** @returns whether that was the last one awaited */
  private deliver(index: number, channel: number): boolean {
    const { barrier, delivered, expectedCount } = this.pending[index];
    delivered.add(channel);
    if (delivered.size < expectedCount) return false;
    this.pending = this.pending.slice(index + 1);
    if (barrier !== null) this.listener.triggerCheckpoint(barrier);
    return true;
  }

  private abort(checkpoint: TrackedCheckpoint<B>): void {
    if (checkpoint.barrier === null) return;
    checkpoint.barrier = null;
    this.listener.abortCheckpoint(checkpoint.id, 'declined-on-cancellation-barrier');
  }

  private track(id: number, barrier: B | null, channel: number): TrackedCheckpoint<B> {
    return { id, barrier, delivered: new Set([channel]), expectedCount: this.openCount };
  }
}
