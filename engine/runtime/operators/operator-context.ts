import type {
  BroadcastContext,
  KeyedOnTimerContext,
  KeyedReadOnlyContext,
  TimeDomain,
  TimerService,
} from '../../api/functions.ts';
import type { OutputTag } from '../../api/output-tag.ts';
import type { BroadcastState, MapStateDescriptor, ReadOnlyBroadcastState, StateDescriptors } from '../../api/state.ts';
import { IllegalArgumentError, UnsupportedOperationError } from '../../core/errors.ts';
import type { HeapKeyedStateBackend } from '../../state/heap-keyed-state-backend.ts';
import type { KeyTable } from '../../state/key-table.ts';
import type { InternalTimerService } from '../time/internal-timer-service.ts';
import type { BroadcastStates } from './broadcast-states.ts';
import { NO_TIMESTAMP, type OperatorOutput } from './output.ts';

/** Sends to a side output, or says what is wrong with the tag. */
export function emitToSide(
  output: Pick<OperatorOutput, 'emitSide'>,
  tag: OutputTag<unknown>,
  value: unknown,
  timestamp: number,
): void {
  if (tag === null || tag === undefined) throw new IllegalArgumentError('OutputTag must not be null.');
  output.emitSide(tag, value, timestamp);
}

/** The one context object of a keyed operator: what it shows changes with every record and timer. */
export class OperatorContext<K> implements KeyedReadOnlyContext<K>, KeyedOnTimerContext<K> {
  currentTimestamp = NO_TIMESTAMP;
  domain: TimeDomain = 'event-time';
  private readonly keyTable: KeyTable;
  private readonly timers: InternalTimerService;
  private readonly output_: OperatorOutput;
  private readonly broadcast: BroadcastStates;

  constructor(keyTable: KeyTable, timers: InternalTimerService, output: OperatorOutput, broadcast: BroadcastStates) {
    this.keyTable = keyTable;
    this.timers = timers;
    this.output_ = output;
    this.broadcast = broadcast;
  }

  timestamp(): number | null {
    const timestamp = this.currentTimestamp;
    return timestamp === timestamp ? timestamp : null;
  }

  eventTimeMs(): number {
    return this.currentTimestamp;
  }

  timerService(): TimerService {
    return this.timers;
  }

  timeDomain(): TimeDomain {
    return this.domain;
  }

  getCurrentKey(): K {
    return this.keyTable.currentKey() as K;
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    // A processing-time timer's output has no timestamp, on the side as on the main stream.
    emitToSide(this.output_, tag, value, this.domain === 'event-time' ? this.currentTimestamp : NO_TIMESTAMP);
  }

  getBroadcastState<MK, MV>(descriptor: MapStateDescriptor<MK, MV>): ReadOnlyBroadcastState<MK, MV> {
    return this.broadcast.get(descriptor);
  }
}

const NO_BROADCAST_TIMERS = 'Timers can only be set for a key: use applyToKeyedState, which visits keys one by one.';

/** The context of the broadcast side: no key, but a way to visit all of them. */
export class BroadcastOperatorContext<K> implements BroadcastContext<K> {
  currentTimestamp = NO_TIMESTAMP;
  private readonly keyTable: KeyTable;
  private readonly backend: HeapKeyedStateBackend;
  private readonly timers: InternalTimerService;
  private readonly output_: OperatorOutput;
  private readonly broadcast: BroadcastStates;

  constructor(
    backend: HeapKeyedStateBackend,
    timers: InternalTimerService,
    output: OperatorOutput,
    broadcast: BroadcastStates,
  ) {
    this.keyTable = backend.keyTable;
    this.backend = backend;
    this.timers = timers;
    this.output_ = output;
    this.broadcast = broadcast;
  }

  timestamp(): number | null {
    const timestamp = this.currentTimestamp;
    return timestamp === timestamp ? timestamp : null;
  }

  currentProcessingTime(): number {
    return this.timers.processingTime;
  }

  currentWatermark(): number {
    return this.timers.watermark;
  }

  timerService(): never {
    throw new UnsupportedOperationError(NO_BROADCAST_TIMERS);
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    emitToSide(this.output_, tag, value, this.currentTimestamp);
  }

  getBroadcastState<MK, MV>(descriptor: MapStateDescriptor<MK, MV>): BroadcastState<MK, MV> {
    return this.broadcast.get(descriptor);
  }

  applyToKeyedState<S>(descriptor: StateDescriptors<S>, visit: (key: K, state: S, timers: TimerService) => void): void {
    this.backend.forEachKey(descriptor, (slot, state) => {
      visit(this.keyTable.keyAt(slot) as K, state as S, this.timers);
    });
  }
}
