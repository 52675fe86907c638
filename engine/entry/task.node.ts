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
  const task = new StreamTask(graph, plan, index, worker.host());
  worker.drainFrom = (level) => task.drainFrom(level);
  try {
    if (worker.start.restore !== null) task.restore(worker.start.restore.operators);
    task.open();
    control.setActivity(block, ACTIVITY.running);
    worker.post({ kind: 'ready', fingerprint: graph.fingerprint });
    const runs = (): boolean => {
      const status = task.runBatch();
      return status === 'progress' || status === 'finished' || control.isAborted;
    };
    for (let status = task.runBatch(); status !== 'finished' && !control.isAborted; status = task.runBatch()) {
      control.beat(block);
      control.setProgress(block, task.recordsIn, task.watermarkMs);
      if (status === 'progress') continue;
      worker.sleepUnless(runs, (ms) => control.addIdleMs(block, ms));
    }
    control.setProgress(block, task.recordsIn, task.watermarkMs);
    if (worker.start.lingers && !control.isAborted) linger(worker, task);
  } finally {
    task.close();
  }
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
    else if (received === undefined)
      worker.sleepUnless(
        () => worker.mailbox.hasMail(),
        () => undefined,
      );
  }
}
