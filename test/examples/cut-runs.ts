import type { JobDefinition } from '../../engine/api/job.ts';
import type { SinkContext, SinkWriter } from '../../engine/api/sink.ts';
import { toObject } from '../../engine/api/struct.ts';
import type { Clock } from '../../engine/core/time.ts';
import type { Acknowledgement, TaskAcknowledgement } from '../../engine/runtime/checkpoint/acknowledgement.ts';
import type { OperatorRestore } from '../../engine/runtime/operators/keyed-restore.ts';
import { LocalExecutor, type LocalRestore } from '../../engine/runtime/local-executor.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** What is around a run: its clock, and whom its asynchronous functions ask. */
export interface World {
  readonly clock: Clock;
  /** Before each step: something may have happened outside meanwhile. */
  pass(): void;
  /** A call ends outside, because everybody waits for one. @returns false: there is none */
  goOn(): boolean;
  /** A call is to be made again, later. */
  passTime(): void;
}

/** Nothing happens outside, and no time passes. */
export const STILL_WORLD: World = {
  clock: { monotonicMs: () => 0, wallMs: () => 0 },
  pass: () => undefined,
  goOn: () => false,
  passTime: () => undefined,
};

const MAX_PARALLELISM = 128;
const RING_SLOTS = [8, 64, 4, 16];
/** Of the steps: a checkpoint is begun, and one is begun although the one before is under way. */
const TRIGGERS = 0.2;
const OVERTAKES = 0.02;

class PowerCut extends Error {}

/** Keeps what checkpoints made final; the rest is gone with a run that is cut off. */
export class CommittingSink implements SinkWriter<unknown> {
  final: string[] = [];
  pending: string[] = [];
  private readonly prepared = new Map<number, number>();

  write(record: unknown, context: SinkContext): void {
    const plain = typeof record === 'object' && record !== null ? toObject(record) : record;
    this.pending.push(`${JSON.stringify(plain)} @${context.timestamp()}`);
  }
  prepareCommit(checkpointId: number): null {
    this.prepared.set(checkpointId, this.pending.length);
    return null;
  }
  commit(checkpointId: number): void {
    this.final.push(...this.pending.splice(0, this.prepared.get(checkpointId) ?? 0));
    this.prepared.clear();
  }
  cutOff(): void {
    this.pending = [];
    this.prepared.clear();
  }
}

export interface RunState {
  restore: LocalRestore | null;
  completed: number;
  nextId: number;
}

/** One run until its end or until the power is cut. @returns whether it came to its end */
export async function run(
  job: JobDefinition<never>,
  parameters: never,
  sinks: Readonly<Record<string, CommittingSink>>,
  seed: number,
  state: RunState,
  cutAtStep: number,
  world: World = STILL_WORLD,
): Promise<boolean> {
  const random = seededRandom(seed);
  const parallelism = 1 + Math.floor(random() * 8);
  const parts = new Map<number, Acknowledgement[]>();
  let step = 0;
  const executor: LocalExecutor<never> = new LocalExecutor(job, {
    parameters,
    parallelism,
    maxParallelism: MAX_PARALLELISM,
    sinks,
    random,
    clock: world.clock,
    onAllWaiting: () => world.goOn(),
    onTimeAwaited: () => world.passTime(),
    pollRecords: 7,
    ringSlots: RING_SLOTS[seed % RING_SLOTS.length],
    restore: state.restore,
    onAcknowledge: (part) => {
      const own = parts.get(part.checkpointId);
      if (own === undefined) return;
      own.push(part);
      if (own.length < parallelism + 2) return;
      const tasks = own.filter((one): one is TaskAcknowledgement => one.kind === 'task');
      const source = own.find((one) => one.kind === 'source');
      if (source === undefined) throw new Error('A checkpoint was complete without its sources.');
      const operators = storedByUid(tasks);
      state.restore = { operators: structuredClone(operators), source: structuredClone(source.state) };
      state.completed += 1;
      executor.notifyCheckpointComplete(source.checkpointId);
      parts.clear();
    },
    onStep: () => {
      step += 1;
      world.pass();
      if (step === cutAtStep) throw new PowerCut();
      if (random() > (parts.size > 0 ? OVERTAKES : TRIGGERS)) return null;
      const id = state.nextId;
      state.nextId += 1;
      parts.set(id, []);
      executor.triggerCheckpoint(id);
      return null;
    },
  });
  try {
    await executor.run();
    return true;
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
    for (const sink of Object.values(sinks)) sink.cutOff();
    return false;
  }
}

/** All that the tasks stored, by uid, as one checkpoint holds it. */
function storedByUid(tasks: readonly TaskAcknowledgement[]): Record<string, OperatorRestore> {
  const ordered = [...tasks].sort((left, right) => left.taskIndex - right.taskIndex);
  const snapshots = ordered.flatMap(({ operators }) => operators);
  return Object.fromEntries(
    [...new Set(snapshots.map(({ uid }) => uid))].map((uid) => {
      const own = snapshots.filter((snapshot) => snapshot.uid === uid);
      const keyGroups = own.flatMap((snapshot) => snapshot.keyGroups);
      return [
        uid,
        { keyGroups, broadcast: own[0].broadcast, operatorStates: own.map(({ operatorState }) => operatorState) },
      ];
    }),
  );
}
