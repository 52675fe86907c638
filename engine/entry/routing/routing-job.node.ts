import { AsyncDataStream, AsyncFunction, type ResultFuture } from '../../api/async.ts';
import { exponentialBackoffRetry } from '../../api/async-retry.ts';
import { defineJob } from '../../api/job.ts';
import { OutputTag } from '../../api/output-tag.ts';
import { externalSink } from '../../api/sink.ts';
import type { InputStatus, ReaderOutput, SourceReader } from '../../api/source.ts';
import { WatermarkStrategy } from '../../api/watermark-strategy.ts';
import { findInstrument, GatewayUnreachableError, placeOrder } from '../../connectors/gateway/gateway-client.node.ts';
import type { InstrumentFound, OrderOutcome, OrderRequest } from '../../contract/orders.ts';
import { KillLine } from '../session/kill-line.ts';

export interface RoutingParameters {
  readonly url: string;
  /** Orders under way at a time. */
  readonly capacity: number;
  /** One attempt may take so long, ms. */
  readonly attemptMs: number;
  /** All attempts for one order together, ms. */
  readonly timeoutMs: number;
  /** Memory of the kill line: while it is pressed no order leaves; null: there is no kill switch. */
  readonly killLine: SharedArrayBuffer | null;
}

/** What the desk tells the job's source. */
export type DeskEvent =
  | { readonly kind: 'orders'; readonly orders: readonly OrderRequest[] }
  | { readonly kind: 'symbols'; readonly symbols: readonly string[] }
  | { readonly kind: 'end' };

export const ORDERS_UID = 'route-order';
const SYMBOLS = new OutputTag<string>('symbols');
const RETRIES_MAX = 1_000;
const RETRY_INITIAL_MS = 50;
const RETRY_MAX_MS = 2_000;

/** Emits what the desk hands over, in its order. The desk keeps books: whatever is lost with the job is handed over anew. */
class DeskReader implements SourceReader<OrderRequest> {
  private readonly orders: OrderRequest[] = [];
  private readonly symbols: string[] = [];
  private hasEnded = false;
  private letGo: () => void = () => undefined;

  handleSourceEvent(event: unknown): void {
    const told = event as DeskEvent;
    if (told.kind === 'orders') this.orders.push(...told.orders);
    else if (told.kind === 'symbols') this.symbols.push(...told.symbols);
    else this.hasEnded = true;
    this.letGo();
  }

  pollNext(output: ReaderOutput<OrderRequest>): InputStatus {
    for (const symbol of this.symbols.splice(0)) output.output(SYMBOLS, symbol, 0);
    for (const order of this.orders.splice(0)) output.collect(order, 0);
    return this.hasEnded ? 'end-of-input' : 'nothing-available';
  }

  isAvailable(): Promise<void> {
    return new Promise((resolve) => {
      this.letGo = resolve;
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Asks for each order until the gateway has said what became of it. It never fails: not knowing is an outcome, too. */
class RouteOrder extends AsyncFunction<OrderRequest, OrderOutcome> {
  private readonly parameters: RoutingParameters;
  private readonly killLine: KillLine | null;

  constructor(parameters: RoutingParameters) {
    super();
    this.parameters = parameters;
    this.killLine = parameters.killLine === null ? null : new KillLine(parameters.killLine);
  }

  async asyncInvoke(order: OrderRequest, future: ResultFuture<OrderOutcome>): Promise<void> {
    const { url, attemptMs } = this.parameters;
    // Looked at before every attempt: its trade may have been decided long before the switch was pressed.
    if (this.killLine?.isPressed === true) {
      const reason = 'The kill switch is on: the order is held back until it is re-armed.';
      return future.complete([{ id: order.id, state: 'timed-out', shares: null, reason }]);
    }
    try {
      future.complete([await placeOrder(url, order, attemptMs)]);
    } catch (error) {
      if (!(error instanceof GatewayUnreachableError)) throw error;
      future.complete([{ id: order.id, state: 'timed-out', shares: null, reason: error.message }]);
    }
  }

  override timeout({ id }: OrderRequest, future: ResultFuture<OrderOutcome>): void {
    const reason = `No answer within ${this.parameters.timeoutMs} ms; it may have been executed.`;
    future.complete([{ id, state: 'timed-out', shares: null, reason }]);
  }
}

class FindInstrument extends AsyncFunction<string, InstrumentFound> {
  private readonly parameters: RoutingParameters;

  constructor(parameters: RoutingParameters) {
    super();
    this.parameters = parameters;
  }

  async asyncInvoke(symbol: string, future: ResultFuture<InstrumentFound>): Promise<void> {
    const { url, attemptMs } = this.parameters;
    try {
      future.complete([await findInstrument(url, symbol, attemptMs)]);
    } catch (error) {
      if (!(error instanceof GatewayUnreachableError)) throw error;
      future.complete([{ kind: 'failed', symbol, problem: error.message }]);
    }
  }

  override timeout(symbol: string, future: ResultFuture<InstrumentFound>): void {
    const problem = `No answer within ${this.parameters.timeoutMs} ms.`;
    future.complete([{ kind: 'failed', symbol, problem }]);
  }
}

/**
 * Order routing, a job of its own behind the trades:
 *
 *   desk --- final trades ------ ask the gateway (unordered, retried) --- outcomes
 *     '----- symbols ----------- ask for reference data --------------- instruments
 */
export const routingJob = defineJob<RoutingParameters>((env, parameters) => {
  const { capacity, timeoutMs } = parameters;
  const backoff = {
    maxAttempts: RETRIES_MAX,
    initialMs: RETRY_INITIAL_MS,
    maxMs: RETRY_MAX_MS,
    multiplier: 2,
  };
  const orders = env
    .fromSource<OrderRequest>(() => new DeskReader(), WatermarkStrategy.noWatermarks(), 'desk')
    .uid('desk');
  AsyncDataStream.unorderedWaitWithRetry(orders, new RouteOrder(parameters), {
    capacity,
    timeoutMs,
    retry: exponentialBackoffRetry<OrderOutcome>(backoff, { ifResult: ([outcome]) => outcome.state === 'timed-out' }),
  })
    .name('route order')
    .uid(ORDERS_UID)
    .sinkTo(externalSink<OrderOutcome>('outcomes'));
  AsyncDataStream.unorderedWaitWithRetry(orders.getSideOutput(SYMBOLS), new FindInstrument(parameters), {
    timeoutMs,
    retry: exponentialBackoffRetry<InstrumentFound>(backoff, { ifResult: ([found]) => found.kind === 'failed' }),
  })
    .name('find instrument')
    .uid('find-instrument')
    .sinkTo(externalSink<InstrumentFound>('instruments'));
});
