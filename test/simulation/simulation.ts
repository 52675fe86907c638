import { Draws } from './draws.ts';
import { drawSession } from './drawn-session.ts';
import { nameOf, type Fault } from './faults.ts';
import { Life, type LifeOutcome } from './life.ts';
import { drawLedger, drawPlan, type LifePlan, type SimulationPlan } from './plan.ts';
import type { SimulatedJob } from './simulated-job.ts';
import { SimulatedMachine } from './simulated-machine.ts';
import { drawStreams } from './streams/drawn-streams.ts';
import { simulatedStreams } from './streams/simulated-streams.ts';
import { simulatedTrading } from './trading-job.ts';

/** How one seed went. */
export interface SimulationOutcome {
  readonly seed: number;
  /** Names of the faults that happened, one for each time. */
  readonly fired: readonly string[];
  /** Planned faults that did not happen; a run that has any does not count. */
  readonly notFired: readonly string[];
  readonly oddities: readonly string[];
  /** Empty is what is wanted. */
  readonly violations: readonly string[];
  readonly quotes: number;
  readonly trades: number;
  readonly lives: number;
  readonly restores: number;
}

/** No faults, no checkpoints, one worker. */
const UNDISTURBED: Omit<LifePlan, 'seed'> = {
  parallelism: 1,
  ringSlots: 64,
  pollRecordsMax: 4096,
  intervalMs: 1e9,
  minPauseMs: 0,
  timeoutMs: 1e9,
  retained: 1,
  storeDelayMs: 0,
  holdAt: Infinity,
  ending: null,
  nuisances: [],
};

/** Of the seeds: the others run FlinkTrade. */
const STREAMS = 0.4;
/** So that what FlinkTrade's seeds draw does not depend on who else there is. */
const KIND_SALT = 0x51ed;

/** So that what a seed has planned does not depend on how its sinks are written. */
const LEDGER_SALT = 0x1ed9;
const TRIGGERED_SALT = 0x7219;

/** Runs one seed: its job undisturbed, then with everything that the seed has planned, and judges the end. */
export async function simulate(seed: number): Promise<SimulationOutcome> {
  const draws = new Draws(seed);
  const ledger = drawLedger(new Draws(seed ^ LEDGER_SALT));
  if (new Draws(seed ^ KIND_SALT).chance(STREAMS)) {
    const drawn = drawStreams(draws, new Draws(seed ^ TRIGGERED_SALT));
    const streamsPlan = { ...drawPlan(draws, drawn.steps.length), ledger };
    return disturb(seed, simulatedStreams(drawn, keepsWorkers(streamsPlan)), streamsPlan);
  }
  const session = drawSession(draws);
  const trading = simulatedTrading(session, () => plan);
  const plan = { ...drawPlan(draws, trading.quotes), ledger };
  return disturb(seed, trading, plan);
}

/** Calls that are under way when the number of workers changes go to whoever has room: the order of a key ends there, as in Flink. */
function keepsWorkers({ lives }: SimulationPlan): boolean {
  return lives.every(
    ({ parallelism, nuisances }) =>
      parallelism === lives[0].parallelism && nuisances.every(({ kind }) => kind !== 'rescale-while-running'),
  );
}

async function disturb<R, W>(seed: number, job: SimulatedJob<R, W>, plan: SimulationPlan): Promise<SimulationOutcome> {
  const alone = new SimulatedMachine<W>(job.createWorld(), null);
  const refusal = plan.ledger?.refuses ?? null;
  const machine = new SimulatedMachine<W>(job.createWorld(), refusal);
  const run = new Run(plan, job);
  const violations: string[] = [];
  const judge = (of: SimulatedMachine<W>, results: R, undisturbed: R | null): string[] => [
    ...of.allViolations,
    ...job.judge({ log: (sink) => of.log(sink), world: of.world, results }, undisturbed),
  ];
  try {
    const undisturbed = await new Life(alone, job, plan, { ...UNDISTURBED, seed }).run();
    if (undisturbed.kind !== 'ended') throw new Error('The undisturbed run did not end.');
    violations.push(...judge(alone, undisturbed.results, null).map((problem) => `undisturbed: ${problem}`));
    violations.push(...judge(machine, await run.all(machine), undisturbed.results));
  } catch (error) {
    violations.push(`life ${run.lives}: ${(error as Error).stack ?? String(error)}`);
  }
  const refused = refusal === null ? [] : [`ledger-refuses-${refusal.call}`];
  return {
    seed,
    fired: [...run.fired.map(nameOf), ...(machine.refusal === null ? refused : [])],
    notFired: [...run.notFired.map(nameOf), ...(machine.refusal === null ? [] : refused)],
    oddities: [...job.oddities(machine.world), ...(plan.ledger === null ? [] : ['ledger']), ...machine.ledgerEvents],
    violations,
    quotes: job.quotes,
    trades: job.trades,
    lives: run.lives,
    restores: run.restores,
  };
}

/** All lives of the simulated process on one machine. */
class Run<R, W> {
  readonly fired: Fault[] = [];
  readonly notFired: Fault[] = [];
  lives = 0;
  restores = 0;
  readonly #plan: SimulationPlan;
  readonly #job: SimulatedJob<R, W>;
  /** Faults that only the next life shows to have happened. */
  #awaited: Fault | null = null;

  constructor(plan: SimulationPlan, job: SimulatedJob<R, W>) {
    this.#plan = plan;
    this.#job = job;
  }

  async all(machine: SimulatedMachine<W>): Promise<R> {
    for (const plan of this.#plan.lives) {
      let outcome = await this.one(machine, plan);
      // A job that failed is started again, and meets what was planned for it then.
      while (outcome.kind === 'refused') outcome = await this.one(machine, { ...plan, seed: plan.seed + 1 });
      if (outcome.kind === 'ended') {
        const unlived = this.#plan.lives.slice(this.#plan.lives.indexOf(plan) + 1);
        for (const { ending, nuisances } of unlived)
          this.notFired.push(...nuisances, ...(ending === null ? [] : [ending]));
        return outcome.results;
      }
    }
    throw new Error('The last life of the process did not end.');
  }

  private async one(machine: SimulatedMachine<W>, plan: LifePlan): Promise<LifeOutcome<R>> {
    this.lives += 1;
    const life = new Life(machine, this.#job, this.#plan, plan);
    const outcome = await life.run();
    if (life.restored !== null) this.restores += 1;
    this.#settleAwaited(life, plan);
    if (outcome.kind === 'refused') return outcome;
    const { ending, nuisances } = plan;
    for (const fault of nuisances) (life.faults.fired.has(fault) ? this.fired : this.notFired).push(fault);
    machine.wantedSavepoint = ending?.kind === 'rescale-from-savepoint' ? life.faults.savepointId : null;
    if (ending !== null) {
      if (life.faults.fired.has(ending)) this.fired.push(ending);
      else if (outcome.kind === 'crashed') this.#awaited = ending;
      else this.notFired.push(ending);
    }
    return outcome;
  }

  /** A rescale has happened when the next life goes on with another number of workers; damage, when it was refused. */
  #settleAwaited(life: Life<R, W>, { parallelism }: LifePlan): void {
    const awaited = this.#awaited;
    // It may have crashed before it read a checkpoint: then the life after it shows.
    if (awaited === null || !life.hasRead) return;
    this.#awaited = null;
    const { restored } = life;
    const happened =
      awaited.kind === 'newest-checkpoint-damaged'
        ? life.refusedInRecovery > 0 && restored !== null
        : restored !== null && restored.parallelism !== parallelism;
    (happened ? this.fired : this.notFired).push(awaited);
  }
}
