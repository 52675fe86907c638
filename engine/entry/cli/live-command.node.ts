import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { AUDIT_ANCHOR } from '../../connectors/audit/audit-anchor-file.node.ts';
import type { AuditTrail } from '../../connectors/audit/audit-trail.ts';
import { openAuditTrail } from '../../connectors/audit/open-audit-trail.node.ts';
import type { FeedStatus } from '../../connectors/live/live-feed-input.ts';
import { StoreError, type DurableStore } from '../../contract/durable-store.ts';
import { startMachineTimer } from '../../core/machine.node.ts';
import type { RunningJob } from '../job-runner.node.ts';
import type { OrderDesk } from '../routing/order-desk.node.ts';
import { KillLine } from '../session/kill-line.ts';
import {
  auditLive,
  LiveCoordinator,
  OtherSessionError,
  prepareLive,
  type PreparedLive,
  type RecoveredLive,
} from '../session/live-session.node.ts';
import type { SessionAudit } from '../session/session-audit.ts';
import type { SessionParameters } from '../session/session-parameters.ts';
import { startSession } from '../session/start-session.node.ts';
import { servedSession, type ServedSession } from '../serve/trading-queries.ts';
import { openStateStore } from '../session/state-store.node.ts';
import { recoveredText } from '../session/live-recovery.node.ts';
import { SessionExplainer } from '../session/session-explainer.ts';
import { TradeCollector } from '../session/trade-collector.node.ts';
import { loadPositions, loadRules } from './documents.node.ts';
import { FeedTelling } from './feed-telling.node.ts';
import { onInterrupt } from './interrupt.node.ts';
import { HeadlessScaling } from './headless-scaling.node.ts';
import type { LiveCommand } from './live-arguments.ts';
import { CliError, EXIT_INPUT, EXIT_INTERNAL, EXIT_USAGE, storeExitCode } from './messages.ts';
import { OrderWriter } from './order-writer.node.ts';
import { openOrders, settleOrders } from './order-routing.node.ts';
import { checkOutputs, writeText } from './output-files.node.ts';
import { summarize, tradeLines } from './replay-command.node.ts';
import { openServedSession, type SessionServer } from './served-session.node.ts';
import { rowsOf, SessionWatch, tellFailedCheckpoint } from './replay-player.node.ts';
import { replayReport } from './replay-report.ts';
import { positionTable, reportPieces, type ReplayReport } from './report.ts';
import { tell } from './tell.node.ts';
import { TradePrinter } from './trade-printer.node.ts';

const MS_PER_SECOND = 1000;
/** Quotes of a feed are few beside those of a file; the machine has other work. */
const WORKERS_DEFAULT_MAX = 2;

/** Trades on a live feed until Ctrl-C or `--for`, and tells what came of it. */
export async function runLive(command: LiveCommand): Promise<void> {
  const rules = await loadRules(command.rules);
  const positions = await loadPositions(command.positions);
  await checkOutputs(
    [
      { what: '--report', path: command.report },
      { what: '--trades', path: command.trades },
    ],
    [
      { what: 'the positions file', path: command.positions },
      { what: 'the rules file', path: command.rules },
    ],
  );
  const store = await opened(command.state);
  const trades = new TradeCollector(command.trades !== null && command.trades !== '-');
  const workers = command.workers ?? Math.max(1, Math.min(availableParallelism() - 1, WORKERS_DEFAULT_MAX));
  let served: SessionServer | null = null;
  let trail: AuditTrail | null = null;
  let desk: OrderDesk | null = null;
  try {
    served = await openServedSession(command.servePort, 'live');
    const prepared = await preparedOf(store, command, { rules, positions });
    trail = await openedTrail(store, command.state);
    const audit = await auditLive(trail, prepared, { workers, reason: 'The session was started again.' });
    const killLine = new KillLine();
    // Whether the switch was on is known once the journal has been played; until then no order leaves.
    if (prepared.inputs.recovers) killLine.press();
    desk = await openOrders(command.gateway, store, killLine);
    const run = new LiveRun({ command, store, prepared, audit, rules, positions, workers, trades, desk, killLine });
    served?.show(run.served);
    const { report: played, nameOf } = await run.play();
    const orders = await settleOrders(desk);
    const report = orders === undefined ? played : { ...played, orders };
    if (command.trades !== null && command.trades !== '-') await writeText(command.trades, tradeLines(trades, nameOf));
    if (command.report !== null) await writeText(command.report, reportPieces(report));
    if (command.report === null && command.trades !== '-')
      await writeText('-', [`${positionTable(report.positions)}\n`]);
    summarize(report);
  } finally {
    await served?.close();
    trades.dispose();
    await desk?.close();
    await trail?.close();
    await store.close();
  }
}

async function openedTrail(store: DurableStore, folder: string): Promise<AuditTrail> {
  try {
    return await openAuditTrail(store, join(folder, AUDIT_ANCHOR), (error) =>
      tell(`The audit trail could not be stored yet: ${(error as Error).message}`),
    );
  } catch (error) {
    throw stateProblem(error);
  }
}

