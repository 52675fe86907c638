import type { MessagePort } from 'node:worker_threads';
import type { AsyncWaitWork } from '../api/async.ts';
import type { StreamNode } from '../api/stream-nodes.ts';
import { assert } from '../core/assert.ts';
import { nextTurn, repeatEvery } from '../core/machine.node.ts';
import { uidOf, type JobGraph } from '../graph/job-graph.ts';
import { AsyncCalls, type CallOutcome } from '../runtime/async/async-call.ts';
import { makeCall } from '../runtime/async/async-link.ts';
import { OperatorFailure } from '../runtime/operator-failure.ts';
import { ACTIVITY } from '../runtime/thread-control.ts';
import type { FromAsync, ToAsync } from './async-port.node.ts';
import type { ToWorker } from './worker-messages.ts';
import type { WorkerThread } from './worker.node.ts';

/** How often the thread says that its event loop turns. */
const BEAT_EVERY_MS = 100;

/**
 * The thread that makes the calls of a job's asynchronous functions: one event loop for all subtasks, which no record
 * ever runs on. Task threads send it what to ask and fetch what came of it.
 * @param buildGraph a new description of the job, whose functions are nobody else's: each subtask has functions of its own
 */
export async function runAsyncThread(
  worker: WorkerThread,
  fingerprint: string,
  buildGraph: () => JobGraph,
): Promise<void> {
  const { control, block, port } = worker;
  const desks = new Set<CallDesk>();
  let problem: { readonly error: unknown } | null = null;
  let wake: () => void = () => undefined;
  const fail = (error: unknown): void => {
    problem ??= { error };
    wake();
  };
  const ended = new Promise<void>((resolve) => {
    wake = resolve;
    port.on('message', (message: ToWorker) => {
      if (message.kind === 'attach')
        desks.add(
          new CallDesk(
            message.port as MessagePort,
            buildGraph(),
            () => control.wake(control.block(message.taskIndex)),
            fail,
          ),
        );
      else if (message.kind === 'stop') resolve();
    });
  });
  control.setActivity(block, ACTIVITY.running);
  const stopBeating = repeatEvery(BEAT_EVERY_MS, () => control.beat(block));
  worker.post({ kind: 'ready', fingerprint });
  try {
    await ended;
    if (problem !== null) throw (problem as { readonly error: unknown }).error;
  } finally {
    stopBeating();
    for (const desk of desks) desk.close();
  }
}

/** The functions of one subtask, and the way back to its task. */
class CallDesk {
  private readonly port: MessagePort;
  private readonly graph: JobGraph;
  private readonly wakeTask: () => void;
  private readonly calls = new Map<number, AsyncCalls>();
  private outcomes = new Map<number, CallOutcome[]>();
  private isClosed = false;

  constructor(port: MessagePort, graph: JobGraph, wakeTask: () => void, fail: (error: unknown) => void) {
    this.port = port;
    this.graph = graph;
    this.wakeTask = wakeTask;
    port.on('message', (message: ToAsync) => {
      try {
        this.take(message);
      } catch (error) {
        fail(error);
      }
    });
    // The task's thread is gone.
    port.on('close', () => {
      try {
        this.close();
      } catch (error) {
        fail(error);
      }
    });
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const [nodeId, calls] of this.calls) this.guarded(nodeId, () => calls.close());
    this.calls.clear();
    this.port.close();
  }

  private take(message: ToAsync): void {
    const { nodeId } = message;
    switch (message.kind) {
      case 'open': {
        const calls = new AsyncCalls(this.nodeOf(nodeId).work as AsyncWaitWork, (outcome) =>
          this.tell(nodeId, outcome),
        );
        this.calls.set(nodeId, calls);
        return this.guarded(nodeId, () => calls.open(message.context));
      }
      case 'requests': {
        const calls = this.calls.get(nodeId);
        assert(calls !== undefined, 'Calls are asked of a function that was opened.');
        for (const request of message.requests) makeCall(calls, request);
        return;
      }
      case 'close':
        this.guarded(nodeId, () => this.calls.get(nodeId)?.close());
        this.calls.delete(nodeId);
    }
  }

  /** Outcomes of one turn go together: a message to a sleeping thread costs more than most outcomes. */
  private tell(nodeId: number, outcome: CallOutcome): void {
    if (this.outcomes.size === 0) void nextTurn().then(() => this.flush());
    const told = this.outcomes.get(nodeId);
    if (told === undefined) this.outcomes.set(nodeId, [outcome]);
    else told.push(outcome);
  }

  private flush(): void {
    const { outcomes } = this;
    this.outcomes = new Map();
    for (const [nodeId, told] of outcomes) this.port.postMessage({ nodeId, outcomes: told } satisfies FromAsync);
    this.wakeTask();
  }

  private nodeOf(nodeId: number): StreamNode {
    return this.graph.nodes[nodeId];
  }

  private guarded(nodeId: number, act: () => void): void {
    try {
      act();
    } catch (error) {
      const { name } = this.nodeOf(nodeId);
      const uid = uidOf(this.nodeOf(nodeId));
      throw new OperatorFailure(
        { operatorName: name, uid, subtaskIndex: null, key: null, record: null, timerMs: null },
        error,
      );
    }
  }
}
