import { BarsCollector } from '../../connectors/sinks/bars-csv.ts';
import { BAR_INTERVALS_MS } from '../../contract/bars.ts';
import { barsJob } from '../session/bars-job.node.ts';
import { BARS_SINK, type BarsParameters } from '../session/describe-bars-job.ts';
import type { BarsCommand } from './bars-arguments.ts';
import { checkOutputs, writeText } from './output-files.node.ts';
import { playSideJob } from './side-job.node.ts';
import { tell } from './tell.node.ts';

export async function runBars(command: BarsCommand): Promise<void> {
  await checkOutputs(
    [{ what: '--output', path: command.output }],
    [...command.inputs.map((path) => ({ what: 'an input', path })), { what: 'the profile', path: command.profile }],
  );
  const bars = new BarsCollector(command.price);
  const { quotes, late, quarantined, elapsedMs } = await playSideJob({
    job: barsJob,
    jobName: 'bars',
    parameters: parametersOf(command),
    workers: command.workers,
    sinks: { [BARS_SINK.externalName]: bars },
  });
  await writeText(command.output, bars.lines());
  tell(
    `${bars.count} bars of ${command.interval} from ${quotes} quotes (${late} late, ${quarantined} rows quarantined) in ${(elapsedMs / 1000).toFixed(2)} s.`,
  );
}

function parametersOf({ inputs, journal, profile, interval, open, ...rest }: BarsCommand): BarsParameters {
  return {
    session: {
      inputs: journal === null ? { kind: 'files', paths: inputs, profile } : { kind: 'journal', folder: journal },
      positions: [],
      rules: { version: 1 },
      speed: { kind: 'max' },
      startPaused: false,
      outOfOrdernessMs: rest.outOfOrdernessMs,
      maxFutureMs: rest.maxFutureMs,
      historySampleMs: null,
    },
    intervalMs: BAR_INTERVALS_MS[interval],
    open,
  };
}
