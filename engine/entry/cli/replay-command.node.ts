import { availableParallelism } from 'node:os';
import { tradeMessage, TRADES_CSV_HEADER, tradesCsvLine } from '../../connectors/sinks/trades-csv.ts';
import type { PlannedPosition } from '../../connectors/sources/session-records.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import type { QuarantinedRow, Speed } from '../../contract/window.ts';
import type { RunningJob } from '../job-runner.node.ts';
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
  });
}

async function runAndTell(run: Run): Promise<void> {
  const trades = new TradeCollector(run.trades !== null);
  try {
    const { report, nameOf } = await play(run, trades);
    if (run.trades !== null) await writeText(run.trades, tradeLines(trades, nameOf));
    if (run.report !== null) await writeText(run.report, reportPieces(report));
    if (run.report === null && run.trades !== '-') await writeText('-', [`${positionTable(report.positions)}\n`]);
    summarize(report);
  } finally {
    trades.dispose();
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

async function play(
  run: Run,
  trades: TradeCollector,
): Promise<{ report: ReplayReport; nameOf: (symbol: number) => string }> {
  const watch = new SessionWatch();
  const speed: Speed = run.speed === null ? { kind: 'max' } : { kind: 'times', factor: run.speed };
  const parameters: SessionParameters = {
    inputs: run.inputs,
    positions: run.positions,
    rules: run.rules,
    speed,
    startPaused: false,
    outOfOrdernessMs: run.outOfOrdernessMs,
    maxFutureMs: run.maxFutureMs,
    historySampleMs: null,
  };
  const workers =
    run.workers ??
    Math.max(1, Math.min(availableParallelism() - 1, WORKERS_DEFAULT_MAX, run.maxParallelism ?? WORKERS_DEFAULT_MAX));
  const job = startSession({
    parameters,
    workers,
    maxParallelism: run.maxParallelism,
    sinks: { trades, lateQuotes: { write: () => undefined } },
    onEvent: (event) => watch.take(event),
  });
  try {
    const { elapsedMs } = await job.finished;
    const { opened, ended } = watch;
    if (opened === null || ended === null) throw new Error('The session ended without saying how.');
    const nameOf = (symbol: number): string => job.symbolText(symbol);
    const report = replayReport({
      inputs: run.inputs.kind === 'files' ? run.inputs.paths : opened.inputs,
      rules: run.rules,
      outOfOrdernessMs: opened.outOfOrdernessMs,
      maxFutureMs: opened.maxFutureMs,
      progress: ended.progress,
      quarantinedRows: watch.quarantinedRows,
      pending: ended.pending,
      positionRows: await rowsOf(job, 'rows'),
      reasonRows: await rowsOf(job, 'reasons'),
      trades,
      workers: job.graph.parallelism,
      maxParallelism: job.graph.maxParallelism,
      elapsedMs,
      nameOf,
    });
    return { report, nameOf };
  } catch (error) {
    if (watch.failure === null) throw error;
    const { kind, message, where } = watch.failure;
    throw new CliError(kind === 'unreadable' ? EXIT_INPUT : EXIT_USAGE, `${message}\n  at ${where}`);
  } finally {
    await job.close();
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
