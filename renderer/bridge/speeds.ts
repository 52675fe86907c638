import type { Speed } from '../../engine/contract/window.ts';

/** Those that can be chosen, slowest first. */
export const SPEEDS: readonly Speed[] = [
  ...[1, 2, 5, 10, 60, 600].map((factor) => ({ kind: 'times', factor }) as const),
  { kind: 'max' },
];

export function isSameSpeed(left: Speed, right: Speed): boolean {
  if (left.kind === 'max' || right.kind === 'max') return left.kind === right.kind;
  return left.factor === right.factor;
}

export function speedText(speed: Speed): string {
  return speed.kind === 'max' ? 'max' : `\u00d7${speed.factor}`;
}

/** @returns the next faster or slower one; at the end of the list the last; null when there is none */
export function nextSpeed(speed: Speed, by: 1 | -1): Speed | null {
  const at = SPEEDS.findIndex((one) => isSameSpeed(one, speed));
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + by))] ?? null;
}
