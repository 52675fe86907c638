import { KeyedCoProcessFunction, type RuntimeContext } from '../../api/functions.ts';
import { mapState, type MapState } from '../../api/state.ts';
import { BAR_PRICES } from '../../contract/bars.ts';
import type { Volume } from '../volumes.ts';
import { decodeBar, encodeBar, startOf } from './bar-coding.ts';
import { rangeOf, type Bar } from './bar-records.ts';

/** Bars kept of each symbol and interval: the width of a chart, some screens over. */
export const BARS_KEPT = 200;
/** A quarter more than is kept, so that what is old goes in one piece. */
const BARS_HELD = BARS_KEPT + BARS_KEPT / 4;
/** Shares and their volume-weighted price. */
const NOTHING_TRADED = [0, 0];

/** The name of the query that gives a symbol's bars. */
export const BARS_QUERY = 'bars';

/** What the query is asked: bars of this length, from this start on. */
export interface BarsQuestion {
  readonly intervalMs: number;
  readonly fromMs: number;
}

/**
 * Keeps the latest bars of each symbol, and what was traded in them, in bounded memory, for who asks: the chart. Nothing
 * goes out.
 */
export class BarHistory extends KeyedCoProcessFunction<string, Bar, Volume, never> {
  /** By interval, oldest first, encoded: the words of a bar up to its volume. */
  #bars!: MapState<number, string[]>;
  /** By interval, oldest first, encoded: start, shares and volume-weighted price. */
  #volumes!: MapState<number, string[]>;

  override open(context: RuntimeContext): void {
    this.#bars = context.getMapState(mapState<number, string[]>('bars'));
    this.#volumes = context.getMapState(mapState<number, string[]>('volumes'));
    context.registerQuery(BARS_QUERY, (question) => this.#answer(question as BarsQuestion));
  }

  processElement1(bar: Bar): void {
    const words = [bar.startMs];
    for (const price of BAR_PRICES) {
      const { open, high, low, close } = rangeOf(bar, price);
      words.push(open, high, low, close);
    }
    words.push(bar.quotes);
    keep(this.#bars, bar.endMs - bar.startMs, words);
  }

  processElement2(volume: Volume): void {
    const words = [volume.startMs, volume.shares, volume.priceHalves];
    keep(this.#volumes, volume.endMs - volume.startMs, words);
  }

  #answer({ intervalMs, fromMs }: BarsQuestion): readonly number[] {
    const volumes = new Map((this.#volumes.get(intervalMs) ?? []).map((text) => [startOf(text), text]));
    const asked = (this.#bars.get(intervalMs) ?? []).filter((text) => startOf(text) >= fromMs);
    return asked.flatMap((text) => {
      const volume = volumes.get(startOf(text));
      return [...decodeBar(text), ...(volume === undefined ? NOTHING_TRADED : decodeBar(volume).slice(1))];
    });
  }
}

/** One that grows takes its own place; one that is late (a late quote that traded) goes where it belongs. */
function keep(state: MapState<number, string[]>, intervalMs: number, words: readonly number[]): void {
  const kept = state.get(intervalMs) ?? [];
  let at = kept.length;
  while (at > 0 && startOf(kept[at - 1]) >= words[0]) at -= 1;
  const isKnown = at < kept.length && startOf(kept[at]) === words[0];
  kept.splice(at, isKnown ? 1 : 0, encodeBar(words));
  if (kept.length > BARS_HELD) kept.splice(0, kept.length - BARS_KEPT);
  state.put(intervalMs, kept);
}
