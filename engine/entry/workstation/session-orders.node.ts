import type { DurableStore } from '../../contract/durable-store.ts';
import type { InstrumentFound, OrderOutcome } from '../../contract/orders.ts';
import type { EngineEvent, RoutingInfo, TradeMessage } from '../../contract/window.ts';
import { repeatEvery } from '../../core/machine.node.ts';
import type { Clock } from '../../core/time.ts';
import { ratesBetween, type AsyncStatistics } from '../../runtime/async/async-statistics.ts';
import type { KillLine } from '../session/kill-line.ts';
import { OrderDesk } from '../routing/order-desk.node.ts';

/** Often enough to watch, rarely enough to read. */
const TELL_EVERY_MS = 500;
/** Rates are of so long. */
const WINDOW_MS = 3_000;
/** Orders of which nobody heard in time are asked for once more. */
const ASK_AGAIN_EVERY_MS = 60_000;
/** What a window that just came is told; older orders left the blotter, too. */
const OUTCOMES_TOLD_MAX = 20_000;

export interface SessionOrdersOptions {
  readonly gateway: string;
  readonly store: DurableStore;
  readonly clock: Clock;
  readonly epoch: number;
  readonly emit: (event: EngineEvent) => void;
  readonly killLine: KillLine;
}

interface Reading {
  readonly atMs: number;
  readonly statistics: AsyncStatistics;
}

/** The orders of a workstation's session, and the reference data of its symbols, as the window sees them. */
export class SessionOrders {
  readonly #options: SessionOrdersOptions;
  readonly #opening: Promise<void>;
  readonly #stopAsking: () => void;
  readonly #instruments: InstrumentFound[] = [];
  #desk: OrderDesk | null = null;
  #problem: string | null = null;
  #early: TradeMessage[] = [];
  #earlySymbols: string[] = [];
  #outcomes: OrderOutcome[] = [];
  #instrumentsTold = 0;
  #toldAtMs = -Infinity;
  #readings: Reading[] = [];
  #isClosed = false;

  constructor(options: SessionOrdersOptions) {
    this.#options = options;
    this.#stopAsking = repeatEvery(ASK_AGAIN_EVERY_MS, () => this.#desk?.askAgain());
    this.#opening = this.#open();
  }

  /** Final trades. */
  offer(trades: readonly TradeMessage[]): void {
    if (this.#desk === null) this.#early.push(...trades);
    else this.#desk.offer(trades);
  }

  lookUp(symbols: readonly string[]): void {
    if (this.#desk === null) this.#earlySymbols.push(...symbols);
    else this.#desk.lookUp(symbols);
  }

  /** What changed since the last call; the numbers now and then. */
  tellChanges(): void {
    const { emit, epoch, clock } = this.#options;
    if (this.#outcomes.length > 0) emit({ kind: 'orders', epoch, outcomes: this.#outcomes });
    this.#outcomes = [];
    if (this.#instruments.length > this.#instrumentsTold)
      emit({ kind: 'instruments', epoch, instruments: this.#instruments.slice(this.#instrumentsTold) });
    this.#instrumentsTold = this.#instruments.length;
    if (clock.monotonicMs() - this.#toldAtMs < TELL_EVERY_MS) return;
    this.#toldAtMs = clock.monotonicMs();
    emit({ kind: 'routing', epoch, routing: this.#routing(this.#toldAtMs) });
  }

  tellEverything(): void {
    const { emit, epoch, clock } = this.#options;
    const outcomes = this.#desk?.outcomes.slice(-OUTCOMES_TOLD_MAX) ?? [];
    if (outcomes.length > 0) emit({ kind: 'orders', epoch, outcomes });
    if (this.#instruments.length > 0) emit({ kind: 'instruments', epoch, instruments: [...this.#instruments] });
    emit({ kind: 'routing', epoch, routing: this.#routing(clock.monotonicMs()) });
  }

  /** What is under way is asked for again when the session goes on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopAsking();
    await this.#opening;
    await this.#desk?.close();
  }

  async #open(): Promise<void> {
    const { gateway, killLine, store } = this.#options;
    try {
      const desk = await OrderDesk.open({
        url: gateway,
        store,
        killLine,
        onOutcomes: (outcomes) => {
          this.#outcomes.push(...outcomes);
        },
        onInstrument: (found) => {
          this.#instruments.push(found);
        },
        onFailed: (error) => this.#failed(error),
      });
      this.#desk = desk;
      if (this.#isClosed) return;
      desk.offer(this.#early);
      desk.lookUp(this.#earlySymbols);
      this.#early = [];
      this.#earlySymbols = [];
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  #failed({ message }: Error): void {
    if (this.#isClosed) return;
    this.#problem = `Order routing has ended: ${message} Orders without an answer are asked for again when the session goes on.`;
    const problem = { code: 'routing-failed', message: this.#problem, where: this.#options.gateway };
    this.#options.emit({ kind: 'problem', requestId: null, problem });
  }

  #routing(nowMs: number): RoutingInfo {
    const desk = this.#desk;
    const { gateway } = this.#options;
    const nothing = { confirmed: 0, 'partly-confirmed': 0, rejected: 0, 'timed-out': 0, refused: 0 };
    if (desk === null) {
      const rates = { capacity: 0, inFlight: 0, occupancy: 0, throughputPerSecond: 0, latencyMs: null, retries: 0 };
      return { gateway, problem: this.#problem, ...rates, routing: this.#early.length, byState: nothing };
    }
    const { statistics } = desk;
    this.#readings.push({ atMs: nowMs, statistics });
    while (this.#readings.length > 2 && nowMs - this.#readings[1].atMs >= WINDOW_MS) this.#readings.shift();
    const { occupancy, throughputPerSecond, latencyMs } = ratesBetween(this.#readings[0].statistics, statistics);
    return {
      gateway,
      problem: this.#problem,
      capacity: desk.capacity,
      inFlight: statistics.inFlight,
      occupancy,
      throughputPerSecond,
      latencyMs: Number.isNaN(latencyMs) ? null : latencyMs,
      retries: statistics.retries,
      ...desk.counts,
    };
  }
}
