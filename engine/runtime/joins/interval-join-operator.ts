import type { IntervalJoinWork } from '../../api/joins/join-work.ts';
import type { JoinContext } from '../../api/joins/interval-join.ts';
import type { OutputTag } from '../../api/output-tag.ts';
import { mapState, type MapState } from '../../api/state.ts';
import { checkTimestamp } from '../../api/windows/window-assigner.ts';
import { KeyedOperator, type OperatorEnvironment } from '../operators/keyed-operator.ts';
import { keptRecord } from '../operators/kept-record.ts';
import { emitToSide } from '../operators/operator-context.ts';
import type { OperatorOutput } from '../operators/output.ts';

/** Records of one side that wait for the other, by time. */
type Buffer = MapState<number, unknown[]>;

/** The pair at hand. */
class PairContext implements JoinContext {
  leftTimestamp = NaN;
  rightTimestamp = NaN;
  private readonly operatorOutput: OperatorOutput;

  constructor(operatorOutput: OperatorOutput) {
    this.operatorOutput = operatorOutput;
  }

  getLeftTimestamp(): number {
    return this.leftTimestamp;
  }

  getRightTimestamp(): number {
    return this.rightTimestamp;
  }

  getTimestamp(): number {
    return Math.max(this.leftTimestamp, this.rightTimestamp);
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    emitToSide(this.operatorOutput, tag, value, this.getTimestamp());
  }
}

/** Runs an interval join (Flink: IntervalJoinOperator). */
export class IntervalJoinOperator extends KeyedOperator {
  protected readonly userFunction: IntervalJoinWork['userFunction'];
  private readonly work: IntervalJoinWork;
  private left!: Buffer;
  private right!: Buffer;
  private readonly joinContext: PairContext;

  constructor(environment: OperatorEnvironment, output: OperatorOutput, work: IntervalJoinWork) {
    super(environment, output);
    this.work = work;
    this.userFunction = work.userFunction;
    this.joinContext = new PairContext(this.output);
  }

  override open(): void {
    this.left = this.backend.getMapState(mapState<number, unknown[]>('left-buffer'));
    this.right = this.backend.getMapState(mapState<number, unknown[]>('right-buffer'));
    super.open();
  }

  handleElement1(value: unknown): void {
    const { lowerMs, upperMs } = this.work;
    const timestamp = this.context.currentTimestamp;
    if (this.isLate(timestamp)) return this.dropLate(value, timestamp, this.work.leftLateTag);
    this.keep(this.left, value, timestamp, upperMs);
    this.visit(this.right, timestamp + lowerMs, timestamp + upperMs, (other, otherTimestamp) =>
      this.join(value, other, timestamp, otherTimestamp),
    );
  }

  override processElement2(value: unknown, timestamp: number): void {
    const { lowerMs, upperMs } = this.work;
    this.stampElement(timestamp);
    if (this.isLate(timestamp)) return this.dropLate(value, timestamp, this.work.rightLateTag);
    this.keep(this.right, value, timestamp, -lowerMs);
    this.visit(this.left, timestamp - upperMs, timestamp - lowerMs, (other, otherTimestamp) =>
      this.join(other, value, otherTimestamp, timestamp),
    );
  }

  /** What was kept until now cannot match any more. Records of both sides may have waited for the same time. */
  protected fireTimer(timeMs: number): void {
    const { lowerMs, upperMs } = this.work;
    this.left.remove(timeMs - Math.max(0, upperMs));
    this.right.remove(timeMs - Math.max(0, -lowerMs));
  }

  private isLate(timestamp: number): boolean {
    checkTimestamp(timestamp);
    return timestamp < this.timers.watermark;
  }

  private keep(buffer: Buffer, value: unknown, timestamp: number, aheadMs: number): void {
    const same = buffer.get(timestamp) ?? [];
    same.push(keptRecord(value));
    buffer.put(timestamp, same);
    this.timers.registerEventTimeTimer(timestamp + Math.max(0, aheadMs));
  }

  private visit(buffer: Buffer, from: number, to: number, join: (other: unknown, timestamp: number) => void): void {
    for (const [timestamp, others] of buffer.entries()) {
      if (timestamp < from || timestamp > to) continue;
      for (const other of others) join(other, timestamp);
    }
  }

  private join(left: unknown, right: unknown, leftTimestamp: number, rightTimestamp: number): void {
    this.joinContext.leftTimestamp = leftTimestamp;
    this.joinContext.rightTimestamp = rightTimestamp;
    this.collector.timestamp = this.joinContext.getTimestamp();
    this.userFunction.processElement(left, right, this.joinContext, this.collector);
  }

  private dropLate(value: unknown, timestamp: number, tag: OutputTag<unknown> | null): void {
    if (tag === null) this.numLateRecordsDropped += 1;
    else emitToSide(this.output, tag, value, timestamp);
  }
}
