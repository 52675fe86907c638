import * as z from 'zod';
import type { JobPage } from '../../contract/job-page.ts';
import type { JobMeter } from '../../runtime/metrics/job-metrics.ts';
import type { QueryableStateClient } from '../../runtime/query/queryable-state-client.ts';
import { CHECKPOINT_NUMBERS, JOB_PAGE, THREAD_NUMBERS, TIMES, vertexRows } from './job-page-schema.ts';
import { PROMETHEUS_TYPE, prometheusText } from './prometheus.ts';
import { RequestError, type Route } from './route.ts';

const JOB = z.strictObject({
  id: z.string(),
  state: z.enum(['starting', 'running', 'ended']),
  parallelism: z.int(),
  maxParallelism: z.int(),
});

const METRICS = z.strictObject({
  parallelism: z.int(),
  maxParallelism: z.int(),
  numberOfRescales: z.int(),
  tasks: z.array(
    z.strictObject({
      task: z.string(),
      subtaskIndex: z.int().nullable().describe('null: the source thread'),
      numRecordsIn: z.number(),
      currentInputWatermark: z.number().nullable(),
      busyTimeMsPerSecond: z.number(),
      idleTimeMsPerSecond: z.number(),
      backPressuredTimeMsPerSecond: z.number(),
      isBackPressured: z.boolean(),
      ...THREAD_NUMBERS,
    }),
  ),
  sinks: TIMES.describe("Of the coordinator's thread, as far as its sinks take it."),
  checkpoints: z.strictObject(CHECKPOINT_NUMBERS),
});

/** The program, its jobs, and how they do. */
export const JOB_ROUTES: readonly Route[] = [
  {
    path: '/v1/overview',
    summary: 'The program, and the jobs that can be asked.',
    query: [],
    response: z.strictObject({
      kind: z.enum(['workstation', 'replay', 'live']),
      version: z.string(),
      startedAtMs: z.number(),
      jobs: z.array(JOB),
    }),
    handle: ({ client, program }) =>
      Promise.resolve({
        ...program,
        jobs: client.jobIds.map((id) => {
          const { queryState, parallelism, maxParallelism } = client.served(id).job;
          return { id, state: queryState, parallelism, maxParallelism };
        }),
      }),
  },
  {
    path: '/v1/jobs/{job}/metrics',
    summary: 'Threads, watermarks and checkpoints of a job, under the names Flink gives them.',
    query: [],
    response: METRICS,
    rows: (body) => (body as { tasks: Record<string, unknown>[] }).tasks,
    handle: ({ client, path }) => Promise.resolve(meterOf(client, path['job']).read()),
  },
  {
    path: '/v1/jobs/{job}',
    summary: 'A job as its page shows it: the graph with its numbers, checkpoints, changes of workers, key-group load.',
    query: [],
    response: JOB_PAGE,
    rows: (body) => vertexRows(body as JobPage),
    handle: ({ client, path }) => Promise.resolve(meterOf(client, path['job']).page(path['job'])),
  },
  {
    path: '/metrics',
    summary: 'The metrics of all jobs for Prometheus.',
    query: [],
    response: z.string(),
    text: { type: PROMETHEUS_TYPE, of: (body) => body as string },
    handle: ({ client }) => Promise.resolve(prometheusText(client.jobIds.map((id) => meterOf(client, id).page(id)))),
  },
];

/** @throws StateQueryError `unknown-job` */
function meterOf(client: QueryableStateClient, jobId: string): JobMeter {
  const { meter } = client.served(jobId);
  if (meter === undefined) throw new RequestError(`The job '${jobId}' is not metered.`);
  return meter;
}
