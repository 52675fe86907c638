import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { answerText, LOCAL_HOST, strangerRefusal, type Refusal } from '../../connectors/http/local-http.node.ts';
import type { QueryableStateClient } from '../../runtime/query/queryable-state-client.ts';
import { StateQueryError, type StateQueryReason } from '../../runtime/query/state-query-error.ts';
import { openApiOf } from './openapi.ts';
import { csvOf, jsonOf } from './plain-json.ts';
import { PushSockets } from './push-sockets.node.ts';
import { TokenCheck } from './query-token.node.ts';
import { checkQuery, RequestError, type ProgramInfo, type Route } from './route.ts';
import { ROUTES } from './routes.ts';

const CONNECTIONS_MAX = 50;
const REQUEST_MS_MAX = 10_000;
const KEEP_ALIVE_MS = 5_000;
const HEADER_BYTES_MAX = 16_384;
const PUSH_PATH = '/v1/push';

const STATUS: Readonly<Record<StateQueryReason, number>> = {
  'unknown-job': 404,
  'unknown-state': 404,
  'no-state': 404,
  'unknown-checkpoint': 404,
  'bad-question': 400,
  'not-started': 503,
  'not-served': 503,
  busy: 503,
  failed: 500,
  ended: 410,
};

export interface QueryServerOptions {
  /** 0: one that is free. */
  readonly port: number;
  readonly token: string;
  readonly client: QueryableStateClient;
  readonly program: ProgramInfo;
}

/**
 * Serves what QueryableStateClient can ask over HTTP and WebSocket, on this machine alone. Whoever asks shows the token;
 * a name that only resolves here (DNS rebinding) is refused by its Host, a page in a browser by its Origin. It reads and
 * nothing else: the table of routes has no verb that writes.
 */
export class QueryServer {
  readonly #options: QueryServerOptions;
  readonly #http: Server;
  readonly #token: TokenCheck;
  readonly #pushes: PushSockets;
  readonly #routes: readonly Route[];
  #isClosed = false;

  private constructor(options: QueryServerOptions) {
    this.#options = options;
    this.#token = new TokenCheck(options.token);
    this.#pushes = new PushSockets(options.client);
    this.#routes = ROUTES;
    this.#http = createServer(
      { maxHeaderSize: HEADER_BYTES_MAX },
      (request, response) => void this.#answer(request, response),
    );
    this.#http.maxConnections = CONNECTIONS_MAX;
    this.#http.requestTimeout = REQUEST_MS_MAX;
    this.#http.headersTimeout = REQUEST_MS_MAX;
    this.#http.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** @throws the system's error when the port is taken */
  static async listen(options: QueryServerOptions): Promise<QueryServer> {
    const server = new QueryServer(options);
    try {
      await new Promise<void>((resolve, reject) => {
        server.#http.once('error', reject);
        server.#http.listen(options.port, LOCAL_HOST, () => resolve());
      });
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `http://${LOCAL_HOST}:${this.#port}`;
  }

  /** May run twice. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pushes.close();
    this.#http.closeAllConnections();
    if (!this.#http.listening) return;
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
    });
  }

  get #port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  #refusal(request: IncomingMessage): Refusal | null {
    const stranger = strangerRefusal(request, this.#port);
    if (stranger !== null) return stranger;
    const { headers, method } = request;
    if (!this.#token.accepts(headers.authorization))
      return { status: 401, code: 'unauthorized', message: 'Send the token: Authorization: Bearer <token>.' };
    if (method !== 'GET' && method !== 'HEAD')
      return { status: 405, code: 'read-only', message: 'State can be read and not changed: GET or HEAD.' };
    return null;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => response.destroy());
    const refusal = this.#refusal(request);
    if (refusal !== null) return this.#refuse(response, refusal);
    try {
      await this.#serve(request, response);
    } catch (error) {
      this.#refuse(response, refusalOf(error));
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // As it was sent: nothing is resolved, so that only a path of the table is one.
    const [pathname, question = ''] = (request.url ?? '').split(/\?(.*)/s);
    const searchParams = new URLSearchParams(question);
    const { client, program } = this.#options;
    if (pathname === '/v1/openapi.json')
      return send(response, 200, 'application/json', openApiText(this.#routes, program));
    const found = match(this.#routes, pathname);
    if (found === null) throw new NoSuchPath(`There is nothing at ${pathname}; see /v1/openapi.json.`);
    const query = new Map([...new Set(searchParams.keys())].map((name) => [name, searchParams.getAll(name)] as const));
    checkQuery(found.route, query);
    const body = await found.route.handle({ path: found.path, query, client, program });
    const { text } = found.route;
    if (text !== undefined) return send(response, 200, text.type, text.of(body));
    const wantsCsv =
      query.get('format')?.[0] === 'csv' || (request.headers.accept ?? '').split(',')[0].trim() === 'text/csv';
    if (!wantsCsv) return send(response, 200, 'application/json', JSON.stringify(jsonOf(body)));
    if (found.route.rows === undefined) throw new RequestError('This has no rows for a spreadsheet; ask for JSON.');
    send(response, 200, 'text/csv; charset=utf-8', csvOf(found.route.rows(body)));
  }

  #refuse(response: ServerResponse, { status, code, message }: Refusal): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (status === 401) response.setHeader('www-authenticate', 'Bearer');
    if (status === 405) response.setHeader('allow', 'GET, HEAD');
    send(response, status, 'application/json', JSON.stringify({ error: { code, message } }));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const isPush = (request.url ?? '').split('?')[0] === PUSH_PATH;
    const refusal = this.#refusal(request) ?? (isPush ? null : { status: 404, code: '', message: '' });
    if (refusal === null) return this.#pushes.upgrade(request, socket, head);
    socket.on('error', () => socket.destroy());
    socket.end(`HTTP/1.1 ${refusal.status} ${refusal.code}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
}

class NoSuchPath extends Error {}

function refusalOf(error: unknown): Refusal {
  const { message } = error as Error;
  if (error instanceof StateQueryError) return { status: STATUS[error.reason], code: error.reason, message };
  if (error instanceof RequestError) return { status: 400, code: 'bad-request', message };
  if (error instanceof NoSuchPath) return { status: 404, code: 'unknown-path', message };
  // A path that is no text, such as %ff: the sender's mistake as well.
  if (error instanceof URIError || error instanceof TypeError) return { status: 400, code: 'bad-request', message };
  return { status: 500, code: 'failed', message };
}

function openApiText(routes: readonly Route[], { version }: ProgramInfo): string {
  return JSON.stringify(openApiOf(routes, version));
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  // A request may have brought a body that nobody reads.
  if (status >= 400) response.setHeader('connection', 'close');
  answerText(response, status, type, text);
}

function match(
  routes: readonly Route[],
  pathname: string,
): { readonly route: Route; readonly path: Readonly<Record<string, string>> } | null {
  const parts = pathname.split('/');
  for (const route of routes) {
    const wanted = route.path.split('/');
    if (wanted.length !== parts.length) continue;
    if (!wanted.every((part, place) => part.startsWith('{') || part === parts[place])) continue;
    const names = wanted.flatMap((part, place) =>
      part.startsWith('{') ? [[part.slice(1, -1), decodeURIComponent(parts[place])] as const] : [],
    );
    if (names.every(([, value]) => value !== '')) return { route, path: Object.fromEntries(names) };
  }
  return null;
}
