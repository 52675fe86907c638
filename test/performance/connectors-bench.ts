import { argv } from 'node:process';
import { sharedFile } from '../support/shared-data.ts';
import { connectorsThroughput } from './connectors-throughput.ts';

/** The connectors alone: `--busy` keeps another core at work meanwhile. Prints a table, then JSON. */
const DAYS = ['20131007', '20131008'].map((day) => sharedFile(`data/lean_us_equities/${day}/nbbo_${day}.csv.gz`));
const files = DAYS.filter((file) => file !== undefined);
const lines = await connectorsThroughput({ files, runs: 5, busy: argv.includes('--busy') });
console.log(files.length > 0 ? 'two whole days of AIG, BAC and IBM' : 'a simulated session (no shared data at hand)');
for (const line of lines) {
  console.log(
    `${line.name.padEnd(20)} ${(line.quotesPerSecond / 1e6).toFixed(2).padStart(8)} M quotes/s   ${line.runs.map((run) => (run / 1e6).toFixed(2)).join(' ')}`,
  );
}
console.log(JSON.stringify(lines));
