import { fail, ok, type Result } from '../../core/result.ts';

/** Event milliseconds per wall millisecond; null: as fast as it goes. */
export type SpeedArgument = number | null;

export const WORKERS_MAX = 32;
export const PORT_MAX = 65_535;

export type ParsedFlags = { readonly values: ReadonlyMap<string, string>; readonly rest: readonly string[] };

export function readWhole(
  values: ReadonlyMap<string, string>,
  name: string,
  min: number,
  max: number,
): Result<number | null, string> {
  const text = values.get(name);
  if (text === undefined) return ok(null);
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max))
    return fail(`--${name} must be a whole number from ${min} to ${max}; found "${text}".`);
  return ok(value);
}

export function readSpeed(values: ReadonlyMap<string, string>, absent = 'max'): Result<SpeedArgument, string> {
  const text = values.get('speed') ?? absent;
  if (text === 'max') return ok(null);
  const factor = /^x(\d+(?:\.\d+)?)$/.exec(text)?.[1];
  const value = Number(factor);
  if (factor === undefined || value < 0.01 || value > 1e6) {
    return fail(`--speed must be "max" or "x" and a number from 0.01 to 1000000, such as x1 or x60; found "${text}".`);
  }
  return ok(value);
}

/** @param absent what holds where the option was not given */
export function readOneOf<T extends string>(
  values: ReadonlyMap<string, string>,
  name: string,
  allowed: readonly T[],
  absent: T,
): Result<T, string> {
  const text = values.get(name) ?? absent;
  const found = allowed.find((one) => one === text);
  return found === undefined ? fail(`--${name} must be one of ${allowed.join(', ')}; found "${text}".`) : ok(found);
}
