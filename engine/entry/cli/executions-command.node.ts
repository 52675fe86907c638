import { ExecutionsCollector } from '../../connectors/sinks/executions-csv.ts';
import { BAR_INTERVALS_MS } from '../../contract/bars.ts';
import { EXECUTIONS_SINK, VOLUMES_SINK, type ExecutionsParameters } from '../session/describe-executions-job.ts';
import { executionsJob } from '../session/executions-job.node.ts';
import { playSideJob } from './side-job.node.ts';
import { loadPositions, loadRules } from './documents.node.ts';
import type { ExecutionsCommand } from './executions-arguments.ts';
import { checkOutputs, writeText } from './output-files.node.ts';
import { tell } from './tell.node.ts';

export async function runExecutions(command: ExecutionsCommand): Promise<void> {
  const { inputs, profile, interval, output } = command;
  const rules = await loadRules(command.rules);
  const positions = await loadPositions(command.positions);
  await checkOutputs(
    [{ what: '--output', path: output }],
    [
      ...inputs.map((path) => ({ what: 'an input', path })),
      { what: 'the positions file', path: command.positions },
      { what: 'the rules file', path: command.rules },
      { what: 'the profile', path: profile },
    ],
  );
  const intervalMs = BAR_INTERVALS_MS[interval];
  const collector = new ExecutionsCollector(intervalMs);
  const parameters: ExecutionsParameters = {
    session: {
      inputs: { kind: 'files', paths: inputs, profile },
      positions,
      rules,
      speed: { kind: 'max' },
      startPaused: false,
      outOfOrdernessMs: null,
      maxFutureMs: null,
      historySampleMs: null,
    },
    intervalMs,
  };
  const nothing = { write: () => undefined };
  const { quotes, elapsedMs } = await playSideJob({
    job: executionsJob,
    jobName: 'executions',
    parameters,
    workers: command.workers,
    sinks: {
      [EXECUTIONS_SINK.externalName]: collector.executions,
      [VOLUMES_SINK.externalName]: collector.volumes,
      trades: nothing,
      'late-quotes': nothing,
    },
  });
  await writeText(output, collector.lines());
  tell(`${collector.count} executions from ${quotes} quotes in ${(elapsedMs / 1000).toFixed(2)} s.`);
}
