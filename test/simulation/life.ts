import { createHash } from 'node:crypto';
import type { CheckpointRecord } from '../../engine/contract/checkpoint-record.ts';
import { CheckpointCoordinator } from '../../engine/runtime/checkpoint/checkpoint-coordinator.ts';
import { CheckpointStorage, type RestoredCheckpoint } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { MemoryDisk } from '../support/memory-store.ts';
import { CommitLog, CommittingWriter, type StoredWriter } from './commit-log.ts';
import { newestWhole } from './disk-reading.ts';
import { Draws } from './draws.ts';
import { FaultDriver, SimulatedCrash } from './fault-driver.ts';
import { PARALLELISM_MAX, type LifePlan, type SimulationPlan } from './plan.ts';
import { Scheduler } from './scheduler.ts';
import type { BegunJob, SimulatedJob } from './simulated-job.ts';
import { SimulatedStore } from './simulated-store.ts';

/** What survives the death of a process: its disk, what its sinks made final, and the world outside. */
export class SimulatedMachine<W> {
  readonly disk = new MemoryDisk();
  readonly world: W;
  readonly #logs = new Map<string, CommitLog>();
  readonly violations: string[] = [];
  /** Ids are never used twice, so the newest one that was announced as complete is the highest. */
  newestComplete = -1;
  /** Checkpoints with a wrong bit that somebody planned. */
  readonly damaged = new Set<number>();
  /** A savepoint that the next life is to go on from. */
  wantedSavepoint: number | null = null;

  constructor(world: W) {
    this.world = world;
  }

  /** What a sink made final, by its name. */
  log(sink: string): CommitLog {
    const known = this.#logs.get(sink);
    if (known !== undefined) return known;
    const log = new CommitLog(sink);
    this.#logs.set(sink, log);
    return log;
  }

  get allViolations(): string[] {
    return [...this.violations, ...[...this.#logs.values()].flatMap(({ violations }) => violations)];
  }
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Far more than any session takes: a job that does not come to its end is one that hangs. */
const STEPS_MAX = 50_000;

/** What one step may take of the simulated clock: whoever is to be told of a timeout is told in one of the next. */
const STEP_MS_MAX = 5;

/** What has not happened after so many polls will not happen. */
const HELD_POLLS_MAX = 600;

export type LifeOutcome<R> = { readonly kind: 'crashed' } | { readonly kind: 'ended'; readonly results: R };

/** One life of the simulated process: it recovers from its disk, runs the job, stores checkpoints, and ends or crashes. */
export class Life<R, W> {
  readonly faults: FaultDriver;
  readonly #machine: SimulatedMachine<W>;
  readonly #simulated: SimulatedJob<R, W>;
  readonly #plan: LifePlan;
  readonly #whole: SimulationPlan;
  readonly #draws: Draws;
  readonly #scheduler: Scheduler;
  readonly #store: SimulatedStore;
  #storage: CheckpointStorage;
  #begun: BegunJob<R> | null = null;
  #coordinator: CheckpointCoordinator | null = null;
  #executor: LocalExecutor<never> | null = null;
  readonly #stalls = new Map<'sink' | number, number>();
  #steps = 0;
  #held = 0;
  /** Checkpoints in progress, and since when. */
  readonly #underWay = new Map<number, number>();
  #recoveredFrom: RestoredCheckpoint | null = null;
  refusedInRecovery = 0;
  /** It has come so far as to know what it goes on from. */
  hasRead = false;

  constructor(machine: SimulatedMachine<W>, simulated: SimulatedJob<R, W>, whole: SimulationPlan, plan: LifePlan) {
    this.#machine = machine;
    this.#simulated = simulated;
    this.#plan = plan;
    this.#whole = whole;
    this.#draws = new Draws(plan.seed);
    this.#scheduler = new Scheduler(this.#draws);
    this.faults = new FaultDriver(plan, {
      scheduler: this.#scheduler,
      disk: machine.disk,
      trigger: (kind) => void this.#coordinator?.trigger(kind),
      damage: (id) => machine.damaged.add(id),
      isDamaged: (id) => machine.damaged.has(id),
      rescale: (to) => void this.#rescale(to),
      stall: (who, calls) => this.#stalls.set(who, calls),
    });
    const slowMs = plan.timeoutMs + this.#draws.int(1, 30);
    this.#store = new SimulatedStore(
      machine.disk,
      this.#scheduler,
      this.#draws,
      this.faults,
      plan.storeDelayMs,
      slowMs,
    );
    this.#storage = new CheckpointStorage(this.#store, sha256, plan.retained);
  }

  /** The checkpoint it went on from; null: none. */
  get restored(): RestoredCheckpoint | null {
    return this.#recoveredFrom;
  }

  /** @throws what the engine threw, when nobody planned it */
  async run(): Promise<LifeOutcome<R>> {
    this.#machine.disk.isFull = false;
    try {
      const firstId = await this.#recover();
      return { kind: 'ended', results: await this.#runJob(firstId) };
    } catch (error) {
      if (!this.faults.crashed) throw error;
      this.#store.crash();
      this.#scheduler.forgetAll();
      return { kind: 'crashed' };
    }
  }

  async #recover(): Promise<number> {
    const wanted = this.#machine.wantedSavepoint;
    this.#machine.wantedSavepoint = null;
    const hung = (): Error => new Error('The recovery waits for something that will never come.');
    const firstId = await this.#scheduler.drive(this.#storage.nextId(), hung);
    const expected = newestWhole(this.#machine.disk, sha256, wanted);
    const { checkpoint, refused } = await this.#scheduler.drive(
      this.#storage.latest(({ id }) =>
        Promise.resolve(wanted === null || id === wanted ? null : 'A savepoint was asked for.'),
      ),
      hung,
    );
    this.#recoveredFrom = checkpoint;
    this.hasRead = true;
    this.refusedInRecovery = refused.length;
    const found = checkpoint?.id ?? -1;
    if (!this.faults.readsDamaged) {
      if (found !== expected)
        this.#violation(
          `The newest whole checkpoint on the disk was ${expected}; the recovery took ${found} and refused ${JSON.stringify(refused)}.`,
        );
    }
    if (
      wanted === null &&
      expected < this.#machine.newestComplete &&
      !this.#machine.damaged.has(this.#machine.newestComplete)
    )
      this.#violation(
        `Checkpoint ${this.#machine.newestComplete} was complete, and is not whole on the disk any more.`,
      );
    if (firstId <= this.#machine.newestComplete)
      this.#violation(`Checkpoint ${this.#machine.newestComplete} was complete, and ${firstId} is to be the next.`);
    return firstId;
  }

