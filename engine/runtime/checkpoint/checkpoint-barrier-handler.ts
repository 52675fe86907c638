/** What travels in the stream and divides the records of one checkpoint from those of the next. */
export interface CheckpointBarrier {
  /** 0 or more; a newer checkpoint has a higher one. */
  readonly id: number;
}

/** Why a task gives a checkpoint up on its own: its input said so, or a newer one has begun. */
export type BarrierAbortReason = 'declined-on-cancellation-barrier' | 'declined-subsumed';

/** What a handler tells its task, in the middle of the call that brought it about. */
export interface CheckpointBarrierListener<B extends CheckpointBarrier> {
  /**
   * Take the snapshot now, then send the barrier on: everything before it is in, nothing behind it is (aligned), or some
   * of what is behind it may be in as well (at least once).
   */
  triggerCheckpoint(barrier: B): void;
  /** This checkpoint will not be taken here any more: tell the coordinator, send a cancellation on. */
  abortCheckpoint(id: number, reason: BarrierAbortReason): void;
}

/**
 * Decides, from the barriers of a task's channels, when the task takes its snapshot (Flink: CheckpointBarrierHandler).
 * Channels are numbered from 0; the task calls one of the three `process...` methods where the thing stands in the channel,
 * and reads nothing from a channel that is blocked. Lives on the task's thread. After an end of partition a channel brings
 * nothing more.
 */
export interface CheckpointBarrierHandler<B extends CheckpointBarrier> {
  processBarrier(channel: number, barrier: B): void;
  /** The sender of this channel gave the checkpoint up. */
  processCancellation(channel: number, id: number): void;
  /** The channel ended: it counts as having delivered every barrier still awaited. */
  processEndOfPartition(channel: number): void;
  /** Asked before each batch: the channel waits for the others. */
  isBlocked(channel: number): boolean;
  /** Some barriers of a checkpoint are there, but not all. */
  isCheckpointPending(): boolean;
}
