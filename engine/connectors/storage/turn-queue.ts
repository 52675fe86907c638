/** `light`: a journal block, a small record. `heavy`: a part of a checkpoint. `idle`: what can wait for a quiet moment. */
export type Weight = 'light' | 'heavy' | 'idle';

interface Turn {
  readonly names: readonly string[];
  readonly act: () => Promise<void>;
}

/**
 * One act at a time. Light ones go before heavy ones, so that a journal block never waits for a whole checkpoint; two acts
 * on one name keep their order. Its length is bounded by its callers, who wait for what they asked for.
 */
export class TurnQueue {
  readonly #turns: Readonly<Record<Weight, Turn[]>> = { light: [], heavy: [], idle: [] };
  #running = false;
  #quiet: (() => void)[] = [];

  run<T>(weight: Weight, names: readonly string[], act: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const turn: Turn = { names, act: () => act().then(resolve, reject) };
      this.#turns[weight === 'light' && this.#waitsForHeavy(names) ? 'heavy' : weight].push(turn);
      if (!this.#running) void this.#work();
    });
  }

  /** Resolves when nothing is running or waiting. */
  quiet(): Promise<void> {
    return this.#running ? new Promise((resolve) => this.#quiet.push(resolve)) : Promise.resolve();
  }

  #waitsForHeavy(names: readonly string[]): boolean {
    const { heavy } = this.#turns;
    return heavy.length > 0 && heavy.some((turn) => turn.names.some((name) => names.includes(name)));
  }

  async #work(): Promise<void> {
    this.#running = true;
    const { light, heavy, idle } = this.#turns;
    for (;;) {
      const next = light.shift() ?? heavy.shift() ?? idle.shift();
      if (next === undefined) break;
      await next.act();
    }
    this.#running = false;
    for (const resolve of this.#quiet.splice(0)) resolve();
  }
}
