import type { BarBuilding } from '../../engine/contract/bars.ts';
import type { Draws } from './draws.ts';
import type { Ending, Nuisance, RecoveryPoint, StoreCallKind } from './faults.ts';
import type { LedgerRefusal } from './ledger.ts';

/** One life of the simulated process, from its start to its crash, its stop or the end of the job. */
export interface LifePlan {
  readonly seed: number;
  readonly parallelism: number;
  readonly ringSlots: number;
  /** Records of one poll at most. */
  readonly pollRecordsMax: number;
  readonly intervalMs: number;
  readonly minPauseMs: number;
  readonly timeoutMs: number;
  readonly retained: number;
  /** Of each call of the store, half before it takes effect and half after, at most. */
  readonly storeDelayMs: number;
  /** Sequence at which the session waits for what is planned. */
  readonly holdAt: number;
  /** null: it runs to the end of the job. */
  readonly ending: Ending | null;
  readonly nuisances: readonly Nuisance[];
}

/** Sinks write through transactions of a ledger, whose calls take up to `delayMs` on their way and back. */
export interface LedgerPlan {
  readonly delayMs: number;
  readonly refuses: LedgerRefusal | null;
}

export interface SimulationPlan {
  readonly maxParallelism: number;
  /** Samples of quotes are kept for charts: state of another kind. */
  readonly historySampleMs: number | null;
  /** Windows of two kinds, and a history of what they give. */
  readonly bars: BarBuilding;
  readonly lives: readonly LifePlan[];
  /** null: sinks commit at once. */
  readonly ledger: LedgerPlan | null;
}

/** Of the simulated clock. Checkpoints take some ten of them. */
const TIMEOUT_MS = 600;
const NEVER_ANSWERS: ReadonlySet<string> = new Set(['hangs', 'stored-but-hangs', 'slow']);
export const PARALLELISM_MAX = 5;

/** @param quotes sequence numbers that the session gives out: faults are spread over them, so that most of them happen */
export function drawPlan(draws: Draws, quotes: number): Omit<SimulationPlan, 'ledger'> {
  const maxParallelism = draws.of([PARALLELISM_MAX, 8, 13, 128, 128]);
  const storage = {
    intervalMs: draws.of([3, 8, 8, 15, 30]),
    minPauseMs: draws.of([0, 0, 5]),
    retained: draws.of([1, 2, 2, 3]),
    storeDelayMs: draws.of([0, 1, 3]),
  };
  const endings = drawEndings(draws, quotes);
  let parallelism = draws.int(1, PARALLELISM_MAX);
  const lives: LifePlan[] = [];
  for (const ending of [...endings, null]) {
    const nuisances = drawNuisances(draws, quotes, lives.length > 0, ending);
    lives.push({
      seed: draws.seed(),
      parallelism,
      ringSlots: draws.of([4, 8, 16, 64]),
      pollRecordsMax: draws.of([1, 2, 2, 4, 6]),
      ...storage,
      retained: endings.some(({ kind }) => kind === 'newest-checkpoint-damaged')
        ? Math.max(2, storage.retained)
        : storage.retained,
      timeoutMs: timeoutOf(draws, nuisances),
      holdAt: Math.floor(quotes * 0.85),
      ending,
      nuisances,
    });
    if (ending?.kind === 'rescale-from-checkpoint' || ending?.kind === 'rescale-from-savepoint')
      parallelism = draws.of([1, 2, 3, 4, PARALLELISM_MAX].filter((other) => other !== parallelism));
  }
  return {
    maxParallelism,
    historySampleMs: draws.of([null, null, 20]),
    bars: draws.of(['none', 'none', 'built'] as const),
    lives,
  };
}

/** Of the seeds: their sinks write through the ledger. */
const LEDGER = 0.35;

export function drawLedger(draws: Draws): LedgerPlan | null {
  if (!draws.chance(LEDGER)) return null;
  const nth = draws.int(1, 6);
  return {
    delayMs: draws.of([0, 1, 4]),
    refuses: draws.of([null, null, { call: 'commit', nth }, { call: 'pre-commit', nth }] as const),
  };
}

/** One that strikes when the store does not answer, and only then; or one that often strikes. */
function timeoutOf(draws: Draws, nuisances: readonly Nuisance[]): number {
  for (const nuisance of nuisances) {
    if (nuisance.kind === 'short-timeout') return nuisance.timeoutMs;
    if (nuisance.kind === 'store-call' && NEVER_ANSWERS.has(nuisance.fault)) return draws.of([40, 60]);
  }
  return TIMEOUT_MS;
}

