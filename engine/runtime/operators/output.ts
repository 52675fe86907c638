import type { Collector } from '../../api/functions.ts';
import type { OutputTag } from '../../api/output-tag.ts';

/** How "no timestamp" is written where a number is needed: in record headers and between operators. */
export const NO_TIMESTAMP = NaN;

/** Where records go: the next operator of the chain, a ring to other threads, or several of them. */
export interface RecordOutput {
  /** @param timestamp event time in ms, NO_TIMESTAMP for none */
  emit(record: unknown, timestamp: number): void;
}

/** Everything that leaves an operator. */
export interface OperatorOutput extends RecordOutput {
  emitSide(tag: OutputTag<unknown>, record: unknown, timestamp: number): void;
  /** From here on, records meet this watermark. */
  emitWatermark(watermarkMs: number): void;
  emitWatermarkStatus(idle: boolean): void;
}

/** What an operator keeps for life, while its real output changes with the job's parallelism. */
export class RelayOutput implements OperatorOutput {
  target: OperatorOutput;

  constructor(target: OperatorOutput) {
    this.target = target;
  }
  emit(record: unknown, timestamp: number): void {
    this.target.emit(record, timestamp);
  }
  emitSide(tag: OutputTag<unknown>, record: unknown, timestamp: number): void {
    this.target.emitSide(tag, record, timestamp);
  }
  emitWatermark(watermarkMs: number): void {
    this.target.emitWatermark(watermarkMs);
  }
  emitWatermarkStatus(idle: boolean): void {
    this.target.emitWatermarkStatus(idle);
  }
}

/** What user functions collect into: it knows the timestamp of the record or timer being worked on. */
export class TimestampedCollector<OUT> implements Collector<OUT> {
  timestamp = NO_TIMESTAMP;
  private readonly output: RecordOutput;

  constructor(output: RecordOutput) {
    this.output = output;
  }

  collect(record: OUT): void {
    this.output.emit(record, this.timestamp);
  }
}
