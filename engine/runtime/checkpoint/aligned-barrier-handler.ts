import { assert } from '../../core/assert.ts';
import type {
  BarrierAbortReason,
  CheckpointBarrier,
  CheckpointBarrierHandler,
  CheckpointBarrierListener,
} from './checkpoint-barrier-handler.ts';

/** What is known of the newest checkpoint this task has heard of. */
type Alignment<B> =
  | { readonly kind: 'none' }
  /** The channels in `delivered` brought the barrier or ended; `expectedCount` were open when the first one came. */
  | { readonly kind: 'pending'; readonly barrier: B; readonly delivered: Set<number>; readonly expectedCount: number }
  | { readonly kind: 'settled' };

/**
 * Exactly once (Flink: SingleCheckpointBarrierHandler, aligned): a channel whose barrier is there is blocked until the
 * barrier of every open channel is there, so that the snapshot holds what came before the barriers and nothing else. One
 * checkpoint at a time: a newer barrier gives the older checkpoint up, older barriers are ignored.
 */
export class AlignedBarrierHandler<B extends CheckpointBarrier> implements CheckpointBarrierHandler<B> {
  private readonly listener: CheckpointBarrierListener<B>;
  private readonly blocked: Uint8Array;
  private readonly ended: Uint8Array;
  private openCount: number;
  /** The newest checkpoint any channel spoke of. */
  private newestId = -1;
  private alignment: Alignment<B> = { kind: 'none' };

  constructor(channelCount: number, listener: CheckpointBarrierListener<B>) {
    assert(channelCount >= 1, `A barrier handler needs channels, 1 or more; found ${channelCount}.`);
    this.listener = listener;
    this.blocked = new Uint8Array(channelCount);
    this.ended = new Uint8Array(channelCount);
    this.openCount = channelCount;
  }

  isBlocked(channel: number): boolean {
    return this.blocked[channel] === 1;
  }

  isCheckpointPending(): boolean {
    return this.alignment.kind === 'pending';
  }

  processBarrier(channel: number, barrier: B): void {
    this.assertOpen(channel);
    const isObsolete =
      barrier.id < this.newestId || (barrier.id === this.newestId && this.alignment.kind !== 'pending');
    if (isObsolete) return;
    if (barrier.id > this.newestId) this.begin(barrier);
    this.blocked[channel] = 1;
    this.deliver(channel);
  }

  processCancellation(channel: number, id: number): void {
    this.assertOpen(channel);
    const isNews = id > this.newestId || (id === this.newestId && this.alignment.kind === 'pending');
    // A pending checkpoint older than this one can no longer complete either: its sender has gone on.
    if (isNews) this.abort(id, 'declined-on-cancellation-barrier');
  }

  processEndOfPartition(channel: number): void {
    this.assertOpen(channel);
    this.ended[channel] = 1;
    this.openCount -= 1;
    if (this.alignment.kind === 'pending') this.deliver(channel);
  }

  private begin(barrier: B): void {
    if (this.alignment.kind === 'pending') this.abort(this.newestId, 'declined-subsumed');
    this.newestId = barrier.id;
    this.alignment = { kind: 'pending', barrier, delivered: new Set(), expectedCount: this.openCount };
  }

  private deliver(channel: number): void {
    assert(this.alignment.kind === 'pending', `Channel ${channel} was counted for a checkpoint that is not pending.`);
    const { barrier, delivered, expectedCount } = this.alignment;
    delivered.add(channel);
    if (delivered.size < expectedCount) return;
    this.alignment = { kind: 'settled' };
    this.listener.triggerCheckpoint(barrier);
    this.unblockAll();
  }

  private abort(id: number, reason: BarrierAbortReason): void {
    this.newestId = Math.max(this.newestId, id);
    this.alignment = { kind: 'settled' };
    this.unblockAll();
    this.listener.abortCheckpoint(id, reason);
  }

  /** A channel that ended while it was blocked stays as it is: it has nothing left to read. */
  private unblockAll(): void {
    for (let channel = 0; channel < this.blocked.length; channel += 1) {
      if (this.ended[channel] === 0) this.blocked[channel] = 0;
    }
  }

  private assertOpen(channel: number): void {
    assert(
      channel >= 0 && channel < this.ended.length && this.ended[channel] === 0,
      `A barrier event came from channel ${channel}; there are ${this.ended.length}, and one that ended is silent.`,
    );
  }
}
