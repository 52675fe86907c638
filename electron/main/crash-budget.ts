/** How often a page that died is loaded again: more than that in a minute is a fault that reloading does not mend. */
export const RELOADS_MAX = 3;
export const BUDGET_WINDOW_MS = 60_000;

/** Counts the deaths of one window's page. Time is an argument. */
export class CrashBudget {
  #deathsMs: number[] = [];

  /** @returns `reload`, or `give-up` when the budget of the last minute is spent */
  died(nowMs: number): 'reload' | 'give-up' {
    this.#deathsMs = this.#deathsMs.filter((atMs) => nowMs - atMs < BUDGET_WINDOW_MS);
    this.#deathsMs.push(nowMs);
    return this.#deathsMs.length > RELOADS_MAX ? 'give-up' : 'reload';
  }
}
