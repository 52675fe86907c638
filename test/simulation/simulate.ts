import { simulate, type SimulationOutcome } from './simulation.ts';
import { Tally } from './tally.ts';

const USAGE = `npm run simulate -- --seeds N [--first S] [--verbose]

  --seeds N    how many seeds to run, 1 or more
  --first S    the first of them; the others follow (default 1). One seed alone: --first S --seeds 1
  --verbose    a line for each seed`;

interface Arguments {
  readonly seeds: number;
  readonly first: number;
  readonly isVerbose: boolean;
}

function parse(words: readonly string[]): Arguments | string {
  let seeds = NaN;
  let first = 1;
  let isVerbose = false;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    const number = (): number => {
      index += 1;
      return Number(words[index]);
    };
    if (word === '--seeds') seeds = number();
    else if (word === '--first') first = number();
    else if (word === '--verbose') isVerbose = true;
    else return `There is no option "${word}".`;
  }
  if (!Number.isSafeInteger(seeds) || seeds < 1) return '--seeds must be a whole number, 1 or more.';
  if (!Number.isSafeInteger(first) || first < 0) return '--first must be a whole number, 0 or more.';
  return { seeds, first, isVerbose };
}

const TOLD_EVERY_SEEDS = 1_000;

async function main(): Promise<number> {
  const given = parse(process.argv.slice(2));
  if (typeof given === 'string') {
    console.error(`${given}\n\n${USAGE}`);
    return 2;
  }
  const { seeds, first, isVerbose } = given;
  const tally = new Tally();
  const from = performance.now();
  // Whoever stops it is told what was seen so far.
  let isStopped = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (isStopped = true));
  for (let seed = first; seed < first + seeds && !isStopped; seed += 1) {
    const outcome = await simulate(seed);
    tally.add(outcome);
    if (isVerbose) console.log(lineOf(outcome));
    for (const violation of outcome.violations)
      console.log(
        `VIOLATION seed ${seed}: ${violation}\n  alone: npm run simulate -- --first ${seed} --seeds 1 --verbose`,
      );
    if (tally.seeds % TOLD_EVERY_SEEDS === 0)
      console.error(`${tally.seeds} seeds, ${tally.violatedSeeds.length} with violations`);
  }
  console.log(tally.report((performance.now() - from) / 1_000));
  return tally.violatedSeeds.length === 0 ? 0 : 1;
}

function lineOf({ seed, fired, notFired, quotes, trades, lives, restores }: SimulationOutcome): string {
  const missed = notFired.length === 0 ? '' : `; did not fire, so it does not count: ${notFired.join(', ')}`;
  return `seed ${seed}: ${quotes} quotes, ${trades} trades, ${lives} lives, ${restores} restores; ${fired.join(', ')}${missed}`;
}

process.exitCode = await main();
