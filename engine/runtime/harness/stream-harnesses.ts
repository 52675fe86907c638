import type { KeyedStream, SingleOutputStreamOperator } from '../../api/data-stream.ts';
import { StreamExecutionEnvironment } from '../../api/environment.ts';
import type { StreamNode } from '../../api/stream-nodes.ts';
import { assert } from '../../core/assert.ts';
import { isKeyed } from '../../graph/job-graph.ts';
import { NO_TIMESTAMP } from '../operators/output.ts';
import { createOperator } from '../task/create-operator.ts';
import { WindowOperator } from '../windows/window-operator.ts';
import { TwoInputHarness } from './keyed-harnesses.ts';
import { KeyedOperatorTestHarness, type HarnessKeySelector, type HarnessOptions } from './operator-test-harness.ts';
import type { RecordInput } from './record-input.ts';

/** Asynchronous calls have a harness of their own, whose test answers them: async-harness.ts. */
const NO_CALLS = {
  async: (): never => {
    throw new Error('An asynchronous operator is driven by the AsyncWaitOperatorTestHarness.');
  },
  processingTimeMs: () => 0,
};

/** A keyed stream without records, to describe an operator on. */
function emptyStream<K, IN>(
  environment: StreamExecutionEnvironment,
  selector: HarnessKeySelector<IN>,
): KeyedStream<K, IN> {
  return environment.fromCollection<IN>([]).keyBy(selector as (value: IN) => K);
}

function keyedNodeOf(environment: StreamExecutionEnvironment): StreamNode {
  const nodes = environment.description().nodes.filter(isKeyed);
  assert(nodes.length === 1, `A harness drives one keyed operator; ${nodes.length} were described.`);
  return nodes[0];
}

/**
 * One keyed operator with one input, described as a job would:
 *
 *   new KeyedStreamTestHarness((stream) => stream.window(TumblingEventTimeWindows.of(10)).reduce(sum), 'key')
 */
export class KeyedStreamTestHarness<K, IN, OUT> extends KeyedOperatorTestHarness<OUT> {
  private readonly keySelector: HarnessKeySelector<IN>;
  private readonly input: RecordInput;

  constructor(
    describe: (stream: KeyedStream<K, IN>) => SingleOutputStreamOperator<OUT>,
    keySelector: HarnessKeySelector<IN>,
    options: HarnessOptions = {},
  ) {
    super(options, (operatorEnvironment, output) => {
      const environment = new StreamExecutionEnvironment();
      describe(emptyStream(environment, keySelector));
      return createOperator(keyedNodeOf(environment), operatorEnvironment, output, NO_CALLS);
    });
    this.keySelector = keySelector;
    this.input = this.recordInput(options.structs, keySelector);
  }

  /** @param timestampMs null: a record without a timestamp */
  processElement(value: IN, timestampMs: number | null = null): void {
    this.setKeyOf(this.keySelector, value);
    this.operator.processElement1(this.input.valueOf(value), timestampMs ?? NO_TIMESTAMP);
  }

  processWatermark(watermarkMs: number): void {
    this.open();
    this.operator.processWatermark(watermarkMs);
  }

  /** Of windows, each one's own is counted. */
  override numEventTimeTimers(): number {
    this.open();
    return this.operator instanceof WindowOperator
      ? this.operator.numWindowTimers('event-time')
      : super.numEventTimeTimers();
  }

  override numProcessingTimeTimers(): number {
    this.open();
    return this.operator instanceof WindowOperator
      ? this.operator.numWindowTimers('processing-time')
      : super.numProcessingTimeTimers();
  }
}

/** The same for an operator with two keyed inputs: a join. */
export class KeyedTwoStreamsTestHarness<K, IN1, IN2, OUT> extends TwoInputHarness<OUT> {
  private readonly selectors: readonly [HarnessKeySelector<IN1>, HarnessKeySelector<IN2>];
  private readonly inputs: readonly [RecordInput, RecordInput];

  constructor(
    describe: (left: KeyedStream<K, IN1>, right: KeyedStream<K, IN2>) => SingleOutputStreamOperator<OUT>,
    selectors: readonly [HarnessKeySelector<IN1>, HarnessKeySelector<IN2>],
    options: HarnessOptions = {},
  ) {
    super(options, (operatorEnvironment, output) => {
      const environment = new StreamExecutionEnvironment();
      describe(emptyStream(environment, selectors[0]), emptyStream(environment, selectors[1]));
      return createOperator(keyedNodeOf(environment), operatorEnvironment, output, NO_CALLS);
    });
    this.selectors = selectors;
    this.inputs = [this.recordInput(options.structs, selectors[0]), this.recordInput(options.structs2, selectors[1])];
  }

  processElement1(value: IN1, timestampMs: number | null = null): void {
    this.setKeyOf(this.selectors[0], value);
    this.operator.processElement1(this.inputs[0].valueOf(value), timestampMs ?? NO_TIMESTAMP);
  }

  processElement2(value: IN2, timestampMs: number | null = null): void {
    this.setKeyOf(this.selectors[1], value);
    this.operator.processElement2(this.inputs[1].valueOf(value), timestampMs ?? NO_TIMESTAMP);
  }
}
