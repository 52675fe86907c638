import type { MemoryDisk } from '../support/memory-store.ts';
import type { Fault, StoreCallKind } from './faults.ts';
import type { LifePlan } from './plan.ts';
import type { Scheduler } from './scheduler.ts';
import type { PlannedStoreFault, StoreWatcher } from './simulated-store.ts';

/** Ends a life where it is thrown: the machine has lost its power. */
export class SimulatedCrash extends Error {
  override readonly name = 'SimulatedCrash';
}

/** What the driver can do to the life it disturbs. */
export interface Disturbed {
  readonly scheduler: Scheduler;
  readonly disk: MemoryDisk;
  trigger(kind: 'checkpoint' | 'savepoint'): void;
  /** A bit of what is stored of this checkpoint is wrong. */
  damage(checkpointId: number): void;
  isDamaged(checkpointId: number): boolean;
  /** The number of workers becomes another one, while records flow. */
  rescale(parallelism: number): void;
  /** The consumer, or a task, does nothing when it is next called so often. */
  stall(who: 'sink' | number, calls: number): void;
}

/** Steps, or records. */
const PATIENCE = 150;

type Phase = 'recovery' | 'running' | 'ended';

/** Makes the planned faults of one life happen at their places, and knows which did. */
export class FaultDriver implements StoreWatcher {
  readonly fired = new Set<Fault>();
  /** A crash was thrown: nothing that happens from here on counts. */
  crashed = false;
  /** The id of a savepoint that the next life is to go on from. */
  savepointId: number | null = null;
  readonly #plan: LifePlan;
  readonly #life: Disturbed;
  #phase: Phase = 'recovery';
  #stepsPast = 0;
  #stepsAfterCompletion = -1;
  #askedFor = -1;
  #hasAsked = false;
  #parts = 0;
  #storeCalls = 0;
  #commits = 0;
  #recoverySteps = 0;
  #putsWhileFull = -1;
  #damagedId = -1;
  #damageNext = false;
  #completed = 0;
  #waited = 0;
  #hasCheckpoint = false;
  readonly #callsOfKind = new Map<StoreCallKind, number>();

  constructor(plan: LifePlan, life: Disturbed) {
    this.#plan = plan;
    this.#life = life;
  }

  /** Whether checkpoints may fail, or be read wrongly, in this life. */
  get disturbsStore(): boolean {
    return this.#plan.nuisances.some(({ kind }) => kind !== 'clock-jump' && kind !== 'rescale-while-running');
  }

  get readsDamaged(): boolean {
    return [...this.fired].some(
      (fault) => fault.kind === 'read-damaged' || (fault.kind === 'store-call' && fault.call === 'get'),
    );
  }

  /** The process is dead from here on, whoever catches what is thrown. */
  crash(): never {
    this.#die();
    throw new SimulatedCrash('planned');
  }

