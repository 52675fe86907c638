import { KeyedProcessFunction, type RuntimeContext } from '../../engine/api/functions.ts';
import type { enableTimeToLive } from '../../engine/api/state-ttl.ts';
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
  type AggregatingState,
  type ListState,
  type MapState,
  type ReducingState,
  type ValueState,
} from '../../engine/api/state.ts';

/** One state of every kind that can have a time to live; `r` is a sum, `a` counts. */
export interface StatesOfEveryKind {
  readonly v: ValueState<number>;
  readonly l: ListState<number>;
  readonly m: MapState<string, number | null>;
  readonly r: ReducingState<number>;
  readonly a: AggregatingState<number, number>;
}

/** What is done with the states of a key: the record brings it along. */
export interface StatesCommand {
  readonly key: string;
  readonly run: (states: StatesOfEveryKind) => unknown;
}

/** Gives each descriptor what the test is about. */
type Prepare = <D extends Parameters<typeof enableTimeToLive>[0]>(descriptor: D) => D;

/** Has one state of every kind and does what the record says. */
export class StatesFunction extends KeyedProcessFunction<string, StatesCommand, never> {
  private readonly prepare: Prepare;
  private states!: StatesOfEveryKind;

  constructor(prepare: Prepare) {
    super();
    this.prepare = prepare;
  }

  override open(context: RuntimeContext): void {
    const { prepare } = this;
    const count = aggregatingState<number, { count: number }, number>('a', {
      createAccumulator: () => ({ count: 0 }),
      add: (_, before) => ({ count: before.count + 1 }),
      getResult: (sum) => sum.count,
      merge: (left, right) => ({ count: left.count + right.count }),
    });
    this.states = {
      v: context.getState(prepare(valueState<number>('v'))),
      l: context.getListState(prepare(listState<number>('l'))),
      m: context.getMapState(prepare(mapState<string, number | null>('m'))),
      r: context.getReducingState(prepare(reducingState<number>('r', (left, right) => left + right))),
      a: context.getAggregatingState(prepare(count)),
    };
  }

  processElement({ run }: StatesCommand): void {
    run(this.states);
  }
}
