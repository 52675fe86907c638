import { fail, ok, type Result } from '../../core/result.ts';
import { CHECKPOINT_SETTINGS_DEFAULT, type CheckpointSettings } from '../session/checkpoint-settings.ts';
import { readWhole } from './argument-values.ts';

const DAY_MS = 86_400_000;

export const CHECKPOINT_FLAGS = ['checkpoint-interval-ms', 'checkpoint-timeout-ms', 'checkpoints-kept'] as const;

export function readCheckpoints(values: ReadonlyMap<string, string>): Result<CheckpointSettings, string> {
  const flags = CHECKPOINT_FLAGS;
  const alone = values.has('state') ? undefined : [...flags, 'savepoint'].find((flag) => values.has(flag));
  if (alone !== undefined) return fail(`--${alone} needs --state DIR: without it there are no checkpoints.`);
  const { intervalMs, timeoutMs, retained } = CHECKPOINT_SETTINGS_DEFAULT;
  const interval = readWhole(values, flags[0], 10, DAY_MS);
  if (!interval.ok) return interval;
  const timeout = readWhole(values, flags[1], 100, DAY_MS);
  if (!timeout.ok) return timeout;
  const kept = readWhole(values, flags[2], 1, 100);
  if (!kept.ok) return kept;
  return ok({
    intervalMs: interval.value ?? intervalMs,
    timeoutMs: timeout.value ?? timeoutMs,
    retained: kept.value ?? retained,
  });
}
