import type { KeyedHandover } from '../operators/keyed-handover.ts';
import type { KeyedOperatorSnapshot } from '../operators/keyed-snapshot.ts';

/** A task's part of a checkpoint. */
export interface TaskAcknowledgement {
  readonly kind: 'task';
  readonly checkpointId: number;
  readonly taskIndex: number;
  readonly operators: readonly KeyedOperatorSnapshot[];
  /** Records waited this long for the barrier on other rings. */
  readonly alignmentMs: number;
  /** Processing stood still this long while the snapshot began. */
  readonly pauseMs: number;
  /** From the snapshot's beginning to its last byte, records going on meanwhile. */
  readonly asyncMs: number;
}

/** A task has given away what others own behind the barrier. */
export interface HandoverAcknowledgement {
  readonly kind: 'handover';
  /** The barrier's. */
  readonly checkpointId: number;
  readonly taskIndex: number;
  readonly operators: readonly KeyedHandover[];
  /** Monotonic time at which the barrier was through the task. */
  readonly barrierMs: number;
}

/** What the source thread stored: where each source stands, as plain data. */
export interface SourceAcknowledgement {
  readonly kind: 'source';
  readonly checkpointId: number;
  readonly state: SourceThreadState;
}

/** Sinks run where the coordinator runs. */
export interface SinkAcknowledgement {
  readonly kind: 'sinks';
  readonly checkpointId: number;
  /** By uid: what the writer prepared. */
  readonly states: Readonly<Record<string, unknown>>;
}

export interface SourceThreadState {
  /** The clock that sources drive; null: not yet. */
  readonly processingTimeMs: number | null;
  readonly sources: Readonly<Record<string, SourceState>>;
}

export interface SourceState {
  /** null: none yet. */
  readonly watermarkMs: number | null;
  readonly isEnded: boolean;
  readonly reader: unknown;
}

export type Acknowledgement =
  TaskAcknowledgement | HandoverAcknowledgement | SourceAcknowledgement | SinkAcknowledgement;
