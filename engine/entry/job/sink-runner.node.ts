import { machineClock, nextTurn, waitMs } from '../../core/machine.node.ts';
import type { JobGraph } from '../../graph/job-graph.ts';
import type { RingMemory } from '../../memory/shared-ring.ts';
import type { SymbolDictionary } from '../../memory/symbol-dictionary.ts';
import type { Acknowledgement } from '../../runtime/checkpoint/acknowledgement.ts';
import type { PhysicalPlan } from '../../runtime/exchange/physical-plan.ts';
import type { JobMemory } from '../../runtime/job-memory.ts';
import { SinkTask, type ExternalWriters, type SinkHost } from '../../runtime/task/sink-task.ts';
import type { ThreadControl } from '../../runtime/thread-control.ts';

/** What the sinks of a job are run with: job-runner.node.ts. */
export interface SinkRunnerHost {
  readonly control: ThreadControl;
  readonly symbols: SymbolDictionary;
  readonly writers: ExternalWriters;
  /** Nothing is moved when the job does not run any more. */
  readonly isRunning: () => boolean;
  acknowledge(part: Acknowledgement): void;
  /** Every record that was sent is with its sink. */
  drained(): Promise<void>;
  failed(error: unknown): void;
}

/** So long at a time, so that this thread stays responsive. */
const SLICE_MS = 5;
/** While results keep coming they are fetched this often: a sleeping coordinator costs its tasks a message each time. */
const FETCH_EVERY_MS = 2;

/** Runs a job's sinks on the coordinator's thread, a slice of time at a time; asleep when there is nothing for them. */
export class SinkRunner {
  private task: SinkTask;
  private readonly host: SinkRunnerHost;
  private readonly block: number;
  private isPumping = false;

  constructor(graph: JobGraph, plan: PhysicalPlan, memory: JobMemory, host: SinkRunnerHost) {
    this.host = host;
    this.block = host.control.block('coordinator');
    this.task = new SinkTask(graph, plan, this.taskHost(memory), host.writers);
  }

  /** The same sinks go on behind a change of parallelism. */
  rewire(graph: JobGraph, plan: PhysicalPlan, memory: JobMemory): void {
    this.task = new SinkTask(graph, plan, this.taskHost(memory), this.host.writers, this.task);
    this.pump();
  }

  /** Time all sinks took so far. */
  get busyMs(): number {
    return this.task.busyMs;
  }

  expectBarrier(checkpointId: number): void {
    this.task.expectBarrier(checkpointId);
  }

  /** @throws what a sink's commit throws */
  notifyCheckpointComplete(checkpointId: number): void {
    this.task.notifyCheckpointComplete(checkpointId);
  }

  /** Moves results to their sinks until there are none. Called when there may be some; nothing happens while it is at it. */
  pump(): void {
    if (this.isPumping || !this.host.isRunning()) return;
    this.isPumping = true;
    this.pumpSlices().catch((error: unknown) => {
      this.host.failed(error);
    });
  }

  close(): Promise<void> {
    return this.task.close();
  }

  private taskHost(memory: JobMemory): SinkHost {
    const { control, symbols } = this.host;
    return {
      clock: machineClock,
      symbols,
      metrics: memory.metrics,
      ring: (id) => memory.rings.get(id) as RingMemory,
      wake: (thread) => control.wake(control.block(thread)),
      acknowledge: (part) => this.host.acknowledge(part),
    };
  }

  private async pumpSlices(): Promise<void> {
    const { control } = this.host;
    let moved = false;
    while (this.host.isRunning()) {
      const until = machineClock.monotonicMs() + SLICE_MS;
      let status = this.task.runBatch();
      while (status === 'progress' && machineClock.monotonicMs() < until) {
        moved = true;
        status = this.task.runBatch();
      }
      if (status === 'progress') {
        moved = true;
        await nextTurn();
        continue;
      }
      if (moved && status !== 'finished') {
        moved = false;
        await waitMs(FETCH_EVERY_MS);
        continue;
      }
      control.prepareSleep(this.block);
      status = this.task.runBatch();
      if (status === 'progress') {
        control.awake(this.block);
        continue;
      }
      this.isPumping = false;
      if (status === 'finished') await this.host.drained();
      return;
    }
  }
}
