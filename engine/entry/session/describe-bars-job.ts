import type { StreamExecutionEnvironment } from '../../api/environment.ts';
import { externalSink } from '../../api/sink.ts';
import type { BarOpen } from '../../trading/bars/finish-bar.ts';
import type { Bar } from '../../trading/bars/bar-records.ts';
import { describeBars } from '../../trading/bars/describe-bars.ts';
import { describeSessionSource, type CreateSessionReader } from '../../trading/job.ts';
import type { SessionParameters } from './session-parameters.ts';

/** Everything a job of bars is made from. */
export interface BarsParameters {
  readonly session: SessionParameters;
  readonly intervalMs: number;
  readonly open: BarOpen;
}

export const BARS_SINK = externalSink<Bar>('bars');

/** A session's bars, whoever reads its inputs. */
export function describeBarsJob(
  environment: StreamExecutionEnvironment,
  { intervalMs, open }: BarsParameters,
  createReader: CreateSessionReader,
): void {
  describeBars(describeSessionSource(environment, createReader), intervalMs, open).sinkTo(BARS_SINK);
}
