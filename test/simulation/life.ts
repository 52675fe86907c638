import { createHash } from 'node:crypto';
import type { CheckpointRecord } from '../../engine/contract/checkpoint-record.ts';
import { CheckpointCoordinator } from '../../engine/runtime/checkpoint/checkpoint-coordinator.ts';
import { CheckpointStorage, type RestoredCheckpoint } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { newestWhole } from './disk-reading.ts';
import { Draws } from './draws.ts';
import { FaultDriver, SimulatedCrash } from './fault-driver.ts';
import { LedgerRefused } from './ledger.ts';
import { LifeSinks } from './life-sinks.ts';
import { PARALLELISM_MAX, type LifePlan, type SimulationPlan } from './plan.ts';
import { Scheduler } from './scheduler.ts';
import type { BegunJob, SimulatedJob } from './simulated-job.ts';
import type { SimulatedMachine } from './simulated-machine.ts';
import { SimulatedStore } from './simulated-store.ts';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Far more than any session takes: a job that does not come to its end is one that hangs. */
const STEPS_MAX = 50_000;

/** What one step may take of the simulated clock: whoever is to be told of a timeout is told in one of the next. */
const STEP_MS_MAX = 5;

/** What has not happened after so many polls will not happen. */
const HELD_POLLS_MAX = 600;

/** `refused`: the ledger refused a transaction, which fails the job. */
export type LifeOutcome<R> =
  { readonly kind: 'crashed' } | { readonly kind: 'refused' } | { readonly kind: 'ended'; readonly results: R };

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
  #sinks: LifeSinks | null = null;
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
      if (!this.faults.crashed && this.#sinks?.isRefused !== true) throw error;
      this.#store.crash();
      this.#scheduler.forgetAll();
      return { kind: this.faults.crashed ? 'crashed' : 'refused' };
    }
  }

  async #recover(): Promise<number> {
    const { wantedSavepoint: wanted, abandoned, newestComplete } = this.#machine;
    this.#machine.wantedSavepoint = null;
    const isWanted = (id: number): boolean => (wanted === null || id === wanted) && !abandoned.has(id);
    const firstId = await this.#driven(this.#storage.nextId());
    const expected = newestWhole(this.#machine.disk, sha256, isWanted);
    const { checkpoint, refused } = await this.#driven(
      this.#storage.latest(({ id }) => Promise.resolve(isWanted(id) ? null : 'Another one was asked for.')),
    );
    this.#recoveredFrom = checkpoint;
    this.hasRead = true;
    this.refusedInRecovery = refused.filter(({ id }) => !abandoned.has(id)).length;
    const found = checkpoint?.id ?? -1;
    this.#machine.newestUsed = Math.max(this.#machine.newestUsed, found);
    if (!this.faults.readsDamaged && found !== expected)
      this.#violation(
        `The newest whole checkpoint on the disk was ${expected}; the recovery took ${found} and refused ${JSON.stringify(refused)}.`,
      );
    const isExcused = wanted !== null || abandoned.has(newestComplete) || this.#machine.damaged.has(newestComplete);
    if (expected < newestComplete && !isExcused)
      this.#violation(`Checkpoint ${newestComplete} was complete, and is not whole on the disk any more.`);
    if (firstId <= newestComplete)
      this.#violation(`Checkpoint ${newestComplete} was complete, and ${firstId} is to be the next.`);
    // A job that goes on from an older one aborts transactions of the newer one.
    if (this.#whole.ledger !== null && checkpoint !== null)
      for (const { id } of refused) if (id > found) abandoned.add(id);
    return firstId;
  }

  async #runJob(firstId: number): Promise<R> {
    const restored = this.#recoveredFrom;
    const sinks = new LifeSinks(this.#simulated.sinks, {
      machine: this.#machine,
      scheduler: this.#scheduler,
      seed: this.#plan.seed + 2,
      ledger: this.#whole.ledger,
      restored,
      beforeRecoveredCommit: () => this.faults.beforeRecoveredCommit(),
    });
    this.#sinks = sinks;
    await sinks.recover();
    this.faults.recovered(restored !== null);
    const begun = this.#simulated.begin({
      seed: this.#plan.seed + 1,
      pace: { recordsMax: this.#plan.pollRecordsMax, holdAt: this.#plan.holdAt, mayGoOn: () => this.#mayGoOn() },
      scheduler: this.#scheduler,
      world: this.#machine.world,
    });
    this.#begun = begun;
    const executor = this.#createExecutor(begun, restored, sinks);
    const coordinator = this.#createCoordinator(executor, sinks, firstId);
    this.#executor = executor;
    this.#coordinator = coordinator;
    coordinator.start();
    await executor.run();
    this.#checkAlive('before the end');
    this.faults.atEnd();
    coordinator.stop();
    await sinks.finish();
    this.#scheduler.forgetAll();
    return begun.results(executor);
  }

  /** Waits for what goes on outside of the job, while time passes. */
  #driven<T>(promise: Promise<T>): Promise<T> {
    return this.#scheduler.drive(promise, () => new Error('The recovery waits for something that will never come.'));
  }

  #createExecutor(begun: BegunJob<R>, restored: RestoredCheckpoint | null, sinks: LifeSinks): LocalExecutor<never> {
    const { parallelism, ringSlots } = this.#plan;
    const executor = new LocalExecutor(begun.job, {
      parameters: begun.parameters as never,
      parallelism,
      maxParallelism: this.#whole.maxParallelism,
      sinks: sinks.writers,
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

  #createCoordinator(executor: LocalExecutor<never>, sinks: LifeSinks, firstId: number): CheckpointCoordinator {
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
        store: async (parts) => {
          const application = { note: parts.id, ...(await sinks.stored(parts.id)) };
          return this.#storage.write({ ...parts, application, values: [] }, () => Promise.resolve());
        },
        completed: (id) => {
          this.#machine.newestComplete = Math.max(this.#machine.newestComplete, id);
          this.#machine.newestUsed = Math.max(this.#machine.newestUsed, id);
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
    if (!this.faults.disturbsStore && this.#sinks?.isRefused !== true)
      this.#violation(`Checkpoint ${id} failed although nothing was planned: ${text}`);
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
    this.#checkAlive('before a step');
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
    this.#checkAlive('between two steps');
  }

  /** Whoever caught what killed a task: the whole process is gone. */
  #checkAlive(when: string): void {
    if (this.faults.crashed) throw new SimulatedCrash(when);
    if (this.#sinks?.isRefused === true) throw new LedgerRefused(when);
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
