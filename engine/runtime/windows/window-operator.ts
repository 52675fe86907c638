import type { Collector, RichFunction, TimeDomain } from '../../api/functions.ts';
import { ProcessWindowFunction } from '../../api/windows/process-window-function.ts';
import { isFire, isPurge, type TriggerResult } from '../../api/windows/trigger.ts';
import { MergingWindowAssigner, type WindowAssigner } from '../../api/windows/window-assigner.ts';
import type { WindowWork } from '../../api/windows/window-work.ts';
import type { Window } from '../../api/windows/window.ts';
import { NamespacedStates } from '../../state/namespaced-states.ts';
import { KeyedOperator, type OperatorEnvironment } from '../operators/keyed-operator.ts';
import { emitToSide } from '../operators/operator-context.ts';
import type { OperatorOutput } from '../operators/output.ts';
import { MergingWindowSet } from './merging-window-set.ts';
import { WindowFunctionContext, WindowTriggerContext } from './window-contexts.ts';
import { contentsOf, type WindowContents } from './window-contents.ts';
import { WindowNamespaces, type KeyWindows, type WindowNamespace } from './window-namespaces.ts';

/** Flink's name for it; no function's own state may have it. */
const CONTENTS_STATE = 'window-contents';

/** What was reduced or aggregated goes out as it is. */
class PassThrough extends ProcessWindowFunction<unknown, unknown, unknown, Window> {
  process(_: unknown, __: unknown, elements: readonly unknown[], out: Collector<unknown>): void {
    for (const element of elements) out.collect(element);
  }
}

/**
 * Groups a keyed stream into windows (Flink: WindowOperator): per record and window it adds to the contents and asks the
 * trigger; at the window's cleanup time it forgets everything. Contents, the state of triggers and timers live by key and
 * window (window-namespaces.ts), in the operator's keyed state: they are stored, restored and rescaled with it.
 */
export class WindowOperator extends KeyedOperator {
  protected readonly work: WindowWork;
  protected readonly userFunction: RichFunction;
  protected readonly windowFunction: ProcessWindowFunction<unknown, unknown, unknown, Window>;
  private readonly assigner: WindowAssigner<unknown, Window>;
  private readonly isEventTime: boolean;
  private readonly merging: MergingWindowSet | null;
  private readonly contents: WindowContents;
  private readonly states: NamespacedStates;
  private readonly triggerContext: WindowTriggerContext;
  private readonly functionContext: WindowFunctionContext;
  private namespaces!: WindowNamespaces;

  constructor(
    environment: OperatorEnvironment,
    output: OperatorOutput,
    work: WindowWork,
    contents: WindowContents = contentsOf(work.computation),
  ) {
    super(environment, output);
    this.work = work;
    this.contents = contents;
    this.assigner = work.assigner;
    this.isEventTime = work.assigner.isEventTime();
    this.merging = work.assigner instanceof MergingWindowAssigner ? new MergingWindowSet(work.assigner) : null;
    this.windowFunction = work.windowFunction ?? new PassThrough();
    this.userFunction = this.windowFunction;
    this.states = new NamespacedStates(environment.symbols);
    this.triggerContext = new WindowTriggerContext(this.timers, this.states);
    const windowState = this.merging === null ? this.states : null;
    this.functionContext = new WindowFunctionContext(this.timers, windowState, this.backend, this.output);
  }

  override open(): void {
    this.namespaces = this.backend.registerState(CONTENTS_STATE, () => new WindowNamespaces(this.keyTable));
    super.open();
  }

  /** Pending timers, each window's own counted; `timers` has one for all windows of a key and time. */
  numWindowTimers(domain: TimeDomain): number {
    return this.namespaces.numTimers(domain);
  }

  handleElement1(value: unknown): void {
    const timestamp = this.context.currentTimestamp;
    const assigned = this.assigner.assignWindows(value, timestamp, this.timers);
    const windows = this.namespaces.obtain();
    let isTaken = false;
    for (let index = 0; index < assigned.length; index += 1) {
      const namespace = this.namespaceOf(windows, assigned[index]);
      if (namespace === null) continue;
      isTaken = true;
      this.addTo(windows, namespace, value, timestamp);
    }
    this.states.select(null);
    this.namespaces.release();
    if (!isTaken && this.isElementLate(timestamp)) this.dropLate(value, timestamp);
  }

  protected fireTimer(timeMs: number): void {
    const windows = this.namespaces.find();
    if (windows === null) return;
    const { domain } = this.context;
    for (const namespace of windows.takeTimers(domain, timeMs)) this.fire(windows, namespace, timeMs, domain);
    this.states.select(null);
    this.namespaces.release();
  }

