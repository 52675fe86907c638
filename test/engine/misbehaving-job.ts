import type {
  AlignedSums,
  Collector,
  KeyedContext,
  OnTimerContext,
  RowPublisher,
  RuntimeContext,
} from '../../engine/api/functions.ts';
import { KeyedProcessFunction } from '../../engine/api/functions.ts';
import { defineJob } from '../../engine/api/job.ts';
import { externalSink } from '../../engine/api/sink.ts';
import type { InputStatus, ReaderOutput, SourceReader, SourceReaderContext } from '../../engine/api/source.ts';
import { structState, type StructState } from '../../engine/api/state.ts';
import { struct, type ViewOf } from '../../engine/api/struct.ts';
import { WatermarkStrategy } from '../../engine/api/watermark-strategy.ts';

/** How the job goes wrong, if at all, and where. */
export interface TallyParameters {
  readonly events: number;
  readonly keys: number;
  readonly misbehaviour:
    | 'none'
    | 'throws'
    | 'throws-in-timer'
    | 'throws-in-open'
    | 'exits'
    | 'hangs'
    | 'eats-memory'
    | 'rejects'
    | 'source-throws'
    | 'source-rejects'
    | 'null-key'
    | 'builds-another-job';
  /** Event at which it happens. */
  readonly at: number;
  /** The source stops here and waits for a source event `go on`. */
  readonly waitAt?: number;
}

export const EVENT = struct('event', { name: 'symbol', value: 'f64', index: 'f64' });
type Event = ViewOf<typeof EVENT>;
export const TALLY = struct('tally', { name: 'symbol', sum: 'f64', count: 'i32' });
export type Tally = ViewOf<typeof TALLY>;
const TALLY_STATE = structState('tally', TALLY);

class EventReader implements SourceReader<Event> {
  private readonly parameters: TallyParameters;
  private readonly context: SourceReaderContext;
  private index = 0;
  private mayGoOn = false;
  private readonly record: Event = { kind: 'event', name: '', value: 0, index: 0 };

  constructor(parameters: TallyParameters, context: SourceReaderContext) {
    this.parameters = parameters;
    this.context = context;
  }

  pollNext(output: ReaderOutput<Event>, recordsMax: number): InputStatus {
    const { events, keys, misbehaviour, at, waitAt } = this.parameters;
    for (let count = 0; count < recordsMax; count += 1) {
      if (this.index === waitAt && !this.mayGoOn) return 'nothing-available';
      if (this.index === events) {
        output.emitAlignment(events);
        output.emitWatermark(events + 1000);
        this.context.sendSourceEventToCoordinator({ read: this.index });
        return 'end-of-input';
      }
      if (this.index === at && misbehaviour === 'source-throws') throw new Error('the source broke');
      if (this.index === at && misbehaviour === 'source-rejects') return 'nothing-available';
      if (this.index % 1000 === 999) output.emitAlignment(this.index);
      this.record.name = `key-${(this.index * 7919) % keys}`;
      this.record.value = this.index % 10;
      this.record.index = this.index;
      output.emitWatermark(this.index - 1);
      output.collect(this.record, this.index);
      this.index += 1;
    }
    return 'more-available';
  }

  isAvailable(): Promise<void> {
    if (this.parameters.misbehaviour === 'source-rejects') return Promise.reject(new Error('the disk went away'));
    return new Promise(() => undefined);
  }

  snapshotState(): number {
    return this.index;
  }

  handleSourceEvent(event: unknown): void {
    if (event === 'go on') this.mayGoOn = true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class Tallies extends KeyedProcessFunction<string, Event, Tally> {
  private tally!: StructState<Tally>;
  private sums!: AlignedSums;
  private rows!: RowPublisher;
  private totalAtAlignment = 0n;
  private readonly parameters: TallyParameters;

  constructor(parameters: TallyParameters) {
    super();
    this.parameters = parameters;
  }

  override open(context: RuntimeContext): void {
    if (this.parameters.misbehaviour === 'throws-in-open' && context.subtaskIndex === context.parallelism - 1)
      throw new Error('cannot open');
    this.tally = context.getStructState(TALLY_STATE);
    this.sums = context.getAlignedSums('values', 1, () => {
      this.totalAtAlignment = this.sums.total(0);
    });
    this.rows = context.getRowPublisher('tallies', 2, (numbers, _, offset) => {
      numbers[offset] = this.tally.value()?.sum ?? NaN;
      numbers[offset + 1] = this.tally.value()?.count ?? 0;
    });
    context.registerQuery('tally', () => ({ ...this.plainTally(), totalAtAlignment: this.totalAtAlignment }));
  }

  private plainTally(): { sum: number; count: number } {
    const tally = this.tally.value();
    return { sum: tally?.sum ?? 0, count: tally?.count ?? 0 };
  }

  processElement(event: Event, context: KeyedContext<string>): void {
    if (event.index === this.parameters.at) misbehave(this.parameters.misbehaviour);
    const tally = this.tally.create();
    tally.name = event.name;
    tally.sum += event.value;
    tally.count += 1;
    this.sums.add(0, BigInt(event.value));
    this.rows.changed();
    context.timerService().registerEventTimeTimer(this.parameters.events + 500);
  }

  override onTimer(_: number, __: OnTimerContext<string>, out: Collector<Tally>): void {
    if (this.parameters.misbehaviour === 'throws-in-timer') throw new Error('the timer broke');
    out.collect(this.tally.create());
  }
}

function misbehave(how: TallyParameters['misbehaviour']): void {
  if (how === 'throws') throw new Error('the function broke');
  if (how === 'exits') process.exit(0);
  if (how === 'rejects') {
    // Nobody handles it, on a thread that does not come back to its event loop by itself.
    void Promise.reject(new Error('forgotten'));
    throw new Error('thrown beside a rejection');
  }
  if (how === 'eats-memory') {
    const eaten: unknown[] = [];
    for (;;) eaten.push({ more: new Array(1000).fill(eaten.length) });
  }
  if (how === 'hangs') for (;;);
}

let builds = 0;
export const tally = defineJob<TallyParameters>((env, parameters) => {
  builds += 1;
  env
    .fromSource<Event>((context) => new EventReader(parameters, context), WatermarkStrategy.noWatermarks(), 'events')
    .uid('events')
    .returns(EVENT)
    .keyBy((event: Event) =>
      parameters.misbehaviour === 'null-key' && event.index === parameters.at ? (null as never) : event.name,
    )
    .process(new Tallies(parameters))
    .name(
      parameters.misbehaviour === 'builds-another-job'
        ? `tallies ${process.pid}-${builds}-${Math.random()}`
        : 'tallies',
    )
    .uid('tallies')
    .returns(TALLY)
    .sinkTo(externalSink<Tally>('tallies'));
});
