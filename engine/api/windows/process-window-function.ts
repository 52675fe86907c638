import { RichFunction, type Collector } from '../functions.ts';
import type { OutputTag } from '../output-tag.ts';
import type { KeyedStateStore } from '../state.ts';
import type { Window } from './window.ts';

/** What a function of windows may ask. Valid during the call only. */
export interface WindowContext<W extends Window> {
  readonly window: W;
  currentProcessingTime(): number;
  currentWatermark(): number;
  /**
   * State of this key and window, which goes with the window: clear it in `clear`.
   * @throws UnsupportedOperationError for windows that merge
   */
  windowState(): KeyedStateStore;
  /** State of the key, over all its windows. */
  globalState(): KeyedStateStore;
  /** The record's timestamp is the window's last one, as that of the main output. */
  output<X>(tag: OutputTag<X>, value: X): void;
}

/**
 * Sees a window when it fires: its records, or the one value they were reduced or aggregated to (Flink:
 * ProcessWindowFunction). What it collects carries the window's last timestamp.
 */
export abstract class ProcessWindowFunction<IN, OUT, K, W extends Window> extends RichFunction {
  abstract process(key: K, context: WindowContext<W>, elements: readonly IN[], out: Collector<OUT>): void;
  /** The window is gone; what it kept in `windowState` should go too. */
  clear(_context: WindowContext<W>): void {}
}
