import type { AsOfContext } from '../../api/joins/as-of-join.ts';
import type { AsOfJoinWork } from '../../api/joins/join-work.ts';
import type { OutputTag } from '../../api/output-tag.ts';
import { mapState, valueState, type MapState, type ValueState } from '../../api/state.ts';
import { checkTimestamp } from '../../api/windows/window-assigner.ts';
import { KeyedOperator, type OperatorEnvironment } from '../operators/keyed-operator.ts';
import { keptRecord } from '../operators/kept-record.ts';
import { emitToSide } from '../operators/operator-context.ts';
import type { OperatorOutput } from '../operators/output.ts';

interface Version {
  readonly timestamp: number;
  readonly value: unknown;
}

/** The record at hand and its version. */
class RecordAsOfContext implements AsOfContext {
  recordTimestamp = NaN;
  version: Version | null = null;
  private readonly operatorOutput: OperatorOutput;

  constructor(operatorOutput: OperatorOutput) {
    this.operatorOutput = operatorOutput;
  }

  timestamp(): number {
    return this.recordTimestamp;
  }

  versionTimestamp(): number | null {
    return this.version?.timestamp ?? null;
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    emitToSide(this.operatorOutput, tag, value, this.recordTimestamp);
  }
}

/** Runs an as-of join: records wait for the watermark, versions for records. */
export class AsOfJoinOperator extends KeyedOperator {
  protected readonly userFunction: AsOfJoinWork['userFunction'];
  private readonly work: AsOfJoinWork;
  private readonly asOf: RecordAsOfContext;
  /** Records that wait, by time. */
  private waiting!: MapState<number, unknown[]>;
  /** In order of time, then of arrival. */
  private versions!: ValueState<Version[]>;

  constructor(environment: OperatorEnvironment, output: OperatorOutput, work: AsOfJoinWork) {
    super(environment, output);
    this.work = work;
    this.userFunction = work.userFunction;
    this.asOf = new RecordAsOfContext(this.output);
  }

  override open(): void {
    this.waiting = this.backend.getMapState(mapState<number, unknown[]>('waiting-records'));
    this.versions = this.backend.getState(valueState<Version[]>('versions'));
    super.open();
  }

  handleElement1(value: unknown): void {
    const timestamp = this.context.currentTimestamp;
    if (this.isLate(timestamp)) return this.dropLate(value, timestamp, this.work.leftLateTag);
    const same = this.waiting.get(timestamp) ?? [];
    same.push(keptRecord(value));
    this.waiting.put(timestamp, same);
    this.timers.registerEventTimeTimer(timestamp);
  }

  override processElement2(value: unknown, timestamp: number): void {
    this.stampElement(timestamp);
    if (this.isLate(timestamp)) return this.dropLate(value, timestamp, this.work.rightLateTag);
    const versions = this.versions.value() ?? [];
    this.forgetOld(versions);
    let at = versions.length;
    while (at > 0 && versions[at - 1].timestamp > timestamp) at -= 1;
    versions.splice(at, 0, { timestamp, value: keptRecord(value) });
    this.versions.update(versions);
  }

  protected fireTimer(timeMs: number): void {
    const records = this.waiting.get(timeMs) ?? [];
    this.waiting.remove(timeMs);
    const version = this.versionAt(timeMs);
    this.asOf.recordTimestamp = timeMs;
    this.asOf.version = version;
    this.collector.timestamp = timeMs;
    for (const record of records)
      this.userFunction.processElement(record, version?.value ?? null, this.asOf, this.collector);
  }

  private versionAt(timeMs: number): Version | null {
    const versions = this.versions.value() ?? [];
    const newestMs = this.work.match === 'before' ? timeMs - 1 : timeMs;
    const version = versions.findLast(({ timestamp }) => timestamp <= newestMs);
    return version === undefined || timeMs - version.timestamp > this.work.ageMaxMs ? null : version;
  }

  /**
   * Records still to come, and those that wait, are after the watermark: the newest version that it has passed is the oldest
   * one that anybody can ask for.
   */
  private forgetOld(versions: Version[]): void {
    let old = 0;
    while (old + 1 < versions.length && versions[old + 1].timestamp <= this.timers.watermark) old += 1;
    if (old > 0) versions.splice(0, old);
  }

  private isLate(timestamp: number): boolean {
    checkTimestamp(timestamp);
    return timestamp <= this.timers.watermark;
  }

  private dropLate(value: unknown, timestamp: number, tag: OutputTag<unknown> | null): void {
    if (tag === null) this.numLateRecordsDropped += 1;
    else emitToSide(this.output, tag, value, timestamp);
  }
}
