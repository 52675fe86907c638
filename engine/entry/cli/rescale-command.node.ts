import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { requestRescale } from '../session/rescale-request.node.ts';
import type { RescaleCommand } from './arguments.ts';
import { workstationFolder } from './workstation-folder.node.ts';
import { rescaleText } from './headless-scaling.node.ts';
import { CliError, EXIT_INPUT, EXIT_INTERNAL, EXIT_USAGE } from './messages.ts';
import { tell } from './tell.node.ts';

/** A session that is busy starting threads answers within seconds; one that is not there never does. */
const ANSWER_MS_MAX = 15_000;

/** Changes the number of workers of a session that runs: in the workstation, or with `--state DIR`. */
export async function runRescale({ folder, workers }: RescaleCommand): Promise<void> {
  const where = folder ?? workstationFolder();
  if (!existsSync(where)) throw new CliError(EXIT_INPUT, `There is no folder ${where}, so no session runs with it.`);
  const outcome = await requestRescale(where, { id: randomUUID(), workers }, ANSWER_MS_MAX).catch((error: unknown) => {
    throw new CliError(EXIT_USAGE, `The request could not be left in ${where}: ${(error as Error).message}`);
  });
  switch (outcome?.kind) {
    case undefined:
      throw new CliError(
        EXIT_INPUT,
        `No session that keeps its state in ${where} answered within ${ANSWER_MS_MAX / 1000} s. Nothing was changed.`,
      );
    case 'unchanged':
      return tell(`The session has ${workers} workers already.`);
    case 'refused':
      throw new CliError(EXIT_USAGE, outcome.problem);
    case 'changed':
      if (outcome.rescale.status === 'failed') throw new CliError(EXIT_INTERNAL, rescaleText(outcome.rescale));
      return tell(rescaleText(outcome.rescale));
  }
}
