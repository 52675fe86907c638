import type { StreamExecutionEnvironment } from '../../api/environment.ts';
import { externalSink } from '../../api/sink.ts';
import { describeExecutions, type Execution } from '../../trading/executions.ts';
import { describeTrading, type CreateSessionReader } from '../../trading/job.ts';
import { describeVolumes, type Volume } from '../../trading/volumes.ts';
import type { SessionParameters } from './session-parameters.ts';

/** Everything a job of executions is made from. */
export interface ExecutionsParameters {
  readonly session: SessionParameters;
  readonly intervalMs: number;
}

export const EXECUTIONS_SINK = externalSink<Execution>('executions');
export const VOLUMES_SINK = externalSink<Volume>('volumes');

/** FlinkTrade, and what is to be known of each trade beside it. */
export function describeExecutionsJob(
  environment: StreamExecutionEnvironment,
  { session, intervalMs }: ExecutionsParameters,
  createReader: CreateSessionReader,
): void {
  const { rules, historySampleMs } = session;
  const trading = describeTrading(environment, createReader, { rules, historySampleMs });
  describeExecutions(trading.session, trading.trades).sinkTo(EXECUTIONS_SINK);
  describeVolumes(trading.trades, [intervalMs]).sinkTo(VOLUMES_SINK);
}
