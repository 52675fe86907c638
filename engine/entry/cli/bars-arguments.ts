import { BAR_INTERVALS, BAR_PRICES, type BarInterval, type BarPrice } from '../../contract/bars.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { BarOpen } from '../../trading/bars/finish-bar.ts';
import { readOneOf, readWhole, WORKERS_MAX, type ParsedFlags } from './argument-values.ts';

/** `flinktrade bars`: the bars of a session. */
export interface BarsCommand {
  readonly kind: 'bars';
  readonly inputs: readonly string[];
  /** The state folder of a live session, in place of inputs. */
  readonly journal: string | null;
  readonly profile: string | null;
  readonly interval: BarInterval;
  readonly price: BarPrice;
  readonly open: BarOpen;
  readonly output: string;
  readonly workers: number | null;
  readonly outOfOrdernessMs: number | null;
  readonly maxFutureMs: number | null;
}

export const BARS_FLAGS = [
  'journal',
  'interval',
  'price',
  'open',
  'output',
  'profile',
  'workers',
  'out-of-orderness-ms',
  'max-future-ms',
] as const;

const BAR_OPENS: readonly BarOpen[] = ['first', 'previous-close'];

export function readBars({ values, rest }: ParsedFlags): Result<BarsCommand, string> {
  const journal = values.get('journal') ?? null;
  if (journal !== null && rest.length > 0)
    return fail(`--journal DIR is the session; leave ${rest[0]} out, or the journal.`);
  if (rest.length === 0 && journal === null)
    return fail('bars needs at least one session file: flinktrade bars INPUT... --interval 1m -o FILE');
  if (!values.has('interval')) return fail(`bars needs --interval: ${BAR_INTERVALS.join(', ')}.`);
  const interval = readOneOf(values, 'interval', BAR_INTERVALS, '1m');
  if (!interval.ok) return interval;
  const price = readOneOf(values, 'price', BAR_PRICES, 'mid');
  if (!price.ok) return price;
  const open = readOneOf(values, 'open', BAR_OPENS, 'first');
  if (!open.ok) return open;
  const workers = readWhole(values, 'workers', 1, WORKERS_MAX);
  if (!workers.ok) return workers;
  const outOfOrdernessMs = readWhole(values, 'out-of-orderness-ms', 0, Number.MAX_SAFE_INTEGER);
  if (!outOfOrdernessMs.ok) return outOfOrdernessMs;
  const maxFutureMs = readWhole(values, 'max-future-ms', 0, Number.MAX_SAFE_INTEGER);
  if (!maxFutureMs.ok) return maxFutureMs;
  return ok({
    kind: 'bars',
    inputs: rest,
    journal,
    profile: values.get('profile') ?? null,
    interval: interval.value,
    price: price.value,
    open: open.value,
    output: values.get('output') ?? '-',
    workers: workers.value,
    outOfOrdernessMs: outOfOrdernessMs.value,
    maxFutureMs: maxFutureMs.value,
  });
}
