import { measureThroughput } from './engine-throughput.ts';

// node test/performance/run (bundled): KEYS TIMERS WORKERS RECORDS
const [keys = '10000', timers = '0', workers = '1', records = '20000000', recordsPerMs = '1000'] =
  process.argv.slice(2);
const line = await measureThroughput(
  { keys: Number(keys), timers: timers === '1', workers: Number(workers) },
  { records: Number(records), recordsPerMs: Number(recordsPerMs) },
);
console.log(
  JSON.stringify({
    ...line,
    runs: line.runs.map((run) => Math.round(run / 1e5) / 10),
    recordsPerSecond: Math.round(line.recordsPerSecond),
  }),
);