async function opened(folder: string): Promise<DurableStore> {
  try {
    return await openStateStore(folder, ({ severity, message }) => {
      if (severity === 'warning') tell(message);
    });
  } catch (error) {
    throw stateProblem(error);
  }
}

async function preparedOf(
  store: DurableStore,
  command: LiveCommand,
  { rules, positions }: Pick<SessionParameters, 'rules' | 'positions'>,
): Promise<PreparedLive> {
  try {
    return await prepareLive(store, { ...command, rules, positions }, command.checkpoints.retained);
  } catch (error) {
    if (error instanceof OtherSessionError) throw new CliError(EXIT_USAGE, error.message);
    throw stateProblem(error);
  }
}

function stateProblem(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  return new CliError(storeExitCode(error), error.message);
}

interface LiveRunOptions {
  readonly command: LiveCommand;
  readonly store: DurableStore;
  readonly prepared: PreparedLive;
  readonly audit: SessionAudit;
  /** That are asked for; the session may have begun with others. */
  readonly rules: SessionParameters['rules'];
  readonly positions: SessionParameters['positions'];
  readonly workers: number;
  /** Whoever made it disposes of it. */
  readonly trades: TradeCollector;
  /** Where final trades become orders; null: paper trading. */
  readonly desk: OrderDesk | null;
  readonly killLine: KillLine;
}

class LiveRun {
  readonly #command: LiveCommand;
  readonly #prepared: PreparedLive;
  readonly #rules: SessionParameters['rules'];
  readonly #trades: TradeCollector;
  readonly #explainer: SessionExplainer;
  readonly #watch = new SessionWatch();
  readonly #feed = new FeedTelling();
  readonly #job: RunningJob<SessionParameters>;
  readonly #coordinator: LiveCoordinator;
  readonly #scaling: HeadlessScaling;
  readonly #killLine: KillLine;
  /** By a signal, in this life. */
  #isPressed = false;
  #failure: unknown = null;
  #cancelTimer: () => void = () => undefined;
  #feedStatus: FeedStatus | null = null;

