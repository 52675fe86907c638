import { availableParallelism } from 'node:os';
import { BarsCollector } from '../../connectors/sinks/bars-csv.ts';
import { BAR_INTERVALS_MS } from '../../contract/bars.ts';
import { runJob } from '../job-runner.node.ts';
import { barsJob } from '../session/bars-job.node.ts';
import { BARS_SINK, type BarsParameters } from '../session/describe-bars-job.ts';
import type { SessionEvent } from '../session/session-parameters.ts';
import type { BarsCommand } from './bars-arguments.ts';
import { CliError, EXIT_INPUT, EXIT_USAGE } from './messages.ts';
import { checkOutputs, writeText } from './output-files.node.ts';
import { SessionWatch } from './replay-player.node.ts';
import { tell } from './tell.node.ts';

/** One thread decodes; more than a few tasks beside it only help on large machines. */
const WORKERS_DEFAULT_MAX = 4;

export async function runBars(command: BarsCommand): Promise<void> {
  await checkOutputs(
    [{ what: '--output', path: command.output }],
    [...command.inputs.map((path) => ({ what: 'an input', path })), { what: 'the profile', path: command.profile }],
  );
  const watch = new SessionWatch();
  const bars = new BarsCollector(command.price);
  const job = runJob<BarsParameters>({
    job: barsJob,
    jobName: 'bars',
    parameters: parametersOf(command),
    workerScript: new URL('./flinktrade-worker.js', import.meta.url),
    taskScript: new URL('./flinktrade-task.js', import.meta.url),
    parallelism: command.workers ?? Math.max(1, Math.min(availableParallelism() - 1, WORKERS_DEFAULT_MAX)),
    sinks: { [BARS_SINK.externalName]: bars },
    onSourceEvent: (event) => watch.take(event as SessionEvent),
  });
  try {
    const { elapsedMs } = await job.finished;
    await writeText(command.output, bars.lines());
    const { totals } = watch.ended?.progress ?? { totals: null };
    tell(
      `${bars.count} bars of ${command.interval} from ${totals?.quotes ?? 0} quotes (${totals?.late ?? 0} late, ${totals?.quarantined ?? 0} rows quarantined) in ${(elapsedMs / 1000).toFixed(2)} s.`,
    );
  } catch (error) {
    if (watch.failure === null) throw error;
    const { kind, message, where } = watch.failure;
    throw new CliError(kind === 'unreadable' ? EXIT_INPUT : EXIT_USAGE, `${message}\n  at ${where}`);
  } finally {
    await job.close();
  }
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
