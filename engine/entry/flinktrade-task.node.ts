import { defineJob } from '../api/job.ts';
import { BugError } from '../core/assert.ts';
import { describeBarsJob, type BarsParameters } from './session/describe-bars-job.ts';
import { describeExecutionsJob, type ExecutionsParameters } from './session/describe-executions-job.ts';
import { describeSession } from './session/describe-session.ts';
import type { SessionParameters } from './session/session-parameters.ts';
import { startWorker } from './worker.node.ts';

/**
 * The bundle that task threads of the product run: the same job without what reads inputs, which is four fifths of the
 * code, so that a thread is there sooner.
 */
const flinkTradeTasks = defineJob<SessionParameters>((environment, parameters) => {
  describeSession(environment, parameters, readsNothing);
});
const barsTasks = defineJob<BarsParameters>((environment, parameters) => {
  describeBarsJob(environment, parameters, readsNothing);
});
const executionsTasks = defineJob<ExecutionsParameters>((environment, parameters) => {
  describeExecutionsJob(environment, parameters, readsNothing);
});

function readsNothing(): never {
  throw new BugError('A task thread reads no inputs; sources run on the source thread.');
}

startWorker({ flinktrade: flinkTradeTasks, bars: barsTasks, executions: executionsTasks });
