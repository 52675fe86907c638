import type { Collector, KeyedContext, OnTimerContext, RuntimeContext } from '../../engine/api/functions.ts';
import { KeyedProcessFunction } from '../../engine/api/functions.ts';
import { defineJob } from '../../engine/api/job.ts';
import { externalSink } from '../../engine/api/sink.ts';
import { structState, type StructState } from '../../engine/api/state.ts';
import { struct, type ViewOf } from '../../engine/api/struct.ts';
import { WatermarkStrategy } from '../../engine/api/watermark-strategy.ts';

/**
 * Word count with an end: each word is counted while it keeps coming; after `silenceMs` without it, its count is sent and
 * forgotten. Shows keyed struct state, event-time timers that are moved, and a source that knows its times.
 */
export interface WordCountParameters {
  readonly lines: readonly { readonly text: string; readonly timeMs: number }[];
  readonly silenceMs: number;
}

const WORD = struct('word', { text: 'symbol' });
type Word = ViewOf<typeof WORD>;

export const WORD_TOTAL = struct('word-total', { text: 'symbol', count: 'i32', firstMs: 'f64', lastMs: 'f64' });
export type WordTotal = ViewOf<typeof WORD_TOTAL>;

class CountUntilSilence extends KeyedProcessFunction<string, Word, WordTotal> {
  private total!: StructState<WordTotal>;
  private readonly silenceMs: number;

  constructor(silenceMs: number) {
    super();
    this.silenceMs = silenceMs;
  }

  override open(context: RuntimeContext): void {
    this.total = context.getStructState(structState('total', WORD_TOTAL));
  }

  processElement(_: Word, context: KeyedContext<string>): void {
    const timers = context.timerService();
    const timeMs = context.timestamp() ?? 0;
    const known = this.total.value();
    if (known !== null) timers.deleteEventTimeTimer(known.lastMs + this.silenceMs);
    const total = this.total.create();
    if (known === null) {
      total.text = context.getCurrentKey();
      total.firstMs = timeMs;
    }
    total.count += 1;
    total.lastMs = Math.max(total.lastMs, timeMs);
    timers.registerEventTimeTimer(total.lastMs + this.silenceMs);
  }

  override onTimer(_: number, __: OnTimerContext<string>, out: Collector<WordTotal>): void {
    out.collect(this.total.create());
    this.total.clear();
  }
}

export const wordCount = defineJob<WordCountParameters>((env, { lines, silenceMs }) => {
  env
    .fromCollection(lines, (line) => line.timeMs, WatermarkStrategy.forBoundedOutOfOrderness(10))
    .flatMap<Word>((line, out) => {
      for (const text of line.text.split(' ')) if (text !== '') out.collect({ kind: 'word', text });
    })
    .name('split')
    .returns(WORD)
    .keyBy('text')
    .process(new CountUntilSilence(silenceMs))
    .name('count')
    .uid('count')
    .returns(WORD_TOTAL)
    .sinkTo(externalSink<WordTotal>('totals'));
});
