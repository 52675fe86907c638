import { hangForEver, machineClock, nextTurn, startMachineTimer } from '../core/machine.node.ts';
import type { JobGraph } from '../graph/job-graph.ts';
import type { PhysicalPlan } from '../runtime/exchange/physical-plan.ts';
import { SourceTask } from '../runtime/task/source-task.ts';
import type { TaskStatus } from '../runtime/task/task.ts';
import { ACTIVITY, WAIT } from '../runtime/thread-control.ts';
import type { ToWorker } from './worker-messages.ts';
import type { WorkerThread } from './worker.node.ts';

/** Batches between two turns of the event loop, where files are read and messages come in. */
const BATCHES_PER_TURN = 4;

/** What the coordinator asks of the sources, between two batches. */
function takeMessage(worker: WorkerThread, task: SourceTask, graph: JobGraph, message: ToWorker): void {
  switch (message.kind) {
    case 'source-event':
      return task.handleSourceEvent(message.uid, message.event);
    case 'checkpoint':
      return task.triggerCheckpoint(message.id);
    case 'checkpoint-complete':
      return task.notifyCheckpointComplete(message.id);
    case 'narrow':
      worker.isToNarrow = true;
      return task.narrow();
    case 'rescale':
      if (!task.startRescale(message.id, message.parallelism)) worker.post({ kind: 'rescale-refused', id: message.id });
      return;
    case 'move': {
      const moved = worker.move(graph, message.to);
      task.moveTo(moved.graph, moved.plan);
      return worker.post({ kind: 'moved' });
    }
    case 'hang':
      return hangForEver();
    case 'rehearse':
    case 'take-over':
    case 'attach':
    case 'start':
    case 'stop':
    case 'mail':
      return;
  }
}

/**
 * The loop of the source thread. Readers do asynchronous input and output, so it returns to its event loop often, and waits
 * there while no reader has anything. It does block, in small steps, while a ring is full: that is back-pressure. When all
 * sources have ended it stays for the barriers of checkpoints, until the job has ended.
 */
export async function runSourceThread(worker: WorkerThread, graph: JobGraph, plan: PhysicalPlan): Promise<void> {
  const { control, block, port } = worker;
  const task = new SourceTask(
    graph,
    plan,
    {
      ...worker.host(),
      sendSourceEvent: (source, event) => worker.post({ kind: 'source-event', source, event }),
    },
    worker.start.restore?.source ?? null,
  );
  // What is written but not shown could be what a reader needs to make room: a marker that other tasks wait for.
  worker.drainFrom = () => {
    task.outputs.publish();
    return false;
  };
  let poke: () => void = () => undefined;
  let problem: { readonly error: unknown } | null = null;
  let isStopped = false;
  const started = new Promise<void>((resolve) => {
    port.on('message', (message: ToWorker) => {
      if (message.kind === 'start') resolve();
      if (message.kind === 'stop') {
        isStopped = true;
        resolve();
      }
      // Whatever it does now, it does not wait: one that never returns from it has hung.
      control.setActivity(block, ACTIVITY.running);
      try {
        takeMessage(worker, task, graph, message);
      } catch (error) {
        problem = { error };
      }
      poke();
    });
  });
  try {
    task.open();
    worker.post({ kind: 'ready', fingerprint: graph.fingerprint });
    control.beginWait(block, WAIT.idle, machineClock.monotonicMs());
    await started;
    control.endWait(block, machineClock.monotonicMs());
    let hasTold = false;
    for (let batch = 1; !control.isAborted && !isStopped; batch += 1) {
      control.setActivity(block, ACTIVITY.running);
      const status = task.runBatch();
      control.beat(block);
      if (worker.isToNarrow) tellWhenNarrow(worker, task, status);
      if (status === 'finished' && !hasTold) {
        hasTold = true;
        worker.post({ kind: 'finished' });
      }
      if (status === 'progress' && batch % BATCHES_PER_TURN !== 0) continue;
      if (status === 'idle' || status === 'finished') {
        control.setActivity(block, ACTIVITY.waiting);
        control.beginWait(block, WAIT.idle, machineClock.monotonicMs());
        const poked = new Promise<void>((resolve) => {
          poke = resolve;
        });
        const takeBack =
          task.clockIntervalMs === Infinity ? () => undefined : startMachineTimer(task.clockIntervalMs, () => poke());
        await (status === 'finished' ? poked : Promise.race([task.whenAvailable(), poked]));
        takeBack();
        control.endWait(block, machineClock.monotonicMs());
      }
      await nextTurn();
      if (problem !== null) throw (problem as { readonly error: unknown }).error;
    }
  } finally {
    await task.close();
  }
}

/** While nothing comes, what is under way is read by itself. */
function tellWhenNarrow(worker: WorkerThread, task: SourceTask, status: TaskStatus): void {
  if (status !== 'idle' && status !== 'finished' && !task.outputs.isNarrow) return;
  worker.isToNarrow = false;
  worker.post({ kind: 'narrowed' });
}
