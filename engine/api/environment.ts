import { IllegalArgumentError } from '../core/errors.ts';
import { SingleOutputStreamOperator, type NodeRegistry } from './data-stream.ts';
import type { InputStatus, ReaderOutput, SourceReader, SourceReaderContext } from './source.ts';
import type { NodeInput, NodeWork, StreamNode } from './stream-nodes.ts';
import { WatermarkStrategy } from './watermark-strategy.ts';

/** `machine`: the task's monotonic clock. `source`: what the source emits with `emitProcessingTime`, exact in replays. */
export type ProcessingTimeSource = 'machine' | 'source';

export const PARALLELISM_LIMIT = 32;

/** Where a job begins (Flink: StreamExecutionEnvironment). It only describes; a runner runs what was described. */
export class StreamExecutionEnvironment {
  private parallelism = 1;
  private maxParallelism: number | null = null;
  private processingTime: ProcessingTimeSource = 'machine';
  private readonly nodes: StreamNode[] = [];
  private readonly registry: NodeRegistry = {
    add: (work: NodeWork, inputs: readonly NodeInput[], name: string): StreamNode => {
      const node: StreamNode = { id: this.nodes.length, work, inputs, name, uid: null, types: null };
      this.nodes.push(node);
      return node;
    },
  };

  /** Subtasks of every keyed operator, 1 to 32; whoever runs the job may set it after this. */
  setParallelism(parallelism: number): this {
    if (!Number.isInteger(parallelism) || parallelism < 1 || parallelism > PARALLELISM_LIMIT) {
      throw new IllegalArgumentError(
        `The parallelism must be a whole number from 1 to ${PARALLELISM_LIMIT}; found ${parallelism}.`,
      );
    }
    this.parallelism = parallelism;
    return this;
  }

  /** Number of key groups, for ever: it is part of the state. Without it, Flink's default for the parallelism. */
  setMaxParallelism(maxParallelism: number): this {
    this.maxParallelism = maxParallelism;
    return this;
  }

  setProcessingTime(source: ProcessingTimeSource): this {
    this.processingTime = source;
    return this;
  }

  /** @param createReader called once, on the source thread */
  fromSource<T>(
    createReader: (context: SourceReaderContext) => SourceReader<T>,
    strategy: WatermarkStrategy,
    name: string,
  ): SingleOutputStreamOperator<T> {
    const work: NodeWork = {
      kind: 'source',
      createReader: createReader,
      strategy,
    };
    return new SingleOutputStreamOperator<T>(this.registry, this.registry.add(work, [], name));
  }

  /**
   * A bounded stream of known records; its last watermark is Infinity.
   * @param timestampOf event time of a record, ms; without it every record has timestamp 0
   * @param strategy default: `forMonotonousTimestamps`
   */
  fromCollection<T>(
    records: Iterable<T>,
    timestampOf: (record: T, index: number) => number = () => 0,
    strategy: WatermarkStrategy = WatermarkStrategy.forMonotonousTimestamps(),
  ): SingleOutputStreamOperator<T> {
    return this.fromSource(
      ({ restoredState }) => new CollectionReader(records, timestampOf, (restoredState as number | null) ?? 0),
      strategy,
      'Collection Source',
    );
  }

  /** Engine's business: what was described. */
  description(): {
    readonly nodes: readonly StreamNode[];
    readonly parallelism: number;
    readonly maxParallelism: number | null;
    readonly processingTime: ProcessingTimeSource;
  } {
    return {
      nodes: this.nodes,
      parallelism: this.parallelism,
      maxParallelism: this.maxParallelism,
      processingTime: this.processingTime,
    };
  }
}

class CollectionReader<T> implements SourceReader<T> {
  private readonly iterator: Iterator<T>;
  private readonly timestampOf: (record: T, index: number) => number;
  private index = 0;

  /** @param taken how many records were emitted before a checkpoint; they are passed over */
  constructor(records: Iterable<T>, timestampOf: (record: T, index: number) => number, taken: number) {
    this.iterator = records[Symbol.iterator]();
    this.timestampOf = timestampOf;
    for (; this.index < taken; this.index += 1) this.iterator.next();
  }

  snapshotState(): number {
    return this.index;
  }

  pollNext(output: ReaderOutput<T>, recordsMax: number): InputStatus {
    for (let count = 0; count < recordsMax; count += 1) {
      const next = this.iterator.next();
      if (next.done === true) {
        output.emitWatermark(Infinity);
        return 'end-of-input';
      }
      output.collect(next.value, this.timestampOf(next.value, this.index));
      this.index += 1;
    }
    return 'more-available';
  }

  isAvailable(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
