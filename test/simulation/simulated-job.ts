import type { JobDefinition } from '../../engine/api/job.ts';
import type { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import type { CommitLog, FinalRecord } from './commit-log.ts';
import type { Scheduler } from './scheduler.ts';
import type { ScriptedPace } from './scripted-source.ts';

/** What one life of the process gives the job that lives in it. */
export interface LifeOfJob<W> {
  readonly seed: number;
  readonly pace: ScriptedPace;
  readonly scheduler: Scheduler;
  readonly world: W;
}

/** A job in one life of the process. */
export interface BegunJob<R> {
  readonly job: JobDefinition<never>;
  readonly parameters: unknown;
  /** How far the source is, in the numbers that faults are planned at. */
  readonly sequence: number;
  /** Before each step of the executor. */
  atStep?(executor: LocalExecutor<never>): void;
  /** Everybody waits for the world outside, where no time passes. @returns whether something happened there */
  onAllWaiting?(): boolean;
  /** At its end. */
  results(executor: LocalExecutor<never>): R;
}

/** A job that a seed has drawn, with all that is needed to disturb it and to judge its end. */
export interface SimulatedJob<R = unknown, W = unknown> {
  /** How many numbers the source gives out. */
  readonly quotes: number;
  /** By name, which is the uid as well: how a record of the sink is called, and what it says. */
  readonly sinks: Readonly<Record<string, (record: never, timestampMs: number | null) => FinalRecord>>;
  /** What outlives the process besides its disk: the world outside. */
  createWorld(): W;
  /** The number of a record on its way into the first operator; -1: it has none. */
  sequenceOf(record: unknown): number;
  begin(life: LifeOfJob<W>): BegunJob<R>;
  /** What is wrong with the end of a run; nothing is what is wanted. */
  judge(
    end: { readonly log: (sink: string) => CommitLog; readonly world: W; readonly results: R },
    undisturbed: R | null,
  ): string[];
  /** What happened, to be counted beside the faults. */
  oddities(world: W): readonly string[];
  /** For the tally. */
  readonly trades: number;
}
