import type { StreamExecutionEnvironment } from '../../api/environment.ts';
import { describeBarHistory } from '../../trading/bars/describe-bars.ts';
import { describeTrading, type CreateSessionReader } from '../../trading/job.ts';
import type { SessionParameters } from './session-parameters.ts';

/** The job of a session, whoever reads its inputs. */
export function describeSession(
  environment: StreamExecutionEnvironment,
  { rules, historySampleMs, bars }: SessionParameters,
  createReader: CreateSessionReader,
): void {
  const { session, trades } = describeTrading(environment, createReader, { rules, historySampleMs });
  if (bars === 'built') describeBarHistory(session, trades);
}
