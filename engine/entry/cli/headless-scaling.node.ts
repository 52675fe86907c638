import { availableParallelism } from 'node:os';
import type { RescaleInfo } from '../../contract/window.ts';
import { machineClock } from '../../core/machine.node.ts';
import type { RunningJob } from '../job-runner.node.ts';
import { watchRescaleRequests } from '../session/rescale-request.node.ts';
import { SessionScaling } from '../session/session-scaling.node.ts';
import { tell } from './tell.node.ts';

export interface HeadlessScalingOptions {
  readonly workers: number;
  readonly autoscale: boolean;
  /** Where `flinktrade rescale` leaves its requests; null: it cannot be asked. */
  readonly folder: string | null;
  readonly onRescaled?: (rescale: RescaleInfo) => void;
}

/** How many workers a session without a window has: asked for by `flinktrade rescale`, or by the policy. */
export class HeadlessScaling {
  readonly #scaling: SessionScaling;
  readonly #stopWatching: () => void;

  constructor({ workers, autoscale, folder, onRescaled }: HeadlessScalingOptions) {
    this.#scaling = new SessionScaling({
      session: '',
      workers,
      autoscale: { on: autoscale, minWorkers: 1, maxWorkers: Math.max(workers, availableParallelism()) },
      clock: machineClock,
      store: null,
      onProblem: tell,
      onRescaled: (rescale) => {
        tell(rescaleText(rescale));
        onRescaled?.(rescale);
      },
    });
    this.#stopWatching =
      folder === null ? () => undefined : watchRescaleRequests(folder, (wanted) => this.#scaling.setWorkers(wanted));
  }

  /** The session should have; also when it goes on after a failure. */
  get workers(): number {
    return this.#scaling.workers;
  }

  attach(job: RunningJob): void {
    this.#scaling.attach(job, () => undefined);
  }

  /** The run is over. */
  detach(): void {
    this.#scaling.detach();
  }

  dispose(): void {
    this.detach();
    this.#stopWatching();
  }
}

export function rescaleText({
  from,
  to,
  status,
  reason,
  movedKeyGroups,
  movedKeys,
  pauseMs,
  problem,
}: RescaleInfo): string {
  const what = `Workers ${from} -> ${to}`;
  const why = reason === null ? '' : ` ${reason}`;
  if (status === 'failed') return `${what}: not changed. ${problem ?? ''}${why}`;
  return `${what}: ${movedKeys} keys in ${movedKeyGroups} key groups moved, no quote was taken in for ${pauseMs.toFixed(0)} ms.${why}`;
}
