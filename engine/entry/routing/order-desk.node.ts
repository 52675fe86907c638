import { randomUUID } from 'node:crypto';
import type { DurableStore } from '../../contract/durable-store.ts';
import { isSettled, type InstrumentFound, type OrderOutcome, type OrderRequest } from '../../contract/orders.ts';
import type { TradeMessage } from '../../contract/window.ts';
import type { AsyncStatistics } from '../../runtime/async/async-statistics.ts';
import { runJob, type RunningJob } from '../job-runner.node.ts';
import type { KillLine } from '../session/kill-line.ts';
import { OrderBookKeeper } from './order-book-keeper.ts';
import { ORDERS_UID, routingJob, type DeskEvent, type RoutingParameters } from './routing-job.node.ts';

/** Orders under way at a time; a gateway that answers in 20 ms takes 1,600 a second. */
const CAPACITY_DEFAULT = 32;
const ATTEMPT_MS_DEFAULT = 2_000;
const TIMEOUT_MS_DEFAULT = 30_000;
/** Symbols asked for at a time, fewer than the job takes: a symbol that waits for room would hold up the orders behind it. */
const SYMBOLS_MAX = CAPACITY_DEFAULT / 2;
/** Handed to the job before answers come: enough to keep it busy, few enough to hold in memory twice. */
const HANDED_OVER_MAX = 4 * CAPACITY_DEFAULT;

export interface OrderDeskOptions {
  /** Address of the gateway. */
  readonly url: string;
  /** Of the session whose trades are routed. */
  readonly store: DurableStore;
  /** Orders whose state is another now; those of earlier runs are told when their trades are offered. */
  readonly onOutcomes: (outcomes: readonly OrderOutcome[]) => void;
  readonly onInstrument: (found: InstrumentFound) => void;
  /** Routing has ended, and why; orders without an answer are asked for again by the next run. */
  readonly onFailed: (error: Error) => void;
  readonly limits?: Partial<Omit<RoutingParameters, 'url' | 'killLine'>>;
  /** While it is pressed no order leaves; they wait here. */
  readonly killLine: KillLine | null;
}

export interface OrderCounts {
  /** Without an answer yet. */
  readonly routing: number;
  readonly byState: Readonly<Record<OrderOutcome['state'], number>>;
}

/**
 * Where final trades become orders. It hands each to the routing job once, under the trade's id, and keeps what the
 * gateway said; what it was not told before a crash is asked for again under the same id, and the gateway gives its first
 * answer again. Only trades that nothing takes back may be offered. Coordinator thread only; whoever opens it closes it.
 */
export class OrderDesk {
  readonly capacity: number;
  readonly #keeper: OrderBookKeeper;
  readonly #options: OrderDeskOptions;
  readonly #job: RunningJob<RoutingParameters>;
  readonly #outcomes = new Map<string, OrderOutcome>();
  readonly #offered = new Set<string>();
  readonly #symbols = new Set<string>();
  #unasked: string[] = [];
  #symbolsUnderWay = 0;
  /** Without the gateway's last word. */
  readonly #open = new Map<string, OrderRequest>();
  #waiting: OrderRequest[] = [];
  /** Of those waiting, handed over already. */
  #taken = 0;
  #underWay = 0;
  #tellIdle: () => void = () => undefined;
  #failure: Error | null = null;
  #isClosed = false;

  private constructor(options: OrderDeskOptions, keeper: OrderBookKeeper) {
    this.#options = options;
    this.#keeper = keeper;
    const parameters: RoutingParameters = {
      url: options.url,
      capacity: CAPACITY_DEFAULT,
      attemptMs: ATTEMPT_MS_DEFAULT,
      timeoutMs: TIMEOUT_MS_DEFAULT,
      killLine: options.killLine?.memory ?? null,
      ...options.limits,
    };
    this.capacity = parameters.capacity;
    this.#job = runJob<RoutingParameters>({
      job: routingJob,
      jobName: 'routing',
      parameters,
      workerScript: new URL('./flinktrade-worker.js', import.meta.url),
      parallelism: 1,
      sinks: {
        outcomes: { write: (outcome: OrderOutcome) => this.#took(outcome) },
        instruments: { write: (found: InstrumentFound) => this.#found(found) },
      },
    });
    this.#job.finished.catch((error: unknown) => this.#fail(error as Error));
  }