  /** @returns null when the window is over for good */
  private namespaceOf(windows: KeyWindows, window: Window): WindowNamespace | null {
    if (this.merging === null) return this.isWindowLate(window) ? null : windows.obtain(window);
    return this.merging.addWindow(
      windows,
      window,
      (merged) => this.isWindowLate(merged),
      (result, merged) => this.mergeInto(windows, result, merged),
    );
  }

  private addTo(windows: KeyWindows, namespace: WindowNamespace, value: unknown, timestamp: number): void {
    namespace.contents = this.contents.add(namespace.contents, value, timestamp);
    this.triggerContext.select(windows, namespace);
    this.follow(namespace, this.work.trigger.onElement(value, timestamp, namespace.window, this.triggerContext));
    const cleanupMs = this.cleanupTimeOf(namespace.window);
    if (cleanupMs !== Infinity) this.triggerContext.register(this.cleanupDomain, cleanupMs);
  }

  private fire(windows: KeyWindows, namespace: WindowNamespace, timeMs: number, domain: TimeDomain): void {
    // A timer that a trigger left behind when its window became part of another.
    if (this.merging !== null && !namespace.isInFlight) return windows.release(namespace);
    const { trigger } = this.work;
    const { window } = namespace;
    this.triggerContext.select(windows, namespace);
    const result =
      domain === 'event-time'
        ? trigger.onEventTime(timeMs, window, this.triggerContext)
        : trigger.onProcessingTime(timeMs, window, this.triggerContext);
    this.follow(namespace, result);
    if (domain === this.cleanupDomain && timeMs === this.cleanupTimeOf(window)) this.clear(windows, namespace);
    this.states.select(null);
    windows.release(namespace);
  }

  private follow(namespace: WindowNamespace, result: TriggerResult): void {
    if (isFire(result) && namespace.contents !== undefined) this.emitContents(namespace);
    if (isPurge(result)) namespace.contents = undefined;
  }

  /** Emits what a window holds; may replace it. */
  protected emitContents(namespace: WindowNamespace): void {
    const elements = this.contents.elementsOf(namespace.contents);
    if (elements !== null) this.callFunction(namespace.window, elements);
  }

  protected callFunction(window: Window, elements: readonly unknown[]): void {
    this.collector.timestamp = window.maxTimestamp();
    this.functionContext.window = window;
    this.windowFunction.process(this.keyTable.currentKey(), this.functionContext, elements, this.collector);
  }

  private clear(windows: KeyWindows, namespace: WindowNamespace): void {
    namespace.contents = undefined;
    namespace.isInFlight = false;
    this.triggerContext.select(windows, namespace);
    this.work.trigger.clear(namespace.window, this.triggerContext);
    this.functionContext.window = namespace.window;
    this.windowFunction.clear(this.functionContext);
  }

  private mergeInto(windows: KeyWindows, result: WindowNamespace, merged: readonly WindowNamespace[]): void {
    this.triggerContext.select(windows, result, merged);
    this.work.trigger.onMerge(result.window, this.triggerContext);
    for (const namespace of merged) {
      this.triggerContext.select(windows, namespace);
      this.work.trigger.clear(namespace.window, this.triggerContext);
      this.triggerContext.remove(this.cleanupDomain, this.cleanupTimeOf(namespace.window));
    }
    this.states.select(null);
    let contents: unknown = undefined;
    for (const namespace of merged) {
      const own = namespace.contents;
      namespace.contents = undefined;
      if (own === undefined) continue;
      contents = contents === undefined ? own : this.contents.merge(contents, own);
    }
    result.contents = contents;
  }

  private get cleanupDomain(): TimeDomain {
    return this.isEventTime ? 'event-time' : 'processing-time';
  }

  /** Infinity: it is kept for ever. */
  private cleanupTimeOf(window: Window): number {
    return window.maxTimestamp() + (this.isEventTime ? this.work.allowedLatenessMs : 0);
  }

  private isWindowLate(window: Window): boolean {
    return this.isEventTime && this.cleanupTimeOf(window) <= this.timers.watermark;
  }

  private isElementLate(timestamp: number): boolean {
    return this.isEventTime && timestamp + this.work.allowedLatenessMs <= this.timers.watermark;
  }

  private dropLate(value: unknown, timestamp: number): void {
    const { lateTag } = this.work;
    if (lateTag === null) this.numLateRecordsDropped += 1;
    else emitToSide(this.output, lateTag, value, timestamp);
  }
}
