import type { QuarantinedRow } from '../../contract/window.ts';
import { machineClock, machineRandom, startMachineTimer, waitMs } from '../../core/machine.node.ts';
import type { CheckpointRecord } from '../../contract/checkpoint-record.ts';
import { CheckpointCoordinator } from '../../runtime/checkpoint/checkpoint-coordinator.ts';
import { FAILURES_IN_A_ROW_MAX, JobRestarts } from '../../runtime/checkpoint/job-restarts.ts';
import { JobFailedError } from '../job-failed-error.ts';
import type { RunningJob } from '../job-runner.node.ts';
import type { CheckpointSettings } from '../session/checkpoint-settings.ts';
import type { InputFailure, SessionEvent, SessionParameters } from '../session/session-parameters.ts';
import type { SessionState } from '../session/session-state.node.ts';
import { startSession } from '../session/start-session.node.ts';
import { SessionExplainer } from '../session/session-explainer.ts';
import { TradeCollector } from '../session/trade-collector.node.ts';
import { servedSession } from '../serve/trading-queries.ts';
import type { SessionServer } from './served-session.node.ts';
import { CliError, EXIT_INPUT, EXIT_USAGE } from './messages.ts';
import type { HeadlessScaling } from './headless-scaling.node.ts';
import { ProgressLine } from './progress-line.node.ts';
import { replayReport, type PublishedRows } from './replay-report.ts';
import type { ReplayReport } from './report.ts';
import { tell } from './tell.node.ts';

export interface ReplayRun {
  readonly parameters: SessionParameters;
  readonly scaling: HeadlessScaling;
  readonly maxParallelism: number | null;
  /** Whether the trades themselves are wanted, not only their sums. */
  readonly keepsTrades: boolean;
  readonly checkpoints: CheckpointSettings;
  /** null: nobody can ask. */
  readonly served: SessionServer | null;
}

/** Watches a session from its opening to its end. */
export class SessionWatch {
  readonly #progress = new ProgressLine();
  opened: Extract<SessionEvent, { kind: 'opened' }> | null = null;
  ended: Extract<SessionEvent, { kind: 'ended' }> | null = null;
  failure: InputFailure | null = null;
  readonly quarantinedRows: QuarantinedRow[] = [];

  take(event: SessionEvent): void {
    switch (event.kind) {
      case 'opened':
        this.opened = event;
        for (const sentence of event.readAs) tell(sentence);
        return;
      case 'progress':
        return this.#progress.show(event.progress);
      case 'ended':
        this.ended = event;
        return this.#progress.clear();
      case 'input-failed':
        this.failure = event.failure;
        return this.#progress.clear();
      case 'quarantined':
        this.quarantinedRows.push(...event.rows);
        return;
      default:
        // Of live sessions: live-command.node.ts.
        return;
    }
  }
}

export interface Played {
  readonly report: ReplayReport;
  readonly trades: TradeCollector;
  readonly nameOf: (symbol: number) => string;
  /** Over, and still there to be asked; whoever plays closes it. */
  readonly job: RunningJob<SessionParameters>;
}

/** Plays a session to its end; with checkpoints it goes on from the last one when a worker fails. */
export class ReplayPlayer {
  readonly #run: ReplayRun;
  readonly #state: SessionState | null;
  #trades: TradeCollector;
  readonly #recoveries: { readonly atMs: number; readonly checkpointId: number | null }[] = [];
  readonly #restarts = new JobRestarts(() => machineClock.monotonicMs(), machineRandom);

  constructor(run: ReplayRun, state: SessionState | null) {
    this.#run = run;
    this.#state = state;
    this.#trades = new TradeCollector(run.keepsTrades);
  }

