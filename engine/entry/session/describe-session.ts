import type { StreamExecutionEnvironment } from '../../api/environment.ts';
import { describeTrading, type CreateSessionReader } from '../../trading/job.ts';
import type { SessionParameters } from './session-parameters.ts';

/** The job of a session, whoever reads its inputs. */
export function describeSession(
  environment: StreamExecutionEnvironment,
  { rules, historySampleMs }: SessionParameters,
  createReader: CreateSessionReader,
): void {
  describeTrading(environment, createReader, { rules, historySampleMs });
}
