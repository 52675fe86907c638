import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OrderRequest } from '../../contract/orders.ts';
import { waitMs } from '../../core/machine.node.ts';
import { answerJson, LOCAL_HOST, readJson, strangerRefusal, type HttpAnswer } from '../http/local-http.node.ts';
import { keyOf, OrderLedger } from './order-ledger.node.ts';
import { simulatedInstrument } from './simulated-instruments.ts';
import { SimulatedVenue, type VenueBehaviour } from './simulated-venue.ts';

const REQUEST_MS_MAX = 10_000;
const BODY_BYTES_MAX = 16_384;
const CONNECTIONS_MAX = 256;
const TEXT_MAX = 200;
/** Attempts that are remembered per order or symbol, so that errors pass; older ones are forgotten. */
const ATTEMPTS_KEPT_MAX = 100_000;

export interface GatewayOptions {
  /** 0: one that is free. */
  readonly port: number;
  readonly behaviour: VenueBehaviour;
  /** File of what was executed; null: it is forgotten with the process. */
  readonly ledger: string | null;
}

export interface GatewayCounts {
  readonly requests: number;
  /** Executed or rejected, each id once. */
  readonly orders: number;
  /** Answered again, from the ledger. */
  readonly repeats: number;
}

const BAD_ORDER: HttpAnswer = {
  status: 400,
  body: { problem: 'An order is JSON: {"id", "session", "symbol", "side": "sell", "shares", "price"}, all text.' },
};
const NOT_HERE: HttpAnswer = {
  status: 404,
  body: { problem: 'There is: POST /orders, GET /orders/SESSION/ID, GET /instruments/SYMBOL.' },
};

/**
 * A simulated execution gateway with reference data, over HTTP on this machine: orders in, answers out, with latency,
 * errors, partial fills, rejections and hangs as configured. An order id is executed once; asked again, it gets the first
 * answer, also after the gateway was killed (with a ledger file).
 */
export class GatewayServer {
  readonly #http: Server;
  readonly #venue: SimulatedVenue;
  readonly #ledger: OrderLedger;
  readonly #attempts = new Map<string, number>();
  #requests = 0;
  #repeats = 0;

  private constructor({ behaviour, ledger }: GatewayOptions) {
    this.#venue = new SimulatedVenue(behaviour);
    this.#ledger = new OrderLedger(ledger);
    this.#http = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#http.requestTimeout = REQUEST_MS_MAX;
    this.#http.headersTimeout = REQUEST_MS_MAX;
    this.#http.maxConnections = CONNECTIONS_MAX;
  }

  /** @throws the system's error when the port is taken or the ledger cannot be opened */
  static async listen(options: GatewayOptions): Promise<GatewayServer> {
    const server = new GatewayServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#http.once('error', reject);
      server.#http.listen(options.port, LOCAL_HOST, () => resolve());
    });
    return server;
  }

  get #port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://${LOCAL_HOST}:${this.#port}`;
  }

  get counts(): GatewayCounts {
    return { requests: this.#requests, orders: this.#ledger.size, repeats: this.#repeats };
  }

  async close(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
    });
    this.#ledger.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#requests += 1;
    const refusal = strangerRefusal(request, this.#port);
    if (refusal !== null) return answerJson(response, { status: refusal.status, body: { problem: refusal.message } });
    const path = (request.url ?? '').split('?')[0].split('/').slice(1).map(decoded);
    if (request.method === 'POST' && path.length === 1 && path[0] === 'orders') return this.#order(request, response);
    if (request.method !== 'GET') return answerJson(response, NOT_HERE);
    if (path.length === 3 && path[0] === 'orders') {
      const entry = this.#ledger.find({ session: path[1], id: path[2] });
      return answerJson(
        response,
        entry === null ? { status: 404, body: { problem: 'There is no such order.' } } : { status: 200, body: entry },
      );
    }
    if (path.length === 2 && path[0] === 'instruments') return this.#instrument(path[1], response);
    answerJson(response, NOT_HERE);
  }

  async #order(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!(request.headers['content-type'] ?? '').startsWith('application/json')) return answerJson(response, BAD_ORDER);
    const order = orderOf(await readJson(request, BODY_BYTES_MAX));
    if (order === null) return answerJson(response, BAD_ORDER);
    const key = keyOf(order);
    const attempt = this.#nextAttempt(key);
    await waitMs(this.#venue.latencyMs(key, attempt));
    if (this.#venue.fails(key, attempt))
      return answerJson(response, { status: 503, body: { problem: 'The venue is not reachable at the moment.' } });
    const known = this.#ledger.find(order);
    if (known !== null) {
      this.#repeats += 1;
      if (!isSame(known.order, order))
        return answerJson(response, { status: 409, body: { problem: 'This id was used for another order.' } });
      return answerJson(response, { status: 200, body: { id: order.id, ...known.answer } });
    }
    const answer = this.#venue.execute(order);
    this.#ledger.add({ order, answer });
    // Executed; whoever asked has to ask again to hear of it.
    if (this.#venue.hangs(key)) return;
    answerJson(response, { status: 200, body: { id: order.id, ...answer } });
  }

  async #instrument(symbol: string, response: ServerResponse): Promise<void> {
    const key = `instrument ${symbol}`;
    const attempt = this.#nextAttempt(key);
    await waitMs(this.#venue.latencyMs(key, attempt));
    if (this.#venue.fails(key, attempt))
      return answerJson(response, { status: 503, body: { problem: 'Reference data is not reachable at the moment.' } });
    const found = simulatedInstrument(symbol);
    answerJson(
      response,
      found === null
        ? { status: 404, body: { problem: `There is no symbol ${symbol}.` } }
        : { status: 200, body: found },
    );
  }

  #nextAttempt(key: string): number {
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    this.#attempts.delete(key);
    this.#attempts.set(key, attempt);
    if (this.#attempts.size > ATTEMPTS_KEPT_MAX)
      for (const oldest of this.#attempts.keys()) {
        this.#attempts.delete(oldest);
        break;
      }
    return attempt;
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // What cannot be decoded names nothing.
    return '';
  }
}

function orderOf(body: unknown): OrderRequest | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return null;
  const { id, session, symbol, side, shares, price, ...more } = body as Record<string, unknown>;
  const texts = [id, session, symbol, shares, price];
  if (Object.keys(more).length > 0 || side !== 'sell') return null;
  if (texts.some((text) => typeof text !== 'string' || text === '' || text.length > TEXT_MAX)) return null;
  const [idText, sessionText, symbolText, sharesText, priceText] = texts as string[];
  return { id: idText, session: sessionText, symbol: symbolText, side, shares: sharesText, price: priceText };
}

function isSame(left: OrderRequest, right: OrderRequest): boolean {
  return left.symbol === right.symbol && left.shares === right.shares && left.price === right.price;
}
