import { KeyedCoProcessFunction, type RuntimeContext } from '../../api/functions.ts';
import { mapState, type MapState } from '../../api/state.ts';
import { BAR_PRICES, BAR_WORDS } from '../../contract/bars.ts';
import { weightedPriceHalves, type SymbolVolume } from '../volumes.ts';
import { rangeOf, type Bar } from './bar-records.ts';

/** Bars kept of each symbol and interval: the width of a chart, some screens over. */
export const BARS_KEPT = 300;
/** A quarter more than is kept, so that what is old goes in one piece. */
const BARS_HELD = BARS_KEPT + BARS_KEPT / 4;
/** Start, shares, volume-weighted price. */
const VOLUME_WORDS = 3;

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
export class BarHistory extends KeyedCoProcessFunction<string, Bar, SymbolVolume, never> {
  /** By interval, oldest first: the words of a bar up to its volume. */
  #bars!: MapState<number, number[]>;
  /** By interval, oldest first. */
  #volumes!: MapState<number, number[]>;

  override open(context: RuntimeContext): void {
    this.#bars = context.getMapState(mapState<number, number[]>('bars'));
    this.#volumes = context.getMapState(mapState<number, number[]>('volumes'));
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

  processElement2(volume: SymbolVolume): void {
    const words = [volume.startMs, Number(volume.shares), weightedPriceHalves(volume)];
    keep(this.#volumes, volume.endMs - volume.startMs, words);
  }

  #answer({ intervalMs, fromMs }: BarsQuestion): readonly number[] {
    const bars = this.#bars.get(intervalMs) ?? [];
    const volumes = this.#volumes.get(intervalMs) ?? [];
    const width = BAR_WORDS - VOLUME_WORDS + 1;
    const answer: number[] = [];
    let volumeAt = 0;
    for (let at = 0; at < bars.length; at += width) {
      if (bars[at] < fromMs) continue;
      while (volumeAt < volumes.length && volumes[volumeAt] < bars[at]) volumeAt += VOLUME_WORDS;
      const hasVolume = volumes[volumeAt] === bars[at];
      answer.push(...bars.slice(at, at + width));
      answer.push(hasVolume ? volumes[volumeAt + 1] : 0, hasVolume ? volumes[volumeAt + 2] : 0);
    }
    return answer;
  }
}

/** Words begin with their start; one that grows takes its own place. */
function keep(state: MapState<number, number[]>, intervalMs: number, words: readonly number[]): void {
  const kept = state.get(intervalMs) ?? [];
  const width = words.length;
  if (kept.length > 0 && kept[kept.length - width] === words[0]) kept.length -= width;
  kept.push(...words);
  if (kept.length > BARS_HELD * width) kept.splice(0, kept.length - BARS_KEPT * width);
  state.put(intervalMs, kept);
}
