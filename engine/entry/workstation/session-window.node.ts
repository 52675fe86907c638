import type { BarBuilding, BarInterval } from '../../contract/bars.ts';
import type { EngineEvent, Progress, QuarantinedRow } from '../../contract/window.ts';
import { repeatEvery } from '../../core/machine.node.ts';
import type { Clock } from '../../core/time.ts';
import { BARS_QUERY } from '../../trading/bars/bar-history.ts';
import { JobFailedError } from '../job-failed-error.ts';
import type { RunningJob } from '../job-runner.node.ts';
import type { SessionScaling } from '../session/session-scaling.node.ts';
import { BarFeed } from './bar-feed.ts';
import { ChosenSymbol } from './chosen-symbol.ts';
import { ProgressMeter, type SessionFacts } from './progress-meter.ts';
import { RowCache, type FrameScope, type PendingPosition } from './row-cache.ts';
import type { SessionBook } from './session-checkpoints.node.ts';
import type { SessionOrders } from './session-orders.node.ts';
import type { SessionTrades } from './session-trades.node.ts';
import { WorkerBoard } from './worker-board.ts';

/** Sixty frames a second. */
const FRAME_EVERY_MS = 16;
const PROGRESS_EVERY_MS = 100;
/** What a window that comes later is still shown. */
const QUARANTINED_KEPT_MAX = 1_000;

export type Emit = (event: EngineEvent, transfer?: readonly ArrayBuffer[]) => void;

export interface SessionWindowOptions {
  readonly epoch: number;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly job: Pick<RunningJob, 'graph' | 'metrics' | 'query' | 'requestRows' | 'symbolId' | 'symbolText'>;
  readonly trades: SessionTrades;
  /** null: paper trading. */
  readonly orders: SessionOrders | null;
  readonly book: SessionBook;
  readonly scaling: SessionScaling;
  readonly bars: BarBuilding;
  /** null: the source has not told yet. */
  readonly facts: () => SessionFacts | null;
}

/**
 * What the window is told of one session: frames of rows, trades, the chosen symbol, progress. Coordinator thread only.
 * Life: open, and asks tasks for rows; ended, and tells what it has; closed, and tells nothing.
 */
export class SessionWindow {
  readonly #options: SessionWindowOptions;
  readonly #rows = new RowCache();
  readonly #chosen: ChosenSymbol;
  readonly #bars: BarFeed;
  readonly #meter: ProgressMeter;
  readonly #quarantined: QuarantinedRow[] = [];
  readonly #stopFrames: () => void;
  #life: 'open' | 'ended' | 'closed' = 'open';
  #isCutting = false;
  #finalTold = -1;
  #namesTold = 0;
  #progressTold: Progress | null = null;
  #progressAtMs = -Infinity;

