import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import * as z from 'zod';
import { repeatEvery } from '../../core/machine.node.ts';
import { KEYS_ASKED_MAX, type QueryableStateClient } from '../../runtime/query/queryable-state-client.ts';
import { StateQueryError } from '../../runtime/query/state-query-error.ts';
import type { StateSubscription } from '../../runtime/query/state-subscription.ts';
import { jsonOf } from './plain-json.ts';

const MESSAGE_BYTES_MAX = 1_048_576;
const SOCKETS_MAX = 50;
const MESSAGES_PER_SECOND_MAX = 20;
const SUBSCRIPTIONS_MAX = 20;
/** A reader that is this far behind is told less often; one that is further is cut off. */
const SLOW_BYTES = 262_144;
const BUFFERED_BYTES_MAX = 8 * 1_048_576;
const PING_EVERY_MS = 15_000;
const CLOSED_AWAY = 1001;
const CLOSED_POLICY = 1008;

/** All that can be said here; none of it changes anything but what is pushed. */
const MESSAGE = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('subscribe'),
    id: z.int().min(0).max(1_000_000),
    job: z.string().max(200),
    state: z.string().max(200),
    keys: z
      .array(z.union([z.string().max(1_000), z.number(), z.boolean()]))
      .min(1)
      .max(KEYS_ASKED_MAX),
    everyMs: z.number().min(50).max(3_600_000).default(100),
  }),
  z.strictObject({ kind: z.literal('unsubscribe'), id: z.int() }),
]);

interface Reader {
  readonly socket: WebSocket;
  readonly subscriptions: Map<number, StateSubscription>;
  isAlive: boolean;
  messagesThisSecond: number;
}

/** Programs that are told of changes. The server has looked at who they are before they come here. */
export class PushSockets {
  readonly #client: QueryableStateClient;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES_MAX, perMessageDeflate: false });
  readonly #readers = new Set<Reader>();
  readonly #stops: readonly (() => void)[];

  constructor(client: QueryableStateClient) {
    this.#client = client;
    this.#stops = [
      repeatEvery(PING_EVERY_MS, () => this.#pingAll()),
      repeatEvery(1_000, () => {
        for (const reader of this.#readers) reader.messagesThisSecond = 0;
      }),
    ];
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#readers.size >= SOCKETS_MAX) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#welcome(webSocket));
  }

  close(): void {
    for (const stop of this.#stops) stop();
    for (const reader of this.#readers) {
      this.#forget(reader);
      reader.socket.close(CLOSED_AWAY, 'the server ends');
      reader.socket.terminate();
    }
    this.#sockets.close();
  }

  #welcome(socket: WebSocket): void {
    const reader: Reader = { socket, subscriptions: new Map(), isAlive: true, messagesThisSecond: 0 };
    this.#readers.add(reader);
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#forget(reader));
    socket.on('pong', () => {
      reader.isAlive = true;
    });
    socket.on('message', (data, isBinary) => {
      reader.messagesThisSecond += 1;
      if (reader.messagesThisSecond > MESSAGES_PER_SECOND_MAX || isBinary)
        return socket.close(CLOSED_POLICY, isBinary ? 'text only' : 'too many messages');
      this.#take(reader, data);
    });
  }

  #take(reader: Reader, data: RawData): void {
    const message = messageOf(data);
    if (message === null) {
      const problem = 'A message is a subscription or the end of one; see /v1/openapi.json.';
      return this.#tellProblem(reader, null, new StateQueryError('bad-question', problem));
    }
    const { id } = message;
    reader.subscriptions.get(id)?.dispose();
    reader.subscriptions.delete(id);
    if (message.kind === 'unsubscribe') return;
    if (reader.subscriptions.size >= SUBSCRIPTIONS_MAX) {
      const problem = `One connection has ${SUBSCRIPTIONS_MAX} subscriptions at most.`;
      return this.#tellProblem(reader, id, new StateQueryError('bad-question', problem));
    }
    const { job, state, keys, everyMs } = message;
    const subscription = this.#client.subscribe({
      jobId: job,
      name: state,
      keys,
      everyMs,
      isSlow: () => reader.socket.bufferedAmount > SLOW_BYTES,
      onChange: (changes) => this.#send(reader, { kind: 'changes', id, changes }),
      onProblem: (error) => this.#tellProblem(reader, id, error),
    });
    reader.subscriptions.set(id, subscription);
  }

  #tellProblem(reader: Reader, id: number | null, { reason, message }: StateQueryError): void {
    this.#send(reader, { kind: 'problem', id, error: { code: reason, message } });
  }

  #send({ socket }: Reader, message: unknown): void {
    if (socket.bufferedAmount > BUFFERED_BYTES_MAX) return socket.terminate();
    socket.send(JSON.stringify(jsonOf(message)));
  }

  #forget(reader: Reader): void {
    for (const subscription of reader.subscriptions.values()) subscription.dispose();
    reader.subscriptions.clear();
    this.#readers.delete(reader);
  }

  #pingAll(): void {
    for (const reader of this.#readers) {
      if (!reader.isAlive) {
        reader.socket.terminate();
        continue;
      }
      reader.isAlive = false;
      reader.socket.ping();
    }
  }
}

function messageOf(data: RawData): z.infer<typeof MESSAGE> | null {
  try {
    return MESSAGE.safeParse(JSON.parse((data as Buffer).toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}