  async play(): Promise<Played> {
    for (;;) {
      try {
        return await this.#playOnce();
      } catch (error) {
        if (!(error instanceof JobFailedError) || this.#state === null || error.isStateRefused) throw error;
        await this.#recover(this.#state, error);
      }
    }
  }

  dispose(): void {
    this.#trades.dispose();
  }

  async #recover(state: SessionState, error: JobFailedError): Promise<void> {
    const delayMs = this.#restarts.failed();
    if (delayMs === null) {
      tell(`It failed ${FAILURES_IN_A_ROW_MAX} times in a row from the same checkpoint; it is not tried again.`);
      throw error;
    }
    await state.reload();
    await state.auditRecovery(error.message);
    this.#recoveries.push({ atMs: machineClock.wallMs(), checkpointId: state.restored?.id ?? null });
    const from = state.restored === null ? 'the beginning' : `checkpoint ${state.restored.id}`;
    tell(`${error.message}\nGoing on from ${from} in ${delayMs} ms.`);
    await waitMs(delayMs);
    this.#trades.dispose();
    this.#trades = new TradeCollector(this.#run.keepsTrades);
  }

  async #playOnce(): Promise<Played> {
    const watch = new SessionWatch();
    const trades = this.#trades;
    const run = this.#run;
    const state = this.#state;
    const explainer = new SessionExplainer(
      startMachineTimer,
      trades.latest,
      run.parameters.rules,
      state?.audit ?? null,
    );
    const job = startSession({
      parameters: run.parameters,
      workers: run.scaling.workers,
      maxParallelism: run.maxParallelism ?? state?.restored?.maxParallelism ?? null,
      sinks: { trades, lateQuotes: { write: () => undefined } },
      onEvent: (event) => {
        state?.take(event);
        explainer.take(event);
        watch.take(event);
      },
      restore: state?.restored ?? null,
      ...(state !== null && {
        checkpoints: state.checkpoints(run.checkpoints, trades, (record) => this.#took(record)),
      }),
    });
    try {
      state?.attach(job, trades);
      run.scaling.attach(job);
      const runs = { rescales: null, restarts: () => this.#recoveries };
      run.served?.show(servedSession(job, state?.storage ?? null, run.parameters.rules, explainer, runs));
      const { elapsedMs } = await job.finished;
      if (watch.ended !== null) await state?.auditEnd(job, trades, watch.ended.progress.totals);
      const nameOf = (symbol: number): string => job.symbolText(symbol);
      return { report: await this.#report(job, watch, elapsedMs), trades, nameOf, job };
    } catch (error) {
      run.served?.show(null);
      await job.close();
      if (watch.failure === null) throw error;
      const { kind, message, where } = watch.failure;
      throw new CliError(kind === 'unreadable' ? EXIT_INPUT : EXIT_USAGE, `${message}\n  at ${where}`);
    } finally {
      run.scaling.detach();
    }
  }

  #took(record: CheckpointRecord): void {
    if (record.status === 'completed') this.#restarts.achieved();
    tellFailedCheckpoint(record);
  }

  async #report(job: RunningJob<SessionParameters>, watch: SessionWatch, elapsedMs: number): Promise<ReplayReport> {
    const { opened, ended } = watch;
    const run = this.#run;
    if (opened === null || ended === null) throw new Error('The session ended without saying how.');
    return replayReport({
      inputs: run.parameters.inputs.kind === 'files' ? run.parameters.inputs.paths : opened.inputs,
      rules: run.parameters.rules,
      outOfOrdernessMs: opened.outOfOrdernessMs,
      maxFutureMs: opened.maxFutureMs,
      progress: ended.progress,
      quarantinedRows: watch.quarantinedRows,
      pending: ended.pending,
      positionRows: await rowsOf(job, 'rows'),
      reasonRows: await rowsOf(job, 'reasons'),
      trades: this.#trades,
      workers: job.graph.parallelism,
      maxParallelism: job.graph.maxParallelism,
      elapsedMs,
      nameOf: (symbol) => job.symbolText(symbol),
    });
  }
}

export function tellFailedCheckpoint({ id, status, problem }: CheckpointRecord): void {
  if (status === 'failed' && problem !== CheckpointCoordinator.JOB_ENDED)
    tell(`Checkpoint ${id} failed: ${problem ?? ''} The session goes on.`);
}

export async function rowsOf(job: RunningJob<SessionParameters>, name: string): Promise<PublishedRows[]> {
  return (await job.requestRows(name, true)).map(({ buffer, rowCount }) => ({ buffer, rows: rowCount }));
}
