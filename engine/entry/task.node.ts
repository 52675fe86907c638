import { receiveMessageOnPort } from 'node:worker_threads';
import type { JobGraph } from '../graph/job-graph.ts';
import type { PhysicalPlan } from '../runtime/exchange/physical-plan.ts';
import { StreamTask } from '../runtime/task/stream-task.ts';
import { ACTIVITY } from '../runtime/thread-control.ts';
import type { ToWorker } from './worker-messages.ts';
import type { WorkerThread } from './worker.node.ts';

/**
 * The loop of a task thread. It never returns to its event loop: it works, and sleeps on its bell when there is nothing
 * to do. Records, timers and mail are all handled here, one after the other.
 */
export function runTaskThread(worker: WorkerThread, graph: JobGraph, plan: PhysicalPlan, index: number): void {
  const { control, block } = worker;
  let task = new StreamTask(graph, plan, index, worker.host());
  worker.drainFrom = (level) => task.drainFrom(level);
  const runs = (): boolean => {
    const status = task.runBatch();
    return status === 'progress' || status === 'finished' || worker.order !== null || control.isAborted;
  };
  try {
    if (!start(worker, task, graph)) return;
    for (let status = task.runBatch(); status !== 'finished' && !control.isAborted; status = task.runBatch()) {
      control.beat(block);
      control.setProgress(block, task.recordsIn, task.watermarkMs);
      if (worker.order?.kind === 'move') {
        task = moved(worker, task, graph, index, worker.order);
        continue;
      }
      if (task.isHandedOver && worker.isStopped) return;
      if (status === 'progress') continue;
      worker.sleepUnless(runs);
    }
    control.setProgress(block, task.recordsIn, task.watermarkMs);
    if (worker.start.lingers && !control.isAborted) linger(worker, task);
  } finally {
    task.close();
  }
}

/** Opens the task; a spare one waits for its state first. @returns false when it was told to end before it began */
function start(worker: WorkerThread, task: StreamTask, graph: JobGraph): boolean {
  const { control, block } = worker;
  if (worker.start.restore !== null) task.restore(worker.start.restore.operators);
  if (worker.start.isSpare) {
    worker.post({ kind: 'ready', fingerprint: graph.fingerprint });
    const isTold = (): boolean => {
      if (worker.mailbox.hasMail()) worker.mailbox.take();
      return worker.order !== null || worker.isStopped || control.isAborted;
    };
    while (!isTold()) worker.sleepUnless(isTold);
    if (worker.order?.kind !== 'take-over') return false;
    task.restore(worker.order.taken);
    worker.order = null;
  }
  task.open();
  control.setActivity(block, ACTIVITY.running);
  worker.post(worker.start.isSpare ? { kind: 'moved' } : { kind: 'ready', fingerprint: graph.fingerprint });
  return true;
}

/** The task goes on with another parallelism: its operators move into new surroundings. */
function moved(
  worker: WorkerThread,
  before: StreamTask,
  graph: JobGraph,
  index: number,
  order: Extract<ToWorker, { kind: 'move' }>,
): StreamTask {
  worker.order = null;
  const next = worker.move(graph, order.to);
  const task = new StreamTask(next.graph, next.plan, index, worker.host(), { task: before, taken: order.taken });
  worker.post({ kind: 'moved' });
  return task;
}

/** All records are through; questions about what came of them are still answered. */
function linger(worker: WorkerThread, task: StreamTask): void {
  const { control, block } = worker;
  worker.post({ kind: 'finished' });
  while (!worker.isStopped && !control.isAborted) {
    control.beat(block);
    const received = receiveMessageOnPort(worker.port) as { message: ToWorker } | undefined;
    if (received?.message.kind === 'mail') worker.mailbox.answer(task.answer(received.message.mail));
    else if (received?.message.kind === 'stop') worker.isStopped = true;
    else if (received === undefined) worker.sleepUnless(() => worker.mailbox.hasMail());
  }
}
