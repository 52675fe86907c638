import type { MergingWindowAssigner } from '../../api/windows/window-assigner.ts';
import type { Window } from '../../api/windows/window.ts';
import type { KeyWindows, WindowNamespace } from './window-namespaces.ts';

/** Told of windows in flight that become one; `merged` is never empty. */
export type OnMerge = (result: WindowNamespace, merged: readonly WindowNamespace[]) => void;

interface PlannedMerge {
  readonly merged: readonly Window[];
  readonly result: Window;
}

/**
 * Which windows of a key are in flight, where windows grow together (Flink: MergingWindowSet). A window's contents move with
 * it, so there is no separate window that stands for the state.
 */
export class MergingWindowSet {
  private readonly assigner: MergingWindowAssigner<unknown, Window>;

  constructor(assigner: MergingWindowAssigner<unknown, Window>) {
    this.assigner = assigner;
  }

  /**
   * Takes a record's window in, which may join others.
   *
   * @param isLate whether a window is over for good. A record whose window would have to be part of such a one is late
   *   itself, and nothing changes: Flink raises an exception there, at each restart again
   * @returns the window the record belongs to now; null: it is late
   */
  addWindow(
    windows: KeyWindows,
    added: Window,
    isLate: (window: Window) => boolean,
    onMerge: OnMerge,
  ): WindowNamespace | null {
    const inFlight = [...windows.namespaces()].filter((namespace) => namespace.isInFlight);
    const merges: PlannedMerge[] = [];
    this.assigner.mergeWindows([...inFlight.map(({ window }) => window), added], (merged, result) =>
      merges.push({ merged, result }),
    );
    const isAdded = ({ start, end }: Window): boolean => start === added.start && end === added.end;
    const own = merges.find(({ merged }) => merged.some(isAdded))?.result ?? added;
    if (isLate(own) || merges.some(({ result }) => isLate(result))) return null;
    for (const merge of merges) this.merge(windows, merge, onMerge);
    const namespace = windows.obtain(own);
    namespace.isInFlight = true;
    return namespace;
  }

  private merge(windows: KeyWindows, { merged, result }: PlannedMerge, onMerge: OnMerge): void {
    const before = merged.flatMap((window) => windows.find(window) ?? []).filter(({ isInFlight }) => isInFlight);
    const target = windows.obtain(result);
    const isUnchanged = before.length === 1 && before[0] === target;
    if (before.length === 0 || isUnchanged) return;
    for (const namespace of before) namespace.isInFlight = false;
    target.isInFlight = true;
    onMerge(target, before);
    for (const namespace of before) windows.release(namespace);
  }
}
