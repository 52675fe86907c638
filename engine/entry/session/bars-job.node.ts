import { defineJob } from '../../api/job.ts';
import type { InputStatus, ReaderOutput, SourceReader } from '../../api/source.ts';
import type { Quote, StartingPosition } from '../../trading/records.ts';
import { describeBarsJob, type BarsParameters } from './describe-bars-job.ts';
import { SessionReader } from './session-reader.node.ts';

/** A session that is over ends with the last of times, so that its last bars, which are still growing, come out too. */
class EndingReader implements SourceReader<Quote | StartingPosition> {
  readonly #session: SourceReader<Quote | StartingPosition>;

  constructor(session: SourceReader<Quote | StartingPosition>) {
    this.#session = session;
  }

  pollNext(output: ReaderOutput<Quote | StartingPosition>, recordsMax: number): InputStatus {
    const status = this.#session.pollNext(output, recordsMax);
    if (status === 'end-of-input') output.emitWatermark(Infinity);
    return status;
  }

  isAvailable(): Promise<void> {
    return this.#session.isAvailable();
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

/** The bars of a session: what coordinator and source thread build from the same parameters. */
export const barsJob = defineJob<BarsParameters>((environment, parameters) => {
  describeBarsJob(
    environment,
    parameters,
    (context) => new EndingReader(new SessionReader(parameters.session, context)),
  );
});
