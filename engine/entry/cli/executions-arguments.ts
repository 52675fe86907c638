import { BAR_INTERVALS, type BarInterval } from '../../contract/bars.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { readOneOf, readWhole, WORKERS_MAX, type ParsedFlags } from './argument-values.ts';

/** `flinktrade executions`: how each trade of a session compares with the market around it. */
export interface ExecutionsCommand {
  readonly kind: 'executions';
  readonly inputs: readonly string[];
  readonly positions: string;
  readonly rules: string | null;
  readonly profile: string | null;
  readonly interval: BarInterval;
  readonly output: string;
  readonly workers: number | null;
}

export const EXECUTIONS_FLAGS = ['positions', 'rules', 'profile', 'interval', 'output', 'workers'] as const;

export function readExecutions({ values, rest }: ParsedFlags): Result<ExecutionsCommand, string> {
  const positions = values.get('positions');
  if (rest.length === 0 || positions === undefined)
    return fail(
      'executions needs a session file and the starting positions: flinktrade executions INPUT... --positions FILE -o FILE',
    );
  const interval = readOneOf(values, 'interval', BAR_INTERVALS, '1m');
  if (!interval.ok) return interval;
  const workers = readWhole(values, 'workers', 1, WORKERS_MAX);
  if (!workers.ok) return workers;
  return ok({
    kind: 'executions',
    inputs: rest,
    positions,
    rules: values.get('rules') ?? null,
    profile: values.get('profile') ?? null,
    interval: interval.value,
    output: values.get('output') ?? '-',
    workers: workers.value,
  });
}
