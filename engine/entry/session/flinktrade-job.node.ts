import { defineJob } from '../../api/job.ts';
import { describeSession } from './describe-session.ts';
import type { SessionParameters } from './session-parameters.ts';
import { SessionReader } from './session-reader.node.ts';

/** FlinkTrade on a session: what coordinator and source thread build from the same parameters. */
export const flinkTradeJob = defineJob<SessionParameters>((environment, parameters) => {
  describeSession(environment, parameters, (context) => new SessionReader(parameters, context));
});
