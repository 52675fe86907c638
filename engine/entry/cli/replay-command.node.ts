import { availableParallelism } from 'node:os';
import { tradeMessage, TRADES_CSV_HEADER, tradesCsvLine } from '../../connectors/sinks/trades-csv.ts';
import type { PlannedPosition } from '../../connectors/sources/session-records.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import type { QuarantinedRow, Speed } from '../../contract/window.ts';
import { waitMs } from '../../core/machine.node.ts';
import { CheckpointCoordinator, type CheckpointRecord } from '../../runtime/checkpoint/checkpoint-coordinator.ts';
import { JobFailedError } from '../job-failed-error.ts';
import type { RunningJob } from '../job-runner.node.ts';
import { CHECKPOINT_SETTINGS_DEFAULT, type CheckpointSettings } from '../session/checkpoint-settings.ts';
import type { SessionState } from '../session/session-state.node.ts';
import { openReplayState } from './replay-state.node.ts';
import { samplePositions } from '../session/sample.node.ts';
import type { InputFailure, SessionEvent, SessionInputs, SessionParameters } from '../session/session-parameters.ts';
import { startSession } from '../session/start-session.node.ts';
import { TradeCollector } from '../session/trade-collector.node.ts';
import type { CliCommand, ReplayCommand, SpeedArgument } from './arguments.ts';
import { loadPositions, loadRules } from './documents.node.ts';
import { CliError, EXIT_INPUT, EXIT_USAGE } from './messages.ts';
import { checkOutputs, writeText } from './output-files.node.ts';
import { ProgressLine } from './progress-line.node.ts';
import { positionTable, reportPieces, type ReplayReport } from './report.ts';
import { tell } from './tell.node.ts';
import { replayReport, type PublishedRows } from './replay-report.ts';

/** One thread decodes; more than a few tasks beside it only help on large machines. */
const WORKERS_DEFAULT_MAX = 4;
/** A fault that comes back every time is no accident. */
const FAILURES_MAX = 3;
const RESTART_DELAY_MS = 1000;
const RESTART_BACKOFF = 1.5;
/** Enough to see what is wrong with a file; the report has more of them. */
const QUARANTINED_SHOWN = 5;

interface Run {
  readonly inputs: SessionInputs;
  readonly positions: readonly PlannedPosition[];
  readonly rules: RulesDocument;
  readonly speed: SpeedArgument;
  readonly workers: number | null;
  readonly maxParallelism: number | null;
  readonly outOfOrdernessMs: number | null;
  readonly maxFutureMs: number | null;
  readonly report: string | null;
  readonly trades: string | null;
  readonly state: string | null;
  readonly checkpoints: CheckpointSettings;
}

export async function runReplay(command: ReplayCommand): Promise<void> {
  const rules = await loadRules(command.rules);
  const positions = await loadPositions(command.positions);
  await checkOutputs(
    [
      { what: '--report', path: command.report },
      { what: '--trades', path: command.trades },
    ],
    [
      ...command.inputs.map((path) => ({ what: 'an input', path })),
      { what: 'the positions file', path: command.positions },
      { what: 'the rules file', path: command.rules },
      { what: 'the profile', path: command.profile },
    ],
  );
  const inputs: SessionInputs =
    command.journal === null
      ? { kind: 'files', paths: command.inputs, profile: command.profile }
      : { kind: 'journal', folder: command.journal };
  await runAndTell({ ...command, inputs, rules, positions });
}

export async function runSample(command: Extract<CliCommand, { kind: 'sample' }>): Promise<void> {
  const rules = await loadRules(command.rules);
  tell(`A simulated market, made up from seed ${command.seed}: ${command.seconds} s of event time.`);
  await runAndTell({
    inputs: { kind: 'sample', seed: command.seed, seconds: command.seconds },
    positions: samplePositions(command.seed),
    rules,
    speed: command.speed,
    workers: command.workers,
    maxParallelism: null,
    outOfOrdernessMs: null,
    maxFutureMs: null,
    report: null,
    trades: null,
    state: null,
    checkpoints: CHECKPOINT_SETTINGS_DEFAULT,
  });
}