  constructor(options: SessionWindowOptions) {
    this.#options = options;
    const { epoch, emit, job, trades } = options;
    this.#meter = new ProgressMeter(new WorkerBoard(job, this.#rows));
    this.#chosen = new ChosenSymbol({
      epoch,
      emit,
      history: async (symbol) => (await job.query('history', symbol)) as readonly number[],
      symbolIdOf: (symbol) => this.#symbolIdOf(symbol),
      rowOf: (symbolId) => this.#rows.rowOf(symbolId),
      tradesOf: (symbol) => trades.log.latestOf(symbol),
    });
    this.#bars = new BarFeed({
      epoch,
      building: options.bars,
      query: (symbol, question) => job.query(BARS_QUERY, symbol, question),
      emit,
    });
    this.#stopFrames = repeatEvery(FRAME_EVERY_MS, () => void this.#frame());
  }

  /** A position in sight before it is in the stream. */
  addPending(symbol: string, position: PendingPosition): void {
    this.#rows.addPending(this.#options.job.symbolId(symbol), position);
  }

  async choose(symbol: string | null): Promise<void> {
    if (this.#life === 'closed') return;
    this.#bars.chooseSymbol(symbol);
    await this.#chosen.choose(symbol);
  }

  chooseBars(interval: BarInterval | null): void {
    this.#bars.chooseInterval(interval);
  }

  setInSight(symbols: readonly number[]): void {
    this.#rows.setInSight(symbols);
  }

  /** Everything a window needs that just came, in an order it can show at once. */
  async tellEverything(): Promise<void> {
    const { clock, epoch, emit, orders, trades } = this.#options;
    this.#tellNames(0);
    this.#tellFrame(this.#rows.cut(clock.monotonicMs(), 'complete'));
    emit({ kind: 'trades', epoch, ...trades.log.latest() });
    emit({ kind: 'trades-final', epoch, count: trades.finalCount });
    orders?.tellEverything();
    this.tellState();
    this.tellScaling();
    if (this.#quarantined.length > 0) emit({ kind: 'quarantined', epoch, rows: this.#quarantined });
    if (this.#progressTold !== null) emit({ kind: 'progress', epoch, progress: this.#progressTold });
    this.#bars.tellAll();
    await this.#chosen.tellHistory();
  }

  tellState(): void {
    const { emit, epoch, book } = this.#options;
    if (this.#life !== 'closed') emit({ kind: 'state', epoch, state: book.state });
  }

  tellScaling(): void {
    const { emit, epoch, scaling } = this.#options;
    if (this.#life !== 'closed') emit({ kind: 'scaling', epoch, scaling: scaling.info });
  }

  tellQuarantined(rows: readonly QuarantinedRow[]): void {
    this.#quarantined.push(...rows.slice(0, QUARANTINED_KEPT_MAX - this.#quarantined.length));
    this.#options.emit({ kind: 'quarantined', epoch: this.#options.epoch, rows });
  }

  tellProgress(): void {
    const facts = this.#options.facts();
    if (facts === null) return;
    const { clock, epoch, emit } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#progressAtMs = nowMs;
    this.#progressTold = this.#meter.read(nowMs, facts);
    emit({ kind: 'progress', epoch, progress: this.#progressTold });
  }

  /** The last rows of a job that is through, while its tasks still answer. */
  async fetchAllRows(): Promise<void> {
    await this.#fetchRows(true);
  }

  /** Tasks are asked no more; frames go on with what comes from elsewhere. */
  end(): void {
    if (this.#life === 'open') this.#life = 'ended';
  }

  /** Behind `end`: all that changed, and where the session stands now. */
  tellLast(): void {
    this.#progressAtMs = -Infinity;
    this.#tellChanges('changed');
  }

  /** The job is gone: what changed until then is told, and no frame follows. */
  fail(): void {
    this.end();
    this.#stopFrames();
    this.#tellChanges('changed');
  }

  close(): void {
    this.#life = 'closed';
    this.#stopFrames();
    this.#chosen.forget();
  }

  /** Fetches what changed from every task and tells the window; never two at once, so a slow task merges frames. */
  async #frame(): Promise<void> {
    if (this.#life === 'closed') return;
    void this.#bars.poll(this.#options.clock.monotonicMs());
    if (this.#isCutting) return;
    this.#isCutting = true;
    try {
      if (this.#life === 'open') await this.#fetchRows(false);
      this.#tellChanges('in-sight-first');
    } catch (error) {
      // A job that ended between two frames refuses the question; its end is told by `finished`.
      if (this.#life === 'open' && !(error instanceof JobFailedError)) this.tellProgress();
    } finally {
      this.#isCutting = false;
    }
  }

  async #fetchRows(all: boolean): Promise<void> {
    const parts = await this.#options.job.requestRows('rows', all);
    for (const { rowCount, buffer } of parts) this.#rows.update(buffer, rowCount);
  }

  #tellChanges(scope: FrameScope): void {
    if (this.#life === 'closed') return;
    const { clock, emit, epoch, orders, trades } = this.#options;
    if (this.#rows.hasChanges) {
      this.#tellNames(this.#namesTold);
      this.#tellFrame(this.#rows.cut(clock.monotonicMs(), scope));
      this.#chosen.tellLatest();
    }
    const unsent = trades.log.takeUnsent();
    if (unsent !== null) emit({ kind: 'trades', epoch, ...unsent });
    const { finalCount } = trades;
    if (finalCount !== this.#finalTold) emit({ kind: 'trades-final', epoch, count: finalCount });
    this.#finalTold = finalCount;
    orders?.tellChanges();
    if (clock.monotonicMs() - this.#progressAtMs >= PROGRESS_EVERY_MS) this.tellProgress();
  }

  #tellFrame(frame: ArrayBuffer): void {
    this.#options.emit({ kind: 'rows', epoch: this.#options.epoch, frame }, [frame]);
  }

  #tellNames(first: number): void {
    const { job, emit, orders } = this.#options;
    const names: string[] = [];
    for (let symbol = first; symbol <= this.#rows.symbolMax; symbol += 1) names.push(job.symbolText(symbol));
    this.#namesTold = Math.max(this.#namesTold, first + names.length);
    if (names.length === 0) return;
    emit({ kind: 'symbols', first, names });
    orders?.lookUp(names);
  }

  #symbolIdOf(symbol: string): number {
    for (let id = 0; id <= this.#rows.symbolMax; id += 1) if (this.#options.job.symbolText(id) === symbol) return id;
    return -1;
  }
}