function drawEndings(draws: Draws, quotes: number): Ending[] {
  const count = draws.weighted([
    [4, 1],
    [3, 2],
    [2, 3],
    [1, 4],
  ]);
  const places = Array.from({ length: count }, () =>
    draws.int(Math.floor(quotes * 0.1), Math.floor(quotes * 0.8)),
  ).sort((a, b) => a - b);
  const endings: Ending[] = [];
  for (const sequence of places) {
    endings.push(drawEnding(draws, sequence));
    // While it recovers from that one, once or twice in a row.
    const again = draws.weighted([
      [7, 0],
      [2, 1],
      [1, 2],
    ]);
    for (let times = 0; times < again; times += 1)
      endings.push({ kind: 'crash-in-recovery', where: drawRecoveryPoint(draws) });
  }
  if (draws.chance(0.1)) endings.push({ kind: 'crash-at-the-end' });
  return endings;
}

function drawEnding(draws: Draws, sequence: number): Ending {
  const side = draws.of(['before', 'after'] as const);
  return draws.weighted<() => Ending>([
    [3, () => ({ kind: 'task-killed-at-record', sequence, side })],
    [1, () => ({ kind: 'task-killed-at-timer', sequence: Math.floor(sequence / 2) })],
    [3, () => ({ kind: 'crash-at-a-step', sequence, steps: draws.int(0, 3) })],
    [2, () => ({ kind: 'crash-between-parts', sequence, parts: draws.int(0, 2) })],
    [3, () => ({ kind: 'crash-while-storing', sequence, calls: draws.int(1, 4), side })],
    [1, () => ({ kind: 'crash-ahead-of-commit', sequence })],
    [2, () => ({ kind: 'rescale-from-checkpoint', sequence, steps: draws.int(0, 3) })],
    [2, () => ({ kind: 'rescale-from-savepoint', sequence, steps: draws.int(0, 12) })],
    [
      2,
      () => ({ kind: 'newest-checkpoint-damaged', sequence, value: draws.of(['put-state', 'put-manifest'] as const) }),
    ],
  ])();
}

function drawRecoveryPoint(draws: Draws): RecoveryPoint {
  return draws.weighted<() => RecoveryPoint>([
    [2, () => ({ at: 'store-call', calls: draws.int(1, 2), side: draws.of(['before', 'after'] as const) })],
    [1, () => ({ at: 'commit', commits: 1 })],
    [2, () => ({ at: 'step', steps: draws.int(1, 4) })],
  ])();
}

function drawNuisances(draws: Draws, quotes: number, isRestart: boolean, ending: Ending | null): Nuisance[] {
  // A life that ends while it recovers meets nothing else, and one whose newest checkpoint is damaged needs it complete.
  if (ending?.kind === 'crash-in-recovery' || ending?.kind === 'newest-checkpoint-damaged') return [];
  const nuisances: Nuisance[] = [];
  const until = ending !== null && 'sequence' in ending ? ending.sequence : quotes;
  while (draws.chance(0.35) && nuisances.length < 3) {
    const drawn = drawNuisance(draws, Math.floor(draws.random() * until * 0.7), isRestart);
    if (!nuisances.some(({ kind }) => kind === drawn.kind)) nuisances.push(drawn);
  }
  return nuisances;
}

function drawNuisance(draws: Draws, sequence: number, isRestart: boolean): Nuisance {
  const call = (): StoreCallKind =>
    draws.weighted<StoreCallKind>([
      [3, 'put-state'],
      [3, 'put-manifest'],
      [1, 'remove'],
      [1, 'list'],
    ]);
  return draws.weighted<() => Nuisance>([
    [
      5,
      () => ({
        kind: 'store-call',
        fault: draws.of(['fails', 'full', 'hangs', 'stored-but-fails', 'stored-but-hangs', 'slow'] as const),
        call: call(),
        nth: draws.int(1, 3),
      }),
    ],
    [isRestart ? 1 : 0, () => ({ kind: 'read-damaged', nth: draws.of([1, 1, 2]) })],
    [1, () => ({ kind: 'disk-full', sequence, puts: draws.int(1, 3) })],
    [2, () => ({ kind: 'slow-consumer', sequence, calls: draws.int(10, 80) })],
    [2, () => ({ kind: 'slow-task', sequence, task: draws.int(0, PARALLELISM_MAX - 1), calls: draws.int(10, 80) })],
    [3, () => ({ kind: 'rescale-while-running', sequence, to: draws.int(1, PARALLELISM_MAX) })],
    [1, () => ({ kind: 'clock-jump', sequence, byMs: draws.of([-3_600_000, -1, 86_400_000, 1_000]) })],
    [1, () => ({ kind: 'short-timeout', timeoutMs: draws.of([2, 4, 8]) })],
  ])();
}