  async #runJob(firstId: number): Promise<R> {
    const restored = this.#recoveredFrom;
    const writers = Object.entries(this.#simulated.sinks).map(([name, describe]) => {
      const stored = (restored?.sinks[name] ?? null) as StoredWriter | null;
      return [name, new CommittingWriter(this.#machine.log(name), describe, stored)] as const;
    });
    for (const [, writer] of writers) writer.recover(() => this.faults.beforeRecoveredCommit());
    this.faults.recovered(restored !== null);
    const begun = this.#simulated.begin({
      seed: this.#plan.seed + 1,
      pace: { recordsMax: this.#plan.pollRecordsMax, holdAt: this.#plan.holdAt, mayGoOn: () => this.#mayGoOn() },
      scheduler: this.#scheduler,
      world: this.#machine.world,
    });
    this.#begun = begun;
    const executor = this.#createExecutor(begun, restored, Object.fromEntries(writers));
    const coordinator = this.#createCoordinator(executor, firstId);
    this.#executor = executor;
    this.#coordinator = coordinator;
    coordinator.start();
    await executor.run();
    if (this.faults.crashed) throw new SimulatedCrash('before the end');
    this.faults.atEnd();
    coordinator.stop();
    this.#scheduler.forgetAll();
    for (const [, writer] of writers) writer.finish();
    return begun.results(executor);
  }

  #createExecutor(
    begun: BegunJob<R>,
    restored: RestoredCheckpoint | null,
    sinks: Record<string, CommittingWriter<never>>,
  ): LocalExecutor<never> {
    const { parallelism, ringSlots } = this.#plan;
    const executor = new LocalExecutor(begun.job, {
      parameters: begun.parameters as never,
      parallelism,
      maxParallelism: this.#whole.maxParallelism,
      sinks,
      random: this.#draws.random,
      clock: this.#scheduler,
      ringSlots,
      symbolsMax: 64,
      onAcknowledge: (part) => {
        this.#scheduler.after(this.#draws.int(0, 2), () => {
          this.faults.atPart(part.checkpointId);
          this.#coordinator?.acknowledge(part);
        });
      },
      restore: restored === null ? null : { operators: restored.operators, source: restored.source },
      onStep: () => this.#step(),
      ...(begun.onAllWaiting !== undefined && { onAllWaiting: begun.onAllWaiting.bind(begun) }),
      onTimeAwaited: () => this.#scheduler.advance(1),
    });
    this.#disturb(executor);
    return executor;
  }

  #createCoordinator(executor: LocalExecutor<never>, firstId: number): CheckpointCoordinator {
    const { intervalMs, minPauseMs, timeoutMs } = this.#plan;
    const { maxParallelism } = this.#whole;
    const kinds = new Map<number, CheckpointRecord['kind']>();
    const ended = new Set<number>();
    return new CheckpointCoordinator(
      {
        clock: this.#scheduler,
        get parallelism() {
          return executor.parallelism;
        },
        maxParallelism,
        startTimer: (delayMs, wake) => this.#scheduler.after(delayMs, wake),
        trigger: (id) => {
          if (this.#underWay.size > 0)
            this.#violation(`Checkpoint ${id} begins while ${[...this.#underWay.keys()].join(', ')} is in progress.`);
          this.#underWay.set(id, this.#scheduler.monotonicMs());
          this.faults.began(id);
          this.#scheduler.after(this.#draws.int(0, 2), () => executor.triggerCheckpoint(id));
        },
        store: (parts) =>
          this.#storage.write({ ...parts, application: { note: parts.id }, values: [] }, () => Promise.resolve()),
        completed: (id) => {
          this.#machine.newestComplete = Math.max(this.#machine.newestComplete, id);
          // What is thrown here ends in a promise of the coordinator's; the step that let it happen looks for a crash.
          if (this.faults.completed(id, kinds.get(id) ?? 'checkpoint')) return;
          executor.notifyCheckpointComplete(id);
          this.faults.committed(id);
        },
        changed: (record) => {
          kinds.set(record.id, record.kind);
          if (ended.has(record.id))
            this.#violation(`Checkpoint ${record.id} has ended, and is told as ${record.status} afterwards.`);
          if (record.status === 'in-progress') return;
          ended.add(record.id);
          this.#underWay.delete(record.id);
          if (record.status === 'failed') this.#checkpointFailed(record);
        },
      },
      { intervalMs, minPauseMs, timeoutMs },
      firstId,
    );
  }

  #checkpointFailed({ id, problem }: CheckpointRecord): void {
    const text = problem ?? '';
    if (text.startsWith('The job has ended')) return;
    this.faults.failed(id);
    if (text.includes('was not complete after')) this.faults.timedOut();
    if (!this.faults.disturbsStore) this.#violation(`Checkpoint ${id} failed although nothing was planned: ${text}`);
  }

  /** No checkpoint is under way for longer than its timeout. */
  #checkTimeout(): void {
    for (const [id, beganMs] of this.#underWay) {
      const tookMs = this.#scheduler.monotonicMs() - beganMs;
      if (tookMs <= this.#plan.timeoutMs + STEP_MS_MAX) continue;
      this.#underWay.delete(id);
      this.#violation(
        `Checkpoint ${id} is in progress for ${tookMs} ms, with a timeout of ${this.#plan.timeoutMs} ms.`,
      );
    }
  }

  #step(): Promise<void> | null {
    // Whoever caught what killed a task: the whole process is gone.
    if (this.faults.crashed) throw new SimulatedCrash('before a step');
    this.#steps += 1;
    if (this.#steps > STEPS_MAX) throw new Error(`The job has not come to its end after ${STEPS_MAX} steps.`);
    this.#scheduler.advance(this.#draws.int(0, 1));
    this.#checkTimeout();
    if (this.#executor !== null) this.#begun?.atStep?.(this.#executor);
    this.faults.atStep(this.#begun?.sequence ?? 0);
    return this.#scheduler.hasDue ? this.#turn() : null;
  }

  /** The barrier goes between two steps; no checkpoint crosses it. */
  async #rescale(to: number): Promise<void> {
    const executor = this.#executor;
    if (executor === null || this.#coordinator === null) return;
    const wanted = to === executor.parallelism ? (to % PARALLELISM_MAX) + 1 : to;
    const hasMoved = await this.#coordinator.exclusively(
      (id) =>
        new Promise<boolean>((resolve) => {
          this.#scheduler.after(this.#draws.int(0, 2), () => void executor.rescale(wanted, id).then(resolve));
        }),
    );
    if (hasMoved) this.faults.rescaled();
  }

  /** The end of the session is put off, for a while, until what is planned has happened. */
  #mayGoOn(): boolean {
    if (!this.faults.isWaiting) return true;
    this.#held += 1;
    return this.#held > HELD_POLLS_MAX;
  }

  async #turn(): Promise<void> {
    await this.#scheduler.turn();
    if (this.faults.crashed) throw new SimulatedCrash('between two steps');
  }

  /** Puts the fault driver between the engine's parts: where records and timers are processed, and who does nothing. */
  #disturb(executor: LocalExecutor<never>): void {
    const { ending } = this.#plan;
    for (const task of executor.tasks) {
      const { operator } = task.vertices[0];
      if (ending?.kind === 'task-killed-at-record') {
        const handle = operator.handleElement1.bind(operator);
        operator.handleElement1 = (value): void => {
          const sequence = this.#simulated.sequenceOf(value);
          this.faults.atRecord('before', sequence);
          handle(value);
          this.faults.atRecord('after', sequence);
        };
      }
      if (ending?.kind === 'task-killed-at-timer') {
        for (const which of ['onEventTime', 'onProcessingTime'] as const) {
          const fire = operator[which].bind(operator);
          operator[which] = (timestampMs): void => {
            this.faults.atTimer(this.#begun?.sequence ?? 0);
            fire(timestampMs);
          };
        }
      }
    }
    const slow = (task: { runBatch(): 'progress' | 'idle' | 'blocked' | 'finished' }, who: 'sink' | number): void => {
      const run = task.runBatch.bind(task);
      task.runBatch = () => {
        const left = this.#stalls.get(who) ?? 0;
        if (left === 0) return run();
        this.#stalls.set(who, left - 1);
        if (left === 1) this.faults.stalled(who);
        return 'progress';
      };
    };
    if (this.#plan.nuisances.some(({ kind }) => kind === 'slow-consumer')) slow(executor.sink, 'sink');
    if (this.#plan.nuisances.some(({ kind }) => kind === 'slow-task')) executor.tasks.forEach(slow);
  }

  #violation(text: string): void {
    this.#machine.violations.push(text);
  }
}

export { SimulatedCrash };
