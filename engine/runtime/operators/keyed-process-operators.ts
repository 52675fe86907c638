import type {
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
} from '../../api/functions.ts';
import type { Key } from '../../state/java-hash.ts';
import { NO_SLOT } from '../../state/key-table.ts';
import { KeyedOperator, type OperatorEnvironment } from './keyed-operator.ts';
import { BroadcastOperatorContext } from './operator-context.ts';
import type { OperatorOutput } from './output.ts';

/** Runs a KeyedProcessFunction (Flink: KeyedProcessOperator). */
export class KeyedProcessOperator extends KeyedOperator {
  protected readonly userFunction: KeyedProcessFunction<Key, unknown, unknown>;

  constructor(
    environment: OperatorEnvironment,
    output: OperatorOutput,
    userFunction: KeyedProcessFunction<Key, unknown, unknown>,
  ) {
    super(environment, output);
    this.userFunction = userFunction;
  }

  handleElement1(value: unknown): void {
    this.userFunction.processElement(value, this.context, this.collector);
  }

  protected fireTimer(timestampMs: number): void {
    this.userFunction.onTimer(timestampMs, this.context, this.collector);
  }
}

/** Runs a KeyedCoProcessFunction (Flink: KeyedCoProcessOperator): two inputs, one set of keys, state and timers. */
export class KeyedCoProcessOperator extends KeyedOperator {
  protected readonly userFunction: KeyedCoProcessFunction<Key, unknown, unknown, unknown>;

  constructor(
    environment: OperatorEnvironment,
    output: OperatorOutput,
    userFunction: KeyedCoProcessFunction<Key, unknown, unknown, unknown>,
  ) {
    super(environment, output);
    this.userFunction = userFunction;
  }

  handleElement1(value: unknown): void {
    this.userFunction.processElement1(value, this.context, this.collector);
  }

  override processElement2(value: unknown, timestamp: number): void {
    this.context.currentTimestamp = timestamp;
    this.collector.timestamp = timestamp;
    this.userFunction.processElement2(value, this.context, this.collector);
  }

  protected fireTimer(timestampMs: number): void {
    this.userFunction.onTimer(timestampMs, this.context, this.collector);
  }
}

/** Runs a KeyedBroadcastProcessFunction (Flink: CoBroadcastWithKeyedOperator): input 1 keyed, input 2 broadcast. */
export class KeyedBroadcastOperator extends KeyedOperator {
  protected readonly userFunction: KeyedBroadcastProcessFunction<Key, unknown, unknown, unknown>;
  private readonly broadcastContext: BroadcastOperatorContext<Key>;

  constructor(
    environment: OperatorEnvironment,
    output: OperatorOutput,
    userFunction: KeyedBroadcastProcessFunction<Key, unknown, unknown, unknown>,
  ) {
    super(environment, output);
    this.userFunction = userFunction;
    this.broadcastContext = new BroadcastOperatorContext(this.backend, this.timers, this.output, this.broadcastStates);
  }

  handleElement1(value: unknown): void {
    this.userFunction.processElement(value, this.context, this.collector);
  }

  override processElement2(value: unknown, timestamp: number): void {
    this.keyTable.currentSlot = NO_SLOT;
    this.broadcastContext.currentTimestamp = timestamp;
    this.collector.timestamp = timestamp;
    this.userFunction.processBroadcastElement(value, this.broadcastContext, this.collector);
  }

  protected fireTimer(timestampMs: number): void {
    this.userFunction.onTimer(timestampMs, this.context, this.collector);
  }
}
