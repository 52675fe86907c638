import { GatewayServer } from '../../engine/connectors/gateway/gateway-server.node.ts';
import { runJob } from '../../engine/entry/job-runner.node.ts';
import { ratesBetween } from '../../engine/runtime/async/async-statistics.ts';
import { asyncBench, type AsyncBenchParameters } from './async-job.ts';
import { spreadOf, type BenchLine } from './measure.ts';

const LATENCY_MS = 10;
const CAPACITIES = [1, 4, 16, 64, 256] as const;
const GATEWAY_CAPACITIES = [4, 32] as const;
const RUNS = 3;
/** What the timer's latency and the room allow, no more, no less: throughput = capacity / latency. */
const SECONDS = 0.5;

/** Throughput of an asynchronous operator as its capacity is swept: Little's law, occupancy = throughput x latency. */
export async function asyncLines(quick: boolean): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  for (const capacity of CAPACITIES) {
    const most = (capacity / LATENCY_MS) * 1000;
    const records = Math.ceil(most * (quick ? SECONDS / 2 : SECONDS));
    lines.push(
      await lineOf({ records, capacity, latencyMs: LATENCY_MS, gateway: null }, `answers after ${LATENCY_MS} ms`, most),
    );
  }
  const behaviour = {
    seed: 1,
    latencyMs: LATENCY_MS,
    latency: 'fixed',
    errorRate: 0,
    partialRate: 0,
    rejectRate: 0,
    hangRate: 0,
  } as const;
  const gateway = await GatewayServer.listen({ port: 0, behaviour, ledger: null });
  try {
    for (const capacity of GATEWAY_CAPACITIES) {
      const records = quick ? capacity * 20 : capacity * 50;
      const parameters = { records, capacity, latencyMs: LATENCY_MS, gateway: gateway.url };
      lines.push(await lineOf(parameters, `gateway over HTTP, ${LATENCY_MS} ms in it`, (capacity / LATENCY_MS) * 1000));
    }
  } finally {
    await gateway.close();
  }
  return lines;
}

async function lineOf(parameters: AsyncBenchParameters, what: string, most: number): Promise<BenchLine> {
  const rates: number[] = [];
  let note = '';
  for (let run = 0; run < RUNS; run += 1) {
    const job = runJob({
      job: asyncBench,
      jobName: 'async-bench',
      parameters,
      workerScript: new URL('./bench-worker.js', import.meta.url),
      parallelism: 1,
      sinks: { answers: { write: () => undefined } },
    });
    const before = job.asyncStatistics()['ask'];
    const { elapsedMs } = await job.finished;
    rates.push(parameters.records / (elapsedMs / 1000));
    const { occupancy, throughputPerSecond, latencyMs } = ratesBetween(before, job.asyncStatistics()['ask']);
    note = `occupancy ${occupancy.toFixed(2)} = ${throughputPerSecond.toFixed(0)}/s x ${latencyMs.toFixed(2)} ms (the law: ${((throughputPerSecond * latencyMs) / 1000).toFixed(2)}); at most ${most} records/s`;
  }
  return {
    line: 'async',
    name: `${what}, capacity ${parameters.capacity}`,
    unit: 'records/s',
    value: spreadOf(rates),
    aim: null,
    note,
  };
}
