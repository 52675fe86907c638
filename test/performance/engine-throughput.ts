import { runJob } from '../../engine/entry/job-runner.node.ts';
import { bundleTestWorker } from '../support/test-worker.ts';
import { throughput, type ThroughputParameters } from './throughput-job.ts';

export interface ThroughputLine {
  readonly keys: number;
  readonly timers: boolean;
  readonly workers: number;
  readonly records: number;
  /** Median of the runs, through source thread, rings, watermarks, state (and timers) to the end. */
  readonly recordsPerSecond: number;
  readonly runs: readonly number[];
  /** The same over the CPU seconds of all threads together: what a busy machine cannot take away. */
  readonly recordsPerCpuSecond: number;
}

/** Event time of the measured stream: 1,000 quotes per ms are a million a second, ten times the busiest feed we replay. */
const RECORDS_PER_MS = 1000;

/** One line of the micro benchmark of the keyed operator, on real threads. */
export async function measureThroughput(
  line: { readonly keys: number; readonly timers: boolean; readonly workers: number },
  { records = 20_000_000, runs = 3, recordsPerMs = RECORDS_PER_MS, execArgv = [] as string[] } = {},
): Promise<ThroughputLine> {
  const workerScript = await bundleTestWorker('performance/throughput-worker.ts');
  const parameters: ThroughputParameters = { records, keys: line.keys, timers: line.timers, recordsPerMs };
  const speeds: number[] = [];
  let cpuSeconds = 0;
  for (let run = 0; run < runs; run += 1) {
    const before = process.cpuUsage();
    const running = runJob({
      job: throughput,
      jobName: 'throughput',
      parameters,
      workerScript,
      parallelism: line.workers,
      sinks: { nothing: { write: () => undefined } },
      execArgv,
    });
    const { elapsedMs } = await running.finished;
    speeds.push((records / elapsedMs) * 1000);
    const { user, system } = process.cpuUsage(before);
    cpuSeconds += (user + system) / 1e6;
  }
  const sorted = [...speeds].sort((left, right) => left - right);
  return {
    ...line,
    records,
    recordsPerSecond: sorted[Math.floor(sorted.length / 2)],
    runs: speeds,
    recordsPerCpuSecond: (records * runs) / cpuSeconds,
  };
}

/** All lines: 100, 10,000 and 1,000,000 keys, without and with a timer per key and second. */
export async function measureEngine(workers = 1, records = 20_000_000): Promise<ThroughputLine[]> {
  const lines: ThroughputLine[] = [];
  for (const timers of [false, true]) {
    for (const keys of [100, 10_000, 1_000_000])
      lines.push(await measureThroughput({ keys, timers, workers }, { records }));
  }
  return lines;
}
