import type { TimeDomain } from '../../api/functions.ts';
import { GlobalWindow, TimeWindow, type Window } from '../../api/windows/window.ts';
import { ObjectState } from '../../state/object-states.ts';
import type { NamespaceData } from '../../state/namespaced-states.ts';
import { plainCopy } from '../../state/plain-copy.ts';

/** Everything one key knows of one window: Flink's namespace. It lasts while any of it is there. */
export class WindowNamespace {
  readonly window: Window;
  /** What the window holds, as its contents' strategy has it; undefined: nothing. */
  contents: unknown = undefined;
  /** State of triggers and functions, by name. */
  readonly states: NamespaceData = new Map();
  /** Windows that merge: whether it is one of those that are in flight. */
  isInFlight = false;
  timers = 0;
  /** Another window with the same start. */
  next: WindowNamespace | null = null;

  constructor(window: Window) {
    this.window = window;
  }

  get isEmpty(): boolean {
    return this.contents === undefined && this.timers === 0 && !this.isInFlight && this.states.size === 0;
  }
}

/** All windows of one key, and their timers by time. */
export class KeyWindows {
  private readonly byStart = new Map<number, WindowNamespace>();
  readonly timers: Readonly<Record<TimeDomain, Map<number, WindowNamespace[]>>> = {
    'event-time': new Map(),
    'processing-time': new Map(),
  };

  get isEmpty(): boolean {
    return this.byStart.size === 0;
  }

  find({ start, end }: Window): WindowNamespace | null {
    let found = this.byStart.get(start) ?? null;
    while (found !== null && found.window.end !== end) found = found.next;
    return found;
  }

  obtain(window: Window): WindowNamespace {
    const known = this.find(window);
    if (known !== null) return known;
    const made = new WindowNamespace(window);
    made.next = this.byStart.get(window.start) ?? null;
    this.byStart.set(window.start, made);
    return made;
  }

  /** Forgets it if nothing of it is left. */
  release(namespace: WindowNamespace): void {
    if (!namespace.isEmpty) return;
    const { start } = namespace.window;
    const first = this.byStart.get(start);
    if (first === namespace) {
      if (namespace.next === null) this.byStart.delete(start);
      else this.byStart.set(start, namespace.next);
      return;
    }
    for (let at = first ?? null; at !== null; at = at.next) if (at.next === namespace) at.next = namespace.next;
  }

  *namespaces(): Iterable<WindowNamespace> {
    for (const first of this.byStart.values())
      for (let at: WindowNamespace | null = first; at !== null; at = at.next) yield at;
  }

  /** @returns whether it is the first timer of that time: the key needs one then */
  registerTimer(domain: TimeDomain, timeMs: number, namespace: WindowNamespace): boolean {
    const waiting = this.timers[domain].get(timeMs);
    if (waiting === undefined) {
      this.timers[domain].set(timeMs, [namespace]);
      namespace.timers += 1;
      return true;
    }
    if (!waiting.includes(namespace)) {
      waiting.push(namespace);
      namespace.timers += 1;
    }
    return false;
  }

  /** @returns whether it was the last timer of that time: the key needs none any more */
  deleteTimer(domain: TimeDomain, timeMs: number, namespace: WindowNamespace): boolean {
    const waiting = this.timers[domain].get(timeMs);
    const place = waiting?.indexOf(namespace) ?? -1;
    if (waiting === undefined || place < 0) return false;
    waiting.splice(place, 1);
    namespace.timers -= 1;
    if (waiting.length > 0) return false;
    this.timers[domain].delete(timeMs);
    return true;
  }

  /** Takes out the windows whose timers are due. */
  takeTimers(domain: TimeDomain, timeMs: number): readonly WindowNamespace[] {
    const due = this.timers[domain].get(timeMs) ?? [];
    this.timers[domain].delete(timeMs);
    for (const namespace of due) namespace.timers -= 1;
    return due;
  }
}

/** How snapshots store a key's windows: timers refer to windows by their place. */
interface StoredWindows {
  readonly windows: readonly {
    readonly start: number;
    readonly end: number;
    readonly isInFlight: boolean;
    readonly contents?: unknown;
    readonly states: NamespaceData;
  }[];
  readonly eventTimers: readonly (readonly [number, readonly number[]])[];
  readonly processingTimers: readonly (readonly [number, readonly number[]])[];
}

/** The windows of all keys of a subtask, as one more state of its backend: by slot, copied on write, stored by key group. */
export class WindowNamespaces extends ObjectState<KeyWindows> {
  /** Of the current key. */
  find(): KeyWindows | null {
    return this.bySlot[this.slot()] ?? null;
  }

  obtain(): KeyWindows {
    const slot = this.slot();
    const known = this.bySlot[slot];
    if (known !== undefined) return known;
    const made = new KeyWindows();
    this.store(slot, made);
    return made;
  }

  /** Forgets the current key if it has no window left. */
  release(): void {
    const slot = this.slot();
    if (this.bySlot[slot]?.isEmpty === true) this.clearAt(slot);
  }

  /** Pending timers of all keys, each window's own counted. */
  numTimers(domain: TimeDomain): number {
    let count = 0;
    for (const windows of this.bySlot)
      for (const waiting of windows?.timers[domain].values() ?? []) count += waiting.length;
    return count;
  }

  override snapshotAt(slot: number): unknown {
    const windows = this.bySlot[slot];
    if (windows === undefined) return undefined;
    const namespaces = [...windows.namespaces()];
    const places = new Map(namespaces.map((namespace, index) => [namespace, index]));
    const timersOf = (domain: TimeDomain): [number, number[]][] =>
      [...windows.timers[domain]].map(([timeMs, waiting]) => [
        timeMs,
        waiting.map((namespace) => places.get(namespace) as number),
      ]);
    const stored: StoredWindows = {
      windows: namespaces.map(({ window, isInFlight, contents, states }) => ({
        start: window.start,
        end: window.end,
        isInFlight,
        ...(contents !== undefined && { contents: plainCopy(contents) }),
        states: plainCopy(states),
      })),
      eventTimers: timersOf('event-time'),
      processingTimers: timersOf('processing-time'),
    };
    return stored;
  }

  override restoreAt(slot: number, data: unknown): void {
    const { windows, eventTimers, processingTimers } = data as StoredWindows;
    const restored = new KeyWindows();
    const namespaces = windows.map(({ start, end, isInFlight, contents, states }) => {
      const namespace = restored.obtain(
        start === -Infinity && end === Infinity ? GlobalWindow.INSTANCE : new TimeWindow(start, end),
      );
      namespace.isInFlight = isInFlight;
      namespace.contents = plainCopy(contents);
      for (const [name, state] of plainCopy(states)) namespace.states.set(name, state);
      return namespace;
    });
    const takeTimers = (domain: TimeDomain, timers: StoredWindows['eventTimers']): void => {
      for (const [timeMs, waiting] of timers)
        for (const place of waiting) restored.registerTimer(domain, timeMs, namespaces[place]);
    };
    takeTimers('event-time', eventTimers);
    takeTimers('processing-time', processingTimers);
    this.store(slot, restored);
  }
}
