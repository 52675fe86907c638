import { readdirSync, readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';

const NANOSECONDS_PER_MS = 1e6;

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: readonly number[];
}

export function spreadOf(runs: readonly number[]): Spread {
  const sorted = [...runs].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1], runs };
}

/** One figure of the table. */
export interface BenchLine {
  /** The letter of the line, or `base` for baselines. */
  readonly line: string;
  readonly name: string;
  readonly unit: string;
  readonly value: Spread;
  /**
   * Where the system tells: units per second of processor time of the busiest thread. What the line comes to with cores of its
   * own, however busy the machine is with other work.
   */
  readonly perBusiestThreadSecond?: Spread;
  /** Where the true median is; an aim is met when all of it is. */
  readonly interval?: { readonly low: number; readonly high: number };
  /** null: no aim is set. */
  readonly aim: number | null;
  readonly floor?: number;
  readonly note: string;
}

export interface MachineFacts {
  readonly cores: number;
  readonly model: string;
  readonly memoryGiB: number;
  readonly node: string;
  readonly platform: string;
  /** Of the last minute, at the start: above the number of cores the machine was busy with other work. */
  readonly loadAverage: number;
  /** Settings of the C library the process was started with; absent: none. */
  readonly libraryTunables?: string;
}

export function machineFacts(): MachineFacts {
  return {
    cores: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    loadAverage: loadavg()[0],
    ...(process.env['GLIBC_TUNABLES'] !== undefined && { libraryTunables: process.env['GLIBC_TUNABLES'] }),
  };
}

/** Processor time in ms of each thread of this process, by thread number; null where the system does not tell. */
export function threadTimes(): ReadonlyMap<string, number> | null {
  if (process.platform !== 'linux') return null;
  const times = new Map<string, number>();
  try {
    for (const thread of readdirSync('/proc/self/task')) {
      const milliseconds = timeOf(thread);
      if (milliseconds !== null) times.set(thread, milliseconds);
    }
  } catch {
    return null;
  }
  return times.size === 0 ? null : times;
}

/** null: the thread has ended since it was listed, or the system does not keep the figure. */
function timeOf(thread: string): number | null {
  try {
    return Number(readFileSync(`/proc/self/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / NANOSECONDS_PER_MS;
  } catch {
    return null;
  }
}

/** What the busiest thread used between two readings, in ms. */
export function busiestThreadMs(
  before: ReadonlyMap<string, number> | null,
  after: ReadonlyMap<string, number> | null,
): number | null {
  if (before === null || after === null) return null;
  return Math.max(...[...after].map(([thread, ms]) => ms - (before.get(thread) ?? 0)));
}
