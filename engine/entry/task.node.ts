import type { JobGraph } from '../graph/job-graph.ts';
import type { PhysicalPlan } from '../runtime/exchange/physical-plan.ts';
import type { StateAnswer } from '../runtime/query/state-question.ts';
import { StreamTask } from '../runtime/task/stream-task.ts';
import { rehearseAhead, structsOf, TaskRehearsal } from '../runtime/task/task-rehearsal.ts';
import { ACTIVITY } from '../runtime/thread-control.ts';
import type { ToWorker } from './worker-messages.ts';
import type { WorkerThread } from './worker.node.ts';

/**
 * The loop of a task thread. It never returns to its event loop: it works, and sleeps on its bell when there is nothing
 * to do. Records, timers and mail are all handled here, one after the other. When all records are through it stays for
 * the barriers of checkpoints and for questions, until the job has ended.
 */
export function runTaskThread(worker: WorkerThread, graph: JobGraph, plan: PhysicalPlan, index: number): void {
  const { control, block } = worker;
  let task = new StreamTask(graph, plan, index, worker.host());
  let rehearsal: TaskRehearsal | null = null;
  worker.drainFrom = (level) => task.drainFrom(level);
  let hasTold = false;
  const runs = (): boolean => {
    const status = task.runBatch();
    return (
      status === 'progress' ||
      (task.isThrough && !hasTold) ||
      worker.isStopped ||
      worker.order !== null ||
      worker.isToRehearse ||
      worker.isToNarrow ||
      control.isAborted
    );
  };
  try {
    if (!start(worker, task, graph)) return;
    for (let status = task.runBatch(); !control.isAborted; status = task.runBatch()) {
      control.beat(block);
      control.setProgress(block, task.recordsIn, task.watermarkMs);
      if (worker.isToRehearse) {
        rehearsal ??= new TaskRehearsal(task);
        if (rehearsal.turn()) rehearsalOver(worker);
        continue;
      }
      if (worker.isToNarrow) narrow(worker, task);
      if (worker.order?.kind === 'move') {
        task = moved(worker, task, graph, index, worker.order);
        continue;
      }
      if (worker.isStopped && (task.isHandedOver || task.isThrough)) return;
      if (task.isThrough && !hasTold) {
        hasTold = true;
        worker.post({ kind: 'finished' });
      }
      if (status === 'progress') continue;
      worker.sleepUnless(runs);
    }
  } finally {
    task.close();
  }
}

/** Opens the task; a spare one waits for its state first. @returns false when it was told to end before it began */
function start(worker: WorkerThread, task: StreamTask, graph: JobGraph): boolean {
  const { control, block } = worker;
  if (worker.start.restore !== null) task.restore(worker.start.restore.operators);
  if (worker.start.isSpare) {
    rehearseAhead(task, worker.start.structs, () => control.beat(block));
    worker.post({ kind: 'ready', fingerprint: graph.fingerprint });
    const isTold = (): boolean => {
      if (worker.mailbox.hasMail()) refuseMail(worker);
      return worker.order !== null || worker.isStopped || control.isAborted;
    };
    while (!isTold()) worker.sleepUnless(isTold);
    if (worker.order?.kind !== 'take-over') return false;
    task.takeOver(worker.order.taken);
    worker.order = null;
  }
  task.open();
  if (worker.start.hasCheckpoints) task.rehearseSnapshots();
  control.setActivity(block, ACTIVITY.running);
  worker.post(
    worker.start.isSpare
      ? { kind: 'moved' }
      : { kind: 'ready', fingerprint: graph.fingerprint, structs: structsOf(task) },
  );
  return true;
}

/** Told once what was under way before is read; until then the task works, and is asked again. */
function narrow(worker: WorkerThread, task: StreamTask): void {
  task.outputs.narrow();
  if (!task.outputs.isNarrow) return;
  worker.isToNarrow = false;
  worker.post({ kind: 'narrowed' });
}

function rehearsalOver(worker: WorkerThread): void {
  worker.isToRehearse = false;
  worker.post({ kind: 'rehearsed' });
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

/** Nobody is here to answer yet. */
function refuseMail({ mailbox }: WorkerThread): void {
  const problem = 'The task is being started.';
  for (let mail = mailbox.take(); mail !== undefined; mail = mailbox.take()) {
    const { id } = mail;
    const answer: StateAnswer = { kind: 'refused', reason: 'not-served', problem };
    mailbox.answer(mail.kind === 'question' ? { kind: 'answer', id, answer } : { kind: 'refusal', id, problem });
  }
}
