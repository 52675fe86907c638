import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import type { AsyncFunctionContext } from '../api/async.ts';
import type { CallOutcome } from '../runtime/async/async-call.ts';
import type { AsyncLink, CallRequest } from '../runtime/async/async-link.ts';

/** From a task thread to the thread that makes its calls. */
export type ToAsync =
  | { readonly kind: 'open'; readonly nodeId: number; readonly context: AsyncFunctionContext }
  | { readonly kind: 'requests'; readonly nodeId: number; readonly requests: readonly CallRequest[] }
  | { readonly kind: 'close'; readonly nodeId: number };

/** And back: outcomes, as many as there are when the calling thread turns. */
export interface FromAsync {
  readonly nodeId: number;
  readonly outcomes: readonly CallOutcome[];
}

/** A task thread's end of the port: it never waits, and fetches what has come between two batches. */
export class AsyncPort {
  private readonly port: MessagePort;
  private readonly links = new Map<number, PortAsyncLink>();

  constructor(port: MessagePort) {
    this.port = port;
  }

  linkOf(nodeId: number): AsyncLink {
    const link = new PortAsyncLink(this, nodeId);
    this.links.set(nodeId, link);
    return link;
  }

  send(message: ToAsync): void {
    this.port.postMessage(message);
  }

  receive(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.port) as { message: FromAsync } | undefined;
      if (received === undefined) return;
      const { nodeId, outcomes } = received.message;
      this.links.get(nodeId)?.outcomes.push(...outcomes);
    }
  }

  close(): void {
    this.port.close();
  }
}

class PortAsyncLink implements AsyncLink {
  readonly outcomes: CallOutcome[] = [];
  private readonly port: AsyncPort;
  private readonly nodeId: number;
  private requests: CallRequest[] = [];
  /** Outcomes taken of those that are here. */
  private taken = 0;

  constructor(port: AsyncPort, nodeId: number) {
    this.port = port;
    this.nodeId = nodeId;
  }

  open(context: AsyncFunctionContext): void {
    this.port.send({ kind: 'open', nodeId: this.nodeId, context });
  }

  request(request: CallRequest): void {
    this.requests.push(request);
  }

  flush(): void {
    if (this.requests.length === 0) return;
    this.port.send({ kind: 'requests', nodeId: this.nodeId, requests: this.requests });
    this.requests = [];
  }

  take(): CallOutcome | undefined {
    if (this.taken === this.outcomes.length) {
      this.taken = 0;
      this.outcomes.length = 0;
      this.port.receive();
    }
    const outcome = this.outcomes.at(this.taken);
    if (outcome !== undefined) this.taken += 1;
    return outcome;
  }

  close(): void {
    this.port.send({ kind: 'close', nodeId: this.nodeId });
  }
}
