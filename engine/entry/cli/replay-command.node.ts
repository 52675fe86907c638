import { availableParallelism } from 'node:os';
import { tradeMessage, TRADES_CSV_HEADER, tradesCsvLine } from '../../connectors/sinks/trades-csv.ts';
import type { PlannedPosition } from '../../connectors/sources/session-records.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import type { Speed } from '../../contract/window.ts';
import { CHECKPOINT_SETTINGS_DEFAULT, type CheckpointSettings } from '../session/checkpoint-settings.ts';
import { startFromSavepoint } from './savepoint-command.node.ts';
import { openReplayState } from './replay-state.node.ts';
import { samplePositions } from '../session/sample.node.ts';
import type { OrderDesk } from '../routing/order-desk.node.ts';
import type { SessionInputs, SessionParameters } from '../session/session-parameters.ts';
import type { TradeCollector } from '../session/trade-collector.node.ts';
import type { CliCommand, ReplayCommand, SpeedArgument } from './arguments.ts';
import { loadPositions, loadRules } from './documents.node.ts';
import { ReplayPlayer } from './replay-player.node.ts';
import { HeadlessScaling } from './headless-scaling.node.ts';
import { openOrders, settleOrders } from './order-routing.node.ts';
import { checkOutputs, writeText } from './output-files.node.ts';
import { openServedSession } from './served-session.node.ts';
import { positionTable, reportPieces, type ReplayReport } from './report.ts';
import { tell } from './tell.node.ts';

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
  readonly autoscale: boolean;
  readonly maxParallelism: number | null;
  readonly outOfOrdernessMs: number | null;
  readonly maxFutureMs: number | null;
  readonly report: string | null;
  readonly trades: string | null;
  readonly state: string | null;
  readonly savepoint: string | null;
  readonly gateway: string | null;
  readonly checkpoints: CheckpointSettings;
  /** null: nobody can ask. */
  readonly servePort: number | null;
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
    autoscale: false,
    maxParallelism: null,
    outOfOrdernessMs: null,
    maxFutureMs: null,
    report: null,
    trades: null,
    state: null,
    savepoint: null,
    gateway: null,
    checkpoints: CHECKPOINT_SETTINGS_DEFAULT,
    servePort: null,
  });
}

async function runAndTell(run: Run): Promise<void> {
  const parameters = parametersOf(run);
  if (run.state !== null && run.savepoint !== null) await startFromSavepoint(run.state, run.savepoint);
  const most = run.maxParallelism ?? WORKERS_DEFAULT_MAX;
  const workers = run.workers ?? Math.max(1, Math.min(availableParallelism() - 1, WORKERS_DEFAULT_MAX, most));
  const state = run.state === null ? null : await openReplayState(run.state, parameters, run.checkpoints, workers);
  const served = await openServedSession(run.servePort, 'replay').catch(async (error: unknown) => {
    await state?.close();
    throw error;
  });
  const scaling = new HeadlessScaling({
    workers,
    autoscale: run.autoscale,
    folder: run.state,
    onRescaled: (rescale) => state?.auditRescale(rescale),
  });
  const player = new ReplayPlayer({ ...run, parameters, scaling, keepsTrades: run.trades !== null, served }, state);
  let desk: OrderDesk | null = null;
  try {
    desk = await openOrders(run.gateway, state?.store ?? null, null);
    if (state !== null && desk !== null) state.onFinalTrades = (trades) => desk?.offer(trades);
    const { report: played, trades, nameOf, job } = await player.play();
    try {
      const orders = await settleOrders(desk);
      const report = orders === undefined ? played : { ...played, orders };
      if (run.trades !== null) await writeText(run.trades, tradeLines(trades, nameOf));
      if (run.report !== null) await writeText(run.report, reportPieces(report));
      if (run.report === null && run.trades !== '-') await writeText('-', [`${positionTable(report.positions)}\n`]);
      summarize(report);
      await served?.linger();
    } finally {
      await job.close();
    }
  } finally {
    scaling.dispose();
    await served?.close();
    player.dispose();
    await desk?.close();
    await state?.close();
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
