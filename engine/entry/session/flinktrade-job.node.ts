import { defineJob } from '../../api/job.ts';
import { describeTrading } from '../../trading/job.ts';
import type { SessionParameters } from './session-parameters.ts';
import { SessionReader } from './session-reader.node.ts';

/** FlinkTrade on a session: what every engine thread builds from the same parameters. */
export const flinkTradeJob = defineJob<SessionParameters>((environment, parameters) => {
  // A replay's clock is its own event time; nothing in it waits for the machine's.
  environment.setProcessingTime('source');
  const { rules, historySampleMs } = parameters;
  describeTrading(environment, (context) => new SessionReader(parameters, context), { rules, historySampleMs });
});