  /** @throws StoreError */
  static async open(options: OrderDeskOptions): Promise<OrderDesk> {
    let fail = (_error: Error): void => undefined;
    const keeper = await OrderBookKeeper.open(options.store, randomUUID(), (error) => fail(error as Error));
    const desk = new OrderDesk(options, keeper);
    fail = (error) => desk.#fail(error);
    return desk;
  }

  /** Final trades, in any order; those that were offered before are passed over. */
  offer(trades: readonly TradeMessage[]): void {
    const known: OrderOutcome[] = [];
    for (const { id, symbol, shares, price } of trades) {
      if (this.#offered.has(id)) continue;
      this.#offered.add(id);
      const outcome = this.#keeper.settled.get(id);
      if (outcome === undefined)
        this.#enter({ id, session: this.#keeper.session, symbol, side: 'sell', shares, price });
      else {
        this.#outcomes.set(id, outcome);
        known.push(outcome);
      }
    }
    if (known.length > 0) this.#options.onOutcomes(known);
    this.#handOver();
  }

  /** Orders of which nobody heard in time are asked for once more, under the same ids. */
  askAgain(): void {
    for (const [id, order] of this.#open) if (this.#outcomes.delete(id)) this.#waiting.push(order);
    this.#handOver();
  }

  /** Asks for reference data, once per symbol. */
  lookUp(symbols: readonly string[]): void {
    const unknown = symbols.filter((symbol) => !this.#symbols.has(symbol));
    for (const symbol of unknown) this.#symbols.add(symbol);
    this.#unasked.push(...unknown);
    this.#askForSymbols();
  }

  get counts(): OrderCounts {
    const byState = { confirmed: 0, 'partly-confirmed': 0, rejected: 0, 'timed-out': 0, refused: 0 };
    for (const { state } of this.#outcomes.values()) byState[state] += 1;
    return { routing: this.#offered.size - this.#outcomes.size, byState };
  }

  /** Everything the gateway said so far. */
  get outcomes(): readonly OrderOutcome[] {
    return [...this.#outcomes.values()];
  }

  get statistics(): AsyncStatistics {
    return this.#job.asyncStatistics()[ORDERS_UID];
  }

  /** Resolves when every order has an outcome that would survive a crash. @throws what ended the routing */
  async settled(): Promise<void> {
    while (this.#failure === null && this.#offered.size > this.#outcomes.size)
      await new Promise<void>((resolve) => {
        this.#tellIdle = resolve;
      });
    await this.#keeper.flush();
    if (this.#failure !== null) throw this.#failure;
  }

  /** Ends at once: what is under way is asked for again by the next run. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#job.close();
    await this.#keeper.flush();
    this.#tellIdle();
  }

  #took(outcome: OrderOutcome): void {
    this.#underWay -= 1;
    this.#outcomes.set(outcome.id, outcome);
    if (isSettled(outcome)) {
      this.#open.delete(outcome.id);
      this.#keeper.add(outcome);
    }
    this.#options.onOutcomes([outcome]);
    this.#handOver();
    if (this.#offered.size === this.#outcomes.size) this.#tellIdle();
  }

  #enter(order: OrderRequest): void {
    this.#open.set(order.id, order);
    this.#waiting.push(order);
  }

  #found(found: InstrumentFound): void {
    this.#symbolsUnderWay -= 1;
    this.#options.onInstrument(found);
    this.#askForSymbols();
  }

  #askForSymbols(): void {
    const symbols = this.#unasked.splice(0, SYMBOLS_MAX - this.#symbolsUnderWay);
    if (symbols.length === 0) return;
    this.#symbolsUnderWay += symbols.length;
    this.#send({ kind: 'symbols', symbols });
  }

  #handOver(): void {
    const count = Math.min(this.#waiting.length - this.#taken, HANDED_OVER_MAX - this.#underWay);
    if (count <= 0) return;
    const orders = this.#waiting.slice(this.#taken, this.#taken + count);
    this.#taken += count;
    if (this.#taken * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#taken);
      this.#taken = 0;
    }
    this.#underWay += count;
    this.#send({ kind: 'orders', orders });
  }

  #send(event: DeskEvent): void {
    this.#job.sendSourceEvent(event);
  }

  #fail(error: Error): void {
    if (this.#failure !== null || this.#isClosed) return;
    this.#failure = error;
    this.#options.onFailed(error);
    this.#tellIdle();
  }
}
