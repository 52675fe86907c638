import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { nextTurn, repeatEvery, startMachineTimer, waitMs } from '../../core/machine.node.ts';
import type { FeedPlayer, FeedSender } from './feed-player.ts';

/** What clients may send: a subscription is a line, not a book. */
const CLIENT_MESSAGE_BYTES_MAX = 65_536;
const CONNECTIONS_MAX = 50;
const CLIENT_MESSAGES_PER_SECOND_MAX = 20;
/** A reader that is this far behind is cut off: it would fill the memory. */
const BUFFERED_BYTES_MAX = 8 * 1_048_576;
/** At full speed the slowest reader sets the pace; above this the server waits for it. */
const FULL_SPEED_BUFFERED_BYTES = 1_048_576;
const PING_EVERY_MS = 15_000;
const REQUEST_MS_MAX = 10_000;
/** Messages between two turns of the event loop, where sockets are written. */
const MESSAGES_PER_TURN = 512;
const CLOSED_END = 1000;
const CLOSED_POLICY = 1008;

export interface FeedServerOptions {
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
  readonly player: FeedPlayer;
  /** Wait for slow readers instead of dropping them (speed `max`). */
  readonly waitsForReaders: boolean;
  readonly onClient?: (count: number) => void;
}

interface Client {
  readonly socket: WebSocket;
  isAlive: boolean;
  messagesThisSecond: number;
}

/**
 * Serves one session as a live feed to any number of WebSocket clients: all get the same messages from where they join.
 * Playing begins with the first client. Meant for this machine: a page in a browser is refused by its Origin, and a
 * name that only resolves here (DNS rebinding) by its Host. No compression, small messages in, slow readers cut off.
 */
export class FeedServer implements FeedSender {
  readonly #options: FeedServerOptions;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #clients = new Set<Client>();
  readonly #stopPings: () => void;
  readonly #stopSeconds: () => void;
  #isClosed = false;
  #wakeFirst: () => void = () => undefined;

  private constructor(options: FeedServerOptions) {
    this.#options = options;
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: CLIENT_MESSAGE_BYTES_MAX,
      perMessageDeflate: false,
    });
    this.#http = createServer((_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', connection: 'close' }).end('This is a WebSocket feed.\n');
    });
    this.#http.requestTimeout = REQUEST_MS_MAX;
    this.#http.headersTimeout = REQUEST_MS_MAX;
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#stopPings = repeatEvery(PING_EVERY_MS, () => this.#pingAll());
    this.#stopSeconds = repeatEvery(1000, () => {
      for (const client of this.#clients) client.messagesThisSecond = 0;
    });
  }

  /** @throws the system's error when the port is taken */
  static async listen(options: FeedServerOptions): Promise<FeedServer> {
    const server = new FeedServer(options);
    try {
      await new Promise<void>((resolve, reject) => {
        server.#http.once('error', reject);
        server.#http.listen(options.port, options.host, () => resolve());
      });
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  get url(): string {
    const { address, port, family } = this.#http.address() as AddressInfo;
    return `ws://${family === 'IPv6' ? `[${address}]` : address}:${port}/`;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Plays until the session ends or the server is closed. @throws InputError when an input cannot be read to its end */
  async run(): Promise<void> {
    const { player } = this.#options;
    while (this.#clients.size === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wakeFirst = resolve;
      });
    }
    while (!this.#isClosed) {
      const play = player.play(this, MESSAGES_PER_TURN);
      if (play.kind === 'ended') break;
      if (play.kind === 'waiting') await player.whenReady();
      else if (play.waitMs >= 1) await this.#pause(play.waitMs);
      else await nextTurn();
      if (this.#options.waitsForReaders) await this.#waitForReaders();
      else this.#dropSlowReaders();
    }
  }

  send(message: string): void {
    for (const { socket } of this.#clients) socket.send(message);
  }

  cut(): void {
    for (const { socket } of this.#clients) socket.terminate();
  }

  /** Says good-bye to every client; may run twice. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#wakeFirst();
    this.#stopPings();
    this.#stopSeconds();
    const gone = [...this.#clients].map(
      ({ socket }) =>
        new Promise<void>((resolve) => {
          socket.once('close', () => resolve());
          socket.close(CLOSED_END, 'the session is over');
        }),
    );
    await Promise.race([Promise.all(gone), waitMs(1000)]);
    for (const { socket } of this.#clients) socket.terminate();
    this.#sockets.close();
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusal(request);
    if (refusal !== null) {
      socket.on('error', () => socket.destroy());
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#welcome(webSocket));
  }

  #refusal(request: IncomingMessage): string | null {
    if (this.#clients.size >= CONNECTIONS_MAX) return '503 Service Unavailable';
    const { port } = this.#http.address() as AddressInfo;
    const hosts = ['127.0.0.1', 'localhost', '[::1]', this.#options.host].map((host) => `${host}:${port}`);
    if (!hosts.includes(request.headers.host ?? '')) return '421 Misdirected Request';
    // Only browsers send it, and no page has business here.
    if (request.headers.origin !== undefined) return '403 Forbidden';
    return null;
  }

  #welcome(socket: WebSocket): void {
    const client: Client = { socket, isAlive: true, messagesThisSecond: 0 };
    this.#clients.add(client);
    socket.on('error', () => socket.terminate());
    socket.on('pong', () => {
      client.isAlive = true;
    });
    socket.on('message', () => {
      // A subscription: everybody gets everything.
      client.messagesThisSecond += 1;
      if (client.messagesThisSecond > CLIENT_MESSAGES_PER_SECOND_MAX) socket.close(CLOSED_POLICY, 'too many messages');
    });
    socket.on('close', () => {
      this.#clients.delete(client);
      this.#options.onClient?.(this.#clients.size);
    });
    this.#options.onClient?.(this.#clients.size);
    this.#wakeFirst();
  }

  #pingAll(): void {
    for (const client of this.#clients) {
      if (!client.isAlive) {
        client.socket.terminate();
        continue;
      }
      client.isAlive = false;
      client.socket.ping();
    }
  }

  async #waitForReaders(): Promise<void> {
    while (
      [...this.#clients].some(({ socket }) => socket.bufferedAmount > FULL_SPEED_BUFFERED_BYTES) &&
      !this.#isClosed
    )
      await waitMs(1);
    // A feed that nobody hears would be over before anybody comes back.
    while (this.#clients.size === 0 && !this.#isClosed) await waitMs(10);
  }

  #dropSlowReaders(): void {
    for (const { socket } of this.#clients) if (socket.bufferedAmount > BUFFERED_BYTES_MAX) socket.terminate();
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      startMachineTimer(Math.min(delayMs, 250), resolve);
    });
  }
}
