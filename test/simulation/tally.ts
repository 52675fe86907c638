import type { SimulationOutcome } from './simulation.ts';

/** Adds up what many seeds did. */
export class Tally {
  seeds = 0;
  /** All their planned faults happened. */
  counted = 0;
  quotes = 0;
  trades = 0;
  lives = 0;
  restores = 0;
  readonly violatedSeeds: number[] = [];
  readonly firedByKind = new Map<string, number>();
  readonly missedByKind = new Map<string, number>();

  add({ seed, fired, notFired, oddities, violations, quotes, trades, lives, restores }: SimulationOutcome): void {
    this.seeds += 1;
    if (notFired.length === 0) this.counted += 1;
    this.quotes += quotes;
    this.trades += trades;
    this.lives += lives;
    this.restores += restores;
    if (violations.length > 0) this.violatedSeeds.push(seed);
    for (const name of [...fired, ...oddities]) addOne(this.firedByKind, name);
    for (const name of notFired) addOne(this.missedByKind, name);
  }

  report(seconds: number): string {
    const lines = (counts: Map<string, number>): string[] =>
      [...counts]
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([name, count]) => `  ${name.padEnd(28)} ${count}`);
    return [
      `${this.seeds} seeds in ${seconds.toFixed(1)} s: ${this.quotes} quotes, ${this.trades} trades, ${this.lives} lives, ${this.restores} restored from a checkpoint`,
      'faults fired:',
      ...lines(this.firedByKind),
      `${this.counted} seeds count; ${this.seeds - this.counted} do not, because a planned fault did not fire:`,
      ...lines(this.missedByKind),
      `violations: ${this.violatedSeeds.length === 0 ? 'none' : `${this.violatedSeeds.length} seeds: ${this.violatedSeeds.join(' ')}`}`,
    ].join('\n');
  }
}

function addOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