async function runAndTell(run: Run): Promise<void> {
  const parameters = parametersOf(run);
  const state = run.state === null ? null : await openReplayState(run.state, parameters, run.checkpoints);
  const player = new ReplayPlayer(run, parameters, state);
  try {
    const { report, trades, nameOf } = await player.play();
    if (run.trades !== null) await writeText(run.trades, tradeLines(trades, nameOf));
    if (run.report !== null) await writeText(run.report, reportPieces(report));
    if (run.report === null && run.trades !== '-') await writeText('-', [`${positionTable(report.positions)}\n`]);
    summarize(report);
  } finally {
    player.dispose();
    await state?.close();
  }
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

function parametersOf(run: Run): SessionParameters {
  const speed: Speed = run.speed === null ? { kind: 'max' } : { kind: 'times', factor: run.speed };
  return {
    inputs: run.inputs,
    positions: run.positions,
    rules: run.rules,
    speed,
    startPaused: false,
    outOfOrdernessMs: run.outOfOrdernessMs,
    maxFutureMs: run.maxFutureMs,
    historySampleMs: null,
  };
}

interface Played {
  readonly report: ReplayReport;
  readonly trades: TradeCollector;
  readonly nameOf: (symbol: number) => string;
}

/** Plays a session to its end; with checkpoints it goes on from the last one when a worker fails. */
class ReplayPlayer {
  readonly #run: Run;
  readonly #parameters: SessionParameters;
  readonly #state: SessionState | null;
  readonly #workers: number;
  #trades: TradeCollector;
  /** In a row, with no checkpoint in between. */
  #failures = 0;

  constructor(run: Run, parameters: SessionParameters, state: SessionState | null) {
    this.#run = run;
    this.#parameters = parameters;
    this.#state = state;
    const most = run.maxParallelism ?? WORKERS_DEFAULT_MAX;
    this.#workers = run.workers ?? Math.max(1, Math.min(availableParallelism() - 1, WORKERS_DEFAULT_MAX, most));
    this.#trades = new TradeCollector(run.trades !== null);
  }

  async play(): Promise<Played> {
    for (;;) {
      try {
        return await this.#playOnce();
      } catch (error) {
        if (!(error instanceof JobFailedError) || this.#state === null) throw error;
        await this.#recover(this.#state, error);
      }
    }
  }

  dispose(): void {
    this.#trades.dispose();
  }

  async #recover(state: SessionState, error: JobFailedError): Promise<void> {
    this.#failures += 1;
    if (this.#failures >= FAILURES_MAX) {
      tell(`It failed ${this.#failures} times in a row from the same checkpoint; it is not tried again.`);
      throw error;
    }
    const delayMs = RESTART_DELAY_MS * RESTART_BACKOFF ** (this.#failures - 1);
    await state.reload();
    const from = state.restored === null ? 'the beginning' : `checkpoint ${state.restored.id}`;
    tell(`${error.message}\nGoing on from ${from} in ${delayMs} ms.`);
    await waitMs(delayMs);
    this.#trades.dispose();
    this.#trades = new TradeCollector(this.#run.trades !== null);
  }

  async #playOnce(): Promise<Played> {
    const watch = new SessionWatch();
    const trades = this.#trades;
    const run = this.#run;
    const state = this.#state;
    const job = startSession({
      parameters: this.#parameters,
      workers: this.#workers,
      maxParallelism: run.maxParallelism ?? state?.restored?.maxParallelism ?? null,
      sinks: { trades, lateQuotes: { write: () => undefined } },
      onEvent: (event) => watch.take(event),
      restore: state?.restored ?? null,
      ...(state !== null && {
        checkpoints: state.checkpoints(run.checkpoints, trades, (record) => this.#took(record)),
      }),
    });
    try {
      state?.attach(job, trades);
      const { elapsedMs } = await job.finished;
      const nameOf = (symbol: number): string => job.symbolText(symbol);
      return { report: await this.#report(job, watch, elapsedMs), trades, nameOf };
    } catch (error) {
      if (watch.failure === null) throw error;
      const { kind, message, where } = watch.failure;
      throw new CliError(kind === 'unreadable' ? EXIT_INPUT : EXIT_USAGE, `${message}\n  at ${where}`);
    } finally {
      await job.close();
    }
  }

  #took(record: CheckpointRecord): void {
    if (record.status === 'completed') this.#failures = 0;
    if (
      record.status === 'failed' &&
      record.problem !== CheckpointCoordinator.SOURCES_ENDED &&
      record.problem !== CheckpointCoordinator.JOB_ENDED
    )
      tell(`Checkpoint ${record.id} failed: ${record.problem ?? ''} The replay goes on.`);
  }

  async #report(job: RunningJob<SessionParameters>, watch: SessionWatch, elapsedMs: number): Promise<ReplayReport> {
    const { opened, ended } = watch;
    const run = this.#run;
    if (opened === null || ended === null) throw new Error('The session ended without saying how.');
    return replayReport({
      inputs: run.inputs.kind === 'files' ? run.inputs.paths : opened.inputs,
      rules: run.rules,
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

export async function rowsOf(job: RunningJob<SessionParameters>, name: string): Promise<PublishedRows[]> {
  return (await job.requestRows(name, true)).map(({ buffer, rowCount }) => ({ buffer, rows: rowCount }));
}

export function* tradeLines(trades: TradeCollector, nameOf: (symbol: number) => string): Generator<string> {
  yield `${TRADES_CSV_HEADER}\n`;
  for (const { words, offset } of trades.sorted()) {
    yield `${tradesCsvLine(tradeMessage(words, offset, nameOf(words[offset + 2])))}\n`;
  }
}

export function summarize({ session, totals, engine, positions }: ReplayReport): void {
  const pending = positions.filter(({ status }) => status === 'pending').length;
  const seconds = (engine.elapsedMs / 1000).toFixed(2);
  const lines = [
    ...quarantineLines(session),
    `${session.rows} rows: ${session.applied} applied, ${session.late} late, ${session.quarantined} quarantined, ${session.ignored} ignored.`,
    `${totals.trades} trades, ${totals.shares} shares, profit ${totals.profit}; ${session.symbols} symbols, ${positions.length} positions${pending > 0 ? ` (${pending} pending)` : ''}.`,
    `${seconds} s with ${engine.workers} worker${engine.workers === 1 ? '' : 's'}: ${engine.quotesPerSecond} quotes a second.`,
  ];
  tell(lines.join('\n'));
}

function quarantineLines({ quarantined, quarantinedRows, applied, late }: ReplayReport['session']): string[] {
  if (quarantined === 0) return [];
  const shown = quarantinedRows
    .slice(0, QUARANTINED_SHOWN)
    .map(({ input, line, reason, text }) => `${input}:${line}: quarantined, ${reason}: ${JSON.stringify(text)}`);
  const more =
    quarantined > shown.length
      ? [`and ${quarantined - shown.length} more quarantined rows; the report (--report) has them with their lines.`]
      : [];
  const hint = applied + late === 0 ? ['Not one row could be used. Is it the right --profile?'] : [];
  return [...shown, ...more, ...hint];
}
