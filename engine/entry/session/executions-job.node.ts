import { defineJob } from '../../api/job.ts';
import { describeExecutionsJob, type ExecutionsParameters } from './describe-executions-job.ts';
import { SessionReader } from './session-reader.node.ts';

/** The executions of a session: what coordinator and source thread build from the same parameters. */
export const executionsJob = defineJob<ExecutionsParameters>((environment, parameters) => {
  describeExecutionsJob(environment, parameters, (context) => new SessionReader(parameters.session, context));
});
