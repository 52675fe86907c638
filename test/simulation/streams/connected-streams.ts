import type { BroadcastStream, KeyedStream, SingleOutputStreamOperator } from '../../../engine/api/data-stream.ts';
import {
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  type BroadcastContext,
  type Collector,
  type KeyedContext,
  type KeyedReadOnlyContext,
  type RuntimeContext,
} from '../../../engine/api/functions.ts';
import {
  listState,
  mapState,
  reducingState,
  valueState,
  type ListState,
  type MapState,
  type ReducingState,
  type ValueState,
} from '../../../engine/api/state.ts';
import type { StreamRecord } from './drawn-streams.ts';

/** A list keeps so many, so that it grows and is replaced. */
export const LAST_LEFTS = 3;
/** Keys of the map: few, so that they are put and removed again and again. */
export const RIGHT_KEYS = 3;
export const HEARD_KEYS = 4;

const byNumber = <T>(entries: Iterable<readonly [number, T]>): (readonly [number, T])[] =>
  [...entries].sort(([left], [right]) => left - right);

/** Two inputs that share a list, a map and a sum of their key. */
class Meet extends KeyedCoProcessFunction<string, StreamRecord, StreamRecord, unknown> {
  #lefts!: ListState<number>;
  #rights!: MapState<number, number>;
  #sum!: ReducingState<number>;

  override open(context: RuntimeContext): void {
    this.#lefts = context.getListState(listState<number>('lefts'));
    this.#rights = context.getMapState(mapState<number, number>('rights'));
    this.#sum = context.getReducingState(reducingState<number>('sum', (left, right) => left + right));
  }

  processElement1({ sequence }: StreamRecord, _: KeyedContext<string>, out: Collector<unknown>): void {
    this.#lefts.add(sequence);
    const lefts = this.#lefts.get();
    if (lefts.length > LAST_LEFTS) this.#lefts.update(lefts.slice(1));
    this.#tell(sequence, out);
  }

  processElement2({ sequence }: StreamRecord, _: KeyedContext<string>, out: Collector<unknown>): void {
    const key = sequence % RIGHT_KEYS;
    if (this.#rights.contains(key)) this.#rights.remove(key);
    else this.#rights.put(key, sequence);
    this.#tell(sequence, out);
  }

  #tell(sequence: number, out: Collector<unknown>): void {
    this.#sum.add(sequence);
    out.collect([sequence, [...this.#lefts.get()], byNumber(this.#rights.entries()), this.#sum.get()]);
  }
}

const HEARD = mapState<number, number>('heard');
const TOUCHED = valueState<number>('touched');

/** What everybody hears: kept by every subtask alike, counted in operator state, and told to every key there is. */
class Hear extends KeyedBroadcastProcessFunction<string, StreamRecord, StreamRecord, unknown> {
  #touched!: ValueState<number>;
  #count = 0;

  override open(context: RuntimeContext): void {
    this.#touched = context.getState(TOUCHED);
    context.getOperatorState(
      'count',
      () => this.#count,
      ([count]) => (this.#count = count as number),
    );
  }

  processElement({ sequence }: StreamRecord, context: KeyedReadOnlyContext<string>, out: Collector<unknown>): void {
    const touched = this.#touched.value() ?? 0;
    this.#touched.update(touched);
    out.collect([sequence, touched, this.#count, byNumber(context.getBroadcastState(HEARD).entries())]);
  }

  processBroadcastElement({ sequence }: StreamRecord, context: BroadcastContext<string>): void {
    const heard = context.getBroadcastState(HEARD);
    const key = sequence % HEARD_KEYS;
    if (heard.contains(key)) heard.remove(key);
    else heard.put(key, sequence);
    this.#count += 1;
    context.applyToKeyedState<ValueState<number>>(TOUCHED, (_, touched) => touched.update((touched.value() ?? 0) + 1));
  }
}

export const describeMeeting = (
  left: KeyedStream<string, StreamRecord>,
  right: KeyedStream<string, StreamRecord>,
): SingleOutputStreamOperator<unknown> => left.connect(right).process(new Meet());

export const describeHearing = (
  stream: KeyedStream<string, StreamRecord>,
  told: BroadcastStream<StreamRecord>,
): SingleOutputStreamOperator<unknown> => stream.connect(told).process(new Hear());
