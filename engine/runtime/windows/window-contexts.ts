import type { TimeDomain } from '../../api/functions.ts';
import type { OutputTag } from '../../api/output-tag.ts';
import type { KeyedStateStore } from '../../api/state.ts';
import type { WindowContext } from '../../api/windows/process-window-function.ts';
import type { MergeableStateDescriptor, OnMergeContext } from '../../api/windows/trigger.ts';
import { GlobalWindow, type Window } from '../../api/windows/window.ts';
import { BugError } from '../../core/assert.ts';
import { UnsupportedOperationError } from '../../core/errors.ts';
import { mergeNamespaceState, type NamespacedStates } from '../../state/namespaced-states.ts';
import { emitToSide } from '../operators/operator-context.ts';
import type { OperatorOutput } from '../operators/output.ts';
import type { InternalTimerService } from '../time/internal-timer-service.ts';
import type { KeyWindows, WindowNamespace } from './window-namespaces.ts';

/** The one context of an operator's trigger: what it shows is chosen by `select`, for the current key. */
export class WindowTriggerContext implements OnMergeContext {
  readonly partitionedState: KeyedStateStore;
  private readonly timers: InternalTimerService;
  private readonly states: NamespacedStates;
  private windows: KeyWindows | null = null;
  private namespace: WindowNamespace | null = null;
  private merged: readonly WindowNamespace[] = [];

  constructor(timers: InternalTimerService, states: NamespacedStates) {
    this.timers = timers;
    this.states = states;
    this.partitionedState = states;
  }

  /** @param merged those that have become this one */
  select(windows: KeyWindows, namespace: WindowNamespace, merged: readonly WindowNamespace[] = []): void {
    this.windows = windows;
    this.namespace = namespace;
    this.merged = merged;
    this.states.select(namespace.states);
  }

  register(domain: TimeDomain, timeMs: number): void {
    const { windows, namespace } = this.selected();
    if (!windows.registerTimer(domain, timeMs, namespace)) return;
    if (domain === 'event-time') this.timers.registerEventTimeTimer(timeMs);
    else this.timers.registerProcessingTimeTimer(timeMs);
  }

  remove(domain: TimeDomain, timeMs: number): void {
    const { windows, namespace } = this.selected();
    if (!windows.deleteTimer(domain, timeMs, namespace)) return;
    if (domain === 'event-time') this.timers.deleteEventTimeTimer(timeMs);
    else this.timers.deleteProcessingTimeTimer(timeMs);
  }

  currentProcessingTime(): number {
    return this.timers.processingTime;
  }

  currentWatermark(): number {
    return this.timers.watermark;
  }

  registerEventTimeTimer(timestampMs: number): void {
    this.register('event-time', timestampMs);
  }

  registerProcessingTimeTimer(timestampMs: number): void {
    this.register('processing-time', timestampMs);
  }

  deleteEventTimeTimer(timestampMs: number): void {
    this.remove('event-time', timestampMs);
  }

  deleteProcessingTimeTimer(timestampMs: number): void {
    this.remove('processing-time', timestampMs);
  }

  mergePartitionedState<T, ACC>(descriptor: MergeableStateDescriptor<T, ACC>): void {
    const { namespace } = this.selected();
    this.states.select(null);
    const sources = this.merged.map(({ states }) => states);
    mergeNamespaceState(namespace.states, sources, descriptor as Parameters<typeof mergeNamespaceState>[2]);
    this.states.select(namespace.states);
  }

  private selected(): { readonly windows: KeyWindows; readonly namespace: WindowNamespace } {
    const { windows, namespace } = this;
    if (windows === null || namespace === null) throw new BugError('A trigger was called with no window selected.');
    return { windows, namespace };
  }
}

/** What an operator's window function sees; `window` is set ahead of each call. */
export class WindowFunctionContext implements WindowContext<Window> {
  window: Window = GlobalWindow.INSTANCE;
  private readonly timers: InternalTimerService;
  private readonly states: KeyedStateStore | null;
  private readonly backend: KeyedStateStore;
  private readonly operatorOutput: OperatorOutput;

  /** @param states of the window at hand; null: windows merge and have none */
  constructor(
    timers: InternalTimerService,
    states: KeyedStateStore | null,
    backend: KeyedStateStore,
    operatorOutput: OperatorOutput,
  ) {
    this.timers = timers;
    this.states = states;
    this.backend = backend;
    this.operatorOutput = operatorOutput;
  }

  currentProcessingTime(): number {
    return this.timers.processingTime;
  }

  currentWatermark(): number {
    return this.timers.watermark;
  }

  windowState(): KeyedStateStore {
    if (this.states === null)
      throw new UnsupportedOperationError('Per-window state is not allowed when using merging windows.');
    return this.states;
  }

  globalState(): KeyedStateStore {
    return this.backend;
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    emitToSide(this.operatorOutput, tag, value, this.window.maxTimestamp());
  }
}