  constructor(options: LiveRunOptions) {
    const { command, store, prepared, audit, rules, positions, workers, trades, desk, killLine } = options;
    this.#command = command;
    this.#killLine = killLine;
    this.#prepared = prepared;
    this.#rules = rules;
    this.#trades = trades;
    this.#explainer = new SessionExplainer(startMachineTimer, trades.latest, prepared.rules, audit);
    this.#scaling = new HeadlessScaling({
      workers,
      autoscale: command.autoscale,
      folder: command.state,
      onRescaled: (rescale) => audit.rescaled(rescale),
    });
    const nameOf = (symbol: number): string => this.#job.symbolText(symbol);
    const printed = command.trades === '-' ? new TradePrinter(trades, nameOf) : trades;
    const told = desk === null ? printed : new OrderWriter(printed, desk, nameOf);
    this.#coordinator = new LiveCoordinator({
      store,
      prepared,
      rules,
      trades: told,
      symbolText: nameOf,
      intervalMs: command.checkpoints.intervalMs,
      timeoutMs: command.checkpoints.timeoutMs,
      checkpoint: () => this.#job.checkpoint(),
      onCheckpoint: tellFailedCheckpoint,
      audit,
      send: (message) => this.#job.sendSourceEvent(message),
      onFeed: (status) => {
        this.#feedStatus = status;
        this.#feed.show(status);
      },
      onRecovered: (recovered) => this.#recovered(recovered),
      onFull: (problem) =>
        tell(
          problem === null
            ? 'There is room again: going on.'
            : `${problem.message} Trading stands still until there is room.`,
        ),
      onFailed: (error) => this.#fail(error),
    });
    this.#job = startSession({
      parameters: {
        inputs: prepared.inputs,
        positions,
        rules: prepared.rules,
        speed: { kind: 'max' },
        startPaused: false,
        outOfOrdernessMs: prepared.inputs.settings.outOfOrdernessMs,
        maxFutureMs: prepared.inputs.settings.maxFutureMs,
        historySampleMs: null,
        killLine: killLine.memory,
      },
      workers: this.#scaling.workers,
      maxParallelism: prepared.state.restored?.maxParallelism ?? null,
      checkpoints: this.#coordinator.jobCheckpoints(),
      restore: prepared.state.restored,
      sinks: { trades: this.#coordinator.gate, lateQuotes: { write: () => undefined } },
      onEvent: (event) => {
        this.#explainer.take(event);
        if (!this.#coordinator.take(event)) this.#watch.take(event);
        if (event.kind === 'opened' && !prepared.inputs.recovers) this.#startTimer();
      },
    });
    this.#scaling.attach(this.#job);
    for (const { words, symbols } of prepared.state.trades)
      told.restore(words, symbols, (text) => this.#job.symbolId(text));
  }

  /** What can be asked of it. */
  get served(): ServedSession {
    return servedSession(this.#job, this.#prepared.state.storage, this.#prepared.rules, this.#explainer);
  }

  async play(): Promise<{ report: ReplayReport; nameOf: (symbol: number) => string }> {
    const { url } = this.#command;
    const { cutOff } = this.#prepared.found;
    if (cutOff !== null) tell(cutOff);
    for (const { id, problem } of this.#prepared.state.refused) tell(`Checkpoint ${id} cannot be used: ${problem}`);
    if (url.startsWith('ws:') && !/^ws:\/\/(localhost|127\.|\[::1\])/.test(url))
      tell(
        `${this.#prepared.inputs.settings.feed} is not encrypted: whoever is between here and there can change quotes. Use wss:// where the feed offers it.`,
      );
    const takeBack = onInterrupt(() => {
      tell('Ending the session (Ctrl-C again: leave at once).');
      this.#end();
    });
    const stopListening = this.#listenForHalt();
    try {
      const { elapsedMs } = await this.#job.finished;
      await this.#coordinator.keeper.idle();
      if (this.#failure !== null) throw stateProblem(this.#failure);
      const { ended } = this.#watch;
      if (ended !== null) await this.#coordinator.tellEnd('ended', ended.progress.totals, this.#trades.count);
      return { report: await this.#report(elapsedMs), nameOf: (symbol) => this.#job.symbolText(symbol) };
    } catch (error) {
      if (this.#failure !== null) throw stateProblem(this.#failure);
      const { failure } = this.#watch;
      if (failure === null) throw error;
      throw new CliError(
        failure.kind === 'unreadable' ? EXIT_INPUT : EXIT_USAGE,
        `${failure.message}\n  at ${failure.where}`,
      );
    } finally {
      takeBack();
      stopListening();
      this.#scaling.dispose();
      this.#cancelTimer();
      this.#feed.clear();
      await this.#job.close();
      await this.#coordinator.close();
    }
  }

  #end(): void {
    this.#job.sendSourceEvent({ kind: 'end' });
  }

  /** `--for` counts the time in which the session is live. */
  #startTimer(): void {
    const { forSeconds } = this.#command;
    if (forSeconds !== null) this.#cancelTimer = startMachineTimer(forSeconds * MS_PER_SECOND, () => this.#end());
  }

  /** The kill switch for scripts: a signal reaches a program that is busy, and needs no door. */
  #listenForHalt(): () => void {
    const halt = (): void => {
      this.#isPressed = true;
      this.#killLine.press();
      this.#job.sendSourceEvent({ kind: 'control', control: { kind: 'halt', by: 'SIGUSR2' } });
      tell(
        'Halted (SIGUSR2): nothing trades. End the session and start it again with --rearm REASON to clear the switch.',
      );
    };
    process.on('SIGUSR2', halt);
    return () => process.off('SIGUSR2', halt);
  }

  #recovered(recovered: RecoveredLive): void {
    const { halted } = recovered;
    this.#startTimer();
    tell(`${recoveredText(this.#prepared.state, recovered)} Going on live.`);
    // Pressed while the journal was played: nothing that came before clears it.
    if (this.#isPressed) return;
    if (!halted) return this.#killLine.release();
    const { rearm } = this.#command;
    if (rearm === null) {
      tell(
        'The kill switch is on: nothing trades. End the session and start it again with --rearm REASON to clear it.',
      );
      return;
    }
    this.#killLine.release();
    this.#job.sendSourceEvent({ kind: 'control', control: { kind: 'rearm', by: rearm } });
    tell(`The kill switch was on, and is cleared: ${rearm}`);
  }

  async #report(elapsedMs: number): Promise<ReplayReport> {
    const { opened: open, ended } = this.#watch;
    if (open === null || ended === null) throw new CliError(EXIT_INTERNAL, 'The session ended without saying how.');
    const { gate } = this.#coordinator;
    if (gate.pending > 0)
      throw new CliError(
        EXIT_INTERNAL,
        `${gate.pending} trades did not become final: their quotes are not in the journal.`,
      );
    const report = replayReport({
      inputs: open.inputs,
      rules: this.#rules,
      outOfOrdernessMs: open.outOfOrdernessMs,
      maxFutureMs: open.maxFutureMs,
      progress: ended.progress,
      quarantinedRows: this.#watch.quarantinedRows,
      pending: ended.pending,
      positionRows: await rowsOf(this.#job, 'rows'),
      reasonRows: await rowsOf(this.#job, 'reasons'),
      trades: this.#trades,
      workers: this.#job.graph.parallelism,
      maxParallelism: this.#job.graph.maxParallelism,
      elapsedMs,
      nameOf: (symbol) => this.#job.symbolText(symbol),
    });
    return this.#feedStatus === null ? report : { ...report, feed: feedBooks(this.#feedStatus) };
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    void this.#job.cancel();
  }
}

function feedBooks({
  connects,
  gaps,
  missed,
  duplicates,
  staleQuotes,
  pauses,
}: FeedStatus): NonNullable<ReplayReport['feed']> {
  return { connects, gaps, missed, duplicates, staleQuotes, pauses };
}
