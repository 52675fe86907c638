import type {
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
} from '../../api/functions.ts';
import type { MapStateDescriptor, ReadOnlyBroadcastState } from '../../api/state.ts';
import type { Key } from '../../state/java-hash.ts';
import {
  KeyedBroadcastOperator,
  KeyedCoProcessOperator,
  KeyedProcessOperator,
} from '../operators/keyed-process-operators.ts';
import { NO_TIMESTAMP } from '../operators/output.ts';
import { InputWatermarks } from '../watermarks/combined-watermark.ts';
import { KeyedOperatorTestHarness, type HarnessKeySelector, type HarnessOptions } from './operator-test-harness.ts';
import type { RecordInput } from './record-input.ts';

/** A KeyedProcessFunction under test. Watermarks reach the operator as they are given, equal and lower ones too. */
export class KeyedOneInputStreamOperatorTestHarness<K, IN, OUT> extends KeyedOperatorTestHarness<OUT> {
  private readonly keySelector: HarnessKeySelector<IN>;
  private readonly input: RecordInput;

  constructor(
    userFunction: KeyedProcessFunction<K, IN, OUT>,
    keySelector: HarnessKeySelector<IN>,
    options: HarnessOptions = {},
  ) {
    super(
      options,
      (environment, output) =>
        new KeyedProcessOperator(
          environment,
          output,
          userFunction as unknown as KeyedProcessFunction<Key, unknown, unknown>,
        ),
    );
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

  processWatermarkStatus(idle: boolean): void {
    this.open();
    this.operator.processWatermarkStatus(idle);
  }
}

/** What both two-input harnesses share: the combined watermark of two inputs. */
export abstract class TwoInputHarness<OUT> extends KeyedOperatorTestHarness<OUT> {
  private readonly watermarks = new InputWatermarks(2, {
    processWatermark: (watermarkMs) => this.operator.processWatermark(watermarkMs),
    processWatermarkStatus: (idle) => this.operator.processWatermarkStatus(idle),
  });

  /** @param input 1 or 2 */
  processWatermark(input: 1 | 2, watermarkMs: number): void {
    this.open();
    this.watermarks.processWatermark(input - 1, watermarkMs);
  }

  processWatermark1(watermarkMs: number): void {
    this.processWatermark(1, watermarkMs);
  }

  processWatermark2(watermarkMs: number): void {
    this.processWatermark(2, watermarkMs);
  }

  /** The same watermark on both inputs, as when both come from one source. */
  processBothWatermarks(watermarkMs: number): void {
    this.processWatermark(1, watermarkMs);
    this.processWatermark(2, watermarkMs);
  }

  processWatermarkStatus(input: 1 | 2, idle: boolean): void {
    this.open();
    this.watermarks.processWatermarkStatus(input - 1, idle);
  }
}

/** A KeyedCoProcessFunction under test. */
export class KeyedTwoInputStreamOperatorTestHarness<K, IN1, IN2, OUT> extends TwoInputHarness<OUT> {
  private readonly keySelector1: HarnessKeySelector<IN1>;
  private readonly keySelector2: HarnessKeySelector<IN2>;
  private readonly input1: RecordInput;
  private readonly input2: RecordInput;

  constructor(
    userFunction: KeyedCoProcessFunction<K, IN1, IN2, OUT>,
    keySelector1: HarnessKeySelector<IN1>,
    keySelector2: HarnessKeySelector<IN2>,
    options: HarnessOptions = {},
  ) {
    super(
      options,
      (environment, output) =>
        new KeyedCoProcessOperator(
          environment,
          output,
          userFunction as unknown as KeyedCoProcessFunction<Key, unknown, unknown, unknown>,
        ),
    );
    this.keySelector1 = keySelector1;
    this.keySelector2 = keySelector2;
    this.input1 = this.recordInput(options.structs, keySelector1);
    this.input2 = this.recordInput(options.structs2, keySelector2);
  }

  processElement1(value: IN1, timestampMs: number | null = null): void {
    this.setKeyOf(this.keySelector1, value);
    this.operator.processElement1(this.input1.valueOf(value), timestampMs ?? NO_TIMESTAMP);
  }

  processElement2(value: IN2, timestampMs: number | null = null): void {
    this.setKeyOf(this.keySelector2, value);
    this.operator.processElement2(this.input2.valueOf(value), timestampMs ?? NO_TIMESTAMP);
  }
}

/** A KeyedBroadcastProcessFunction under test: input 1 is keyed, input 2 broadcast. */
export class KeyedBroadcastOperatorTestHarness<K, IN, BC, OUT> extends TwoInputHarness<OUT> {
  private readonly keySelector: HarnessKeySelector<IN>;
  private readonly input: RecordInput;
  private readonly broadcastInput: RecordInput;

  constructor(
    userFunction: KeyedBroadcastProcessFunction<K, IN, BC, OUT>,
    keySelector: HarnessKeySelector<IN>,
    options: HarnessOptions = {},
  ) {
    super(
      options,
      (environment, output) =>
        new KeyedBroadcastOperator(
          environment,
          output,
          userFunction as unknown as KeyedBroadcastProcessFunction<Key, unknown, unknown, unknown>,
        ),
    );
    this.keySelector = keySelector;
    this.input = this.recordInput(options.structs, keySelector);
    this.broadcastInput = this.recordInput(options.structs2, null);
  }

  processElement(value: IN, timestampMs: number | null = null): void {
    this.setKeyOf(this.keySelector, value);
    this.operator.processElement1(this.input.valueOf(value), timestampMs ?? NO_TIMESTAMP);
  }

  processBroadcastElement(value: BC, timestampMs: number | null = null): void {
    this.open();
    this.operator.processElement2(this.broadcastInput.valueOf(value), timestampMs ?? NO_TIMESTAMP);
  }

  getBroadcastState<MK, MV>(descriptor: MapStateDescriptor<MK, MV>): ReadOnlyBroadcastState<MK, MV> {
    return this.operator.broadcastStates.get(descriptor);
  }
}