  #die(): void {
    this.crashed = true;
    this.#life.scheduler.forgetAll();
    const { ending } = this.#plan;
    if (ending !== null && ending.kind !== 'newest-checkpoint-damaged' && !ending.kind.startsWith('rescale'))
      this.fired.add(ending);
  }

  /** Whether something that is to happen while the job runs has not happened. */
  get isWaiting(): boolean {
    const { ending } = this.#plan;
    if (this.#hasOpenNuisance) return true;
    if (ending === null || ending.kind === 'crash-at-the-end' || ending.kind === 'crash-in-recovery') return false;
    // These need records.
    return ending.kind !== 'task-killed-at-record' && ending.kind !== 'task-killed-at-timer';
  }

  get #hasOpenNuisance(): boolean {
    return this.#plan.nuisances.some((nuisance) => nuisance.kind !== 'read-damaged' && !this.fired.has(nuisance));
  }

  recovered(fromCheckpoint: boolean): void {
    this.#hasCheckpoint = fromCheckpoint;
    this.#phase = 'running';
    this.#storeCalls = 0;
  }

  beforeRecoveredCommit(): void {
    const { ending } = this.#plan;
    if (ending?.kind !== 'crash-in-recovery' || ending.where.at !== 'commit') return;
    this.#commits += 1;
    if (this.#commits > ending.where.commits) this.crash();
  }

  /** @param sequence numbers that the source has given out */
  atStep(sequence: number): void {
    this.#disturb(sequence);
    const { ending } = this.#plan;
    if (ending === null || ending.kind === 'crash-at-the-end') return;
    if (ending.kind === 'crash-in-recovery') {
      this.#recoverySteps += 1;
      // It had nothing to commit, or too little to read, to crash there.
      if (ending.where.at !== 'step' || this.#recoverySteps >= ending.where.steps) this.crash();
      return;
    }
    if (!this.#isDue(ending.sequence, sequence)) return;
    switch (ending.kind) {
      case 'rescale-from-checkpoint':
        if (!this.#hasCheckpoint && this.#completed === 0) return;
        this.#stepsPast += 1;
        if (this.#stepsPast > ending.steps) this.crash();
        return;
      case 'crash-at-a-step':
        this.#stepsPast += 1;
        if (this.#stepsPast > ending.steps) this.crash();
        return;
      case 'crash-between-parts':
      case 'crash-while-storing':
      case 'crash-ahead-of-commit':
        this.#ask('checkpoint');
        return;
      case 'rescale-from-savepoint':
        this.#ask('savepoint');
        if (this.savepointId === null) return;
        this.#stepsAfterCompletion += 1;
        if (this.#stepsAfterCompletion > ending.steps) this.crash();
        return;
      case 'newest-checkpoint-damaged':
        if ((this.#completed > 0 || this.#hasCheckpoint) && this.#damagedId < 0) {
          this.#damageNext = true;
          this.#ask('checkpoint');
        }
        return;
      default:
        return;
    }
  }

  /** A task is about to process a quote, or has done so. */
  atRecord(side: 'before' | 'after', sequence: number): void {
    const { ending } = this.#plan;
    if (ending?.kind === 'task-killed-at-record' && ending.side === side && this.#isDue(ending.sequence, sequence))
      this.crash();
  }

  atTimer(sequence: number): void {
    const { ending } = this.#plan;
    if (ending?.kind === 'task-killed-at-timer' && this.#isDue(ending.sequence, sequence)) this.crash();
  }

  /** What ends this life waits a while for what else is planned in it. */
  #isDue(planned: number, sequence: number): boolean {
    if (sequence < planned) return false;
    if (this.#hasOpenNuisance) this.#waited += 1;
    return !this.#hasOpenNuisance || this.#waited > PATIENCE;
  }

  /** A checkpoint was given up. */
  failed(checkpointId: number): void {
    if (checkpointId !== this.#askedFor) return;
    this.#askedFor = -1;
    this.#hasAsked = false;
  }

  /** The coordinator has begun a checkpoint. */
  began(checkpointId: number): void {
    if (this.#hasAsked && this.#askedFor < 0) this.#askedFor = checkpointId;
  }

  /** A part of a checkpoint is about to reach the coordinator. */
  atPart(checkpointId: number): void {
    const { ending } = this.#plan;
    if (ending?.kind !== 'crash-between-parts' || checkpointId !== this.#askedFor) return;
    this.#parts += 1;
    if (this.#parts > ending.parts) this.crash();
  }

  /** Ahead of the commit: the store has it, the sinks do not know. @returns whether they will never hear of it */
  completed(checkpointId: number, kind: 'checkpoint' | 'savepoint'): boolean {
    const { ending } = this.#plan;
    if (ending?.kind === 'crash-ahead-of-commit' && checkpointId === this.#askedFor) this.#die();
    if (kind === 'savepoint' && ending?.kind === 'rescale-from-savepoint') this.savepointId = checkpointId;
    return this.crashed;
  }

  /** The sinks know. */
  committed(checkpointId: number): void {
    this.#completed += 1;
    if (this.#plan.ending?.kind === 'newest-checkpoint-damaged' && checkpointId === this.#damagedId) this.#die();
  }

  atEnd(): void {
    if (this.#plan.ending?.kind === 'crash-at-the-end') this.crash();
    // From here on all is made final: nothing that was planned for the job's time happens any more.
    this.#phase = 'ended';
  }

  beforeCall(call: StoreCallKind, name: string): PlannedStoreFault | null {
    if (this.#phase === 'ended') return null;
    this.#countCall('before', name);
    const nth = (this.#callsOfKind.get(call) ?? 0) + 1;
    this.#callsOfKind.set(call, nth);
    if (call.startsWith('put')) this.#countFullPut();
    if (this.#damageNow(call, name)) return 'damaged';
    for (const nuisance of this.#plan.nuisances) {
      if (this.fired.has(nuisance)) continue;
      if (nuisance.kind === 'read-damaged' && call === 'get' && nth === nuisance.nth) {
        // The same bit, wrong twice, would be right.
        if (this.#life.isDamaged(Number(name.split('/')[1]))) continue;
        this.fired.add(nuisance);
        return 'damaged';
      }
      if (nuisance.kind !== 'store-call' || nuisance.call !== call || nuisance.nth !== nth) continue;
      // What is asked for while it recovers is the business of other faults.
      if (this.#phase === 'recovery') continue;
      this.fired.add(nuisance);
      return nuisance.fault;
    }
    return null;
  }

  afterCall(_call: StoreCallKind, name: string): void {
    if (this.#phase !== 'ended') this.#countCall('after', name);
  }

  failedFull(): void {
    const fault = this.#plan.nuisances.find(({ kind }) => kind === 'disk-full');
    if (fault !== undefined && this.#life.disk.isFull) this.fired.add(fault);
  }

  /** The number of workers has changed. */
  rescaled(): void {
    const fault = this.#plan.nuisances.find(({ kind }) => kind === 'rescale-while-running');
    if (fault !== undefined) this.fired.add(fault);
  }

  stalled(who: 'sink' | number): void {
    const fault = this.#plan.nuisances.find(({ kind }) => kind === (who === 'sink' ? 'slow-consumer' : 'slow-task'));
    if (fault !== undefined) this.fired.add(fault);
  }

  timedOut(): void {
    const fault = this.#plan.nuisances.find(({ kind }) => kind === 'short-timeout');
    if (fault !== undefined) this.fired.add(fault);
  }

  #disturb(sequence: number): void {
    for (const nuisance of this.#plan.nuisances) {
      if (!('sequence' in nuisance) || sequence < nuisance.sequence || this.#begun.has(nuisance)) continue;
      this.#begun.add(nuisance);
      switch (nuisance.kind) {
        case 'disk-full':
          this.#putsWhileFull = nuisance.puts;
          this.#life.disk.isFull = true;
          break;
        case 'slow-consumer':
          this.#life.stall('sink', nuisance.calls);
          break;
        case 'slow-task':
          this.#life.stall(nuisance.task % this.#plan.parallelism, nuisance.calls);
          break;
        case 'rescale-while-running':
          this.#life.rescale(nuisance.to);
          break;
        case 'clock-jump':
          this.#life.scheduler.jump(nuisance.byMs);
          this.fired.add(nuisance);
          break;
      }
    }
  }
  readonly #begun = new Set<Fault>();

  #countFullPut(): void {
    if (this.#putsWhileFull < 0) return;
    this.#putsWhileFull -= 1;
    if (this.#putsWhileFull < 0) this.#life.disk.isFull = false;
  }

  #ask(kind: 'checkpoint' | 'savepoint'): void {
    if (this.#hasAsked) return;
    this.#hasAsked = true;
    this.#life.trigger(kind);
  }

  #countCall(side: 'before' | 'after', name: string): void {
    const { ending } = this.#plan;
    if (this.#phase === 'recovery') {
      if (ending?.kind !== 'crash-in-recovery' || ending.where.at !== 'store-call' || ending.where.side !== side)
        return;
      this.#storeCalls += 1;
      if (this.#storeCalls >= ending.where.calls) this.crash();
      return;
    }
    if (ending?.kind !== 'crash-while-storing' || ending.side !== side || this.#askedFor < 0) return;
    // Calls of the checkpoint asked for, and what follows them: old ones are removed.
    if (this.#storeCalls === 0 && !name.includes(String(this.#askedFor))) return;
    this.#storeCalls += 1;
    if (this.#storeCalls >= ending.calls) this.crash();
  }

  #damageNow(call: StoreCallKind, name: string): boolean {
    const { ending } = this.#plan;
    if (ending?.kind !== 'newest-checkpoint-damaged' || !this.#damageNext || this.#damagedId >= 0) return false;
    const id = Number(name.split('/')[1]);
    // A checkpoint in which no key group changed has a manifest only.
    if (call !== ending.value && call !== 'put-manifest') return false;
    this.#damagedId = id;
    this.#life.damage(id);
    return true;
  }
}
