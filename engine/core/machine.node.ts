import type { Clock } from './time.ts';

/** The machine's own clocks: handed in where a thread starts, never reached for. */
export const machineClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/** Calls `wake` once after `delayMs`; the returned function takes that back. */
export function startMachineTimer(delayMs: number, wake: () => void): () => void {
  // A timer holds 31 bits of milliseconds; a longer wait wakes early and is asked for again.
  const timer = setTimeout(wake, Math.min(delayMs, 2 ** 31 - 1));
  return () => clearTimeout(timer);
}
