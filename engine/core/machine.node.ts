import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import type { Clock } from './time.ts';

/** The machine's own clocks: handed in where a thread starts, never reached for. */
export const machineClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/** 0 or more, below 1: for what must not be the same on two machines. */
export const machineRandom = (): number => Math.random();

/**
 * Wall time that never goes back: the wall clock at the first reading, moved on by the monotonic one.
 * @returns whole ms since the Unix epoch
 */
export function createMonotonicWallClock(): () => number {
  const startMs = Date.now() - performance.now();
  return () => Math.floor(startMs + performance.now());
}

/** Calls `wake` once after `delayMs`; the returned function takes that back. */
export function startMachineTimer(delayMs: number, wake: () => void): () => void {
  // A timer holds 31 bits of milliseconds; a longer wait wakes early and is asked for again.
  const timer = setTimeout(wake, Math.min(delayMs, 2 ** 31 - 1));
  return () => clearTimeout(timer);
}

/** @returns what stops it */
export function repeatEvery(intervalMs: number, act: () => void): () => void {
  const timer = setInterval(act, intervalMs);
  return () => clearInterval(timer);
}

export function waitMs(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}

/** Lets everything else that waits on this thread's event loop run first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Blocks the calling thread for good, as work that never ends would. For tests of what follows. */
export function hangForEver(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0);
}

/** Of bytecode, that the compiler makes part of one function; 920 by default. */
const INLINED_BYTES_MAX = 2000;

/**
 * A record's way leads through a dozen small functions of as many files: ring, operator, a job's own function, state. With
 * the compiler's own bound some of them stay calls, whichever come last. For the whole process, before the code is hot.
 */
export function inlineRecordPath(): void {
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${INLINED_BYTES_MAX}`);
}
