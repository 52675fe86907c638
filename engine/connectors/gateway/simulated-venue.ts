import type { OrderAnswer, OrderRequest } from '../../contract/orders.ts';
import { formatShares, parsePrice, parseShares, SHARE_DECIMALS } from '../../core/decimal.ts';
import { createRandom } from '../simulator/prng.ts';

/** How the simulated venue behaves. Rates are shares of 1. */
export interface VenueBehaviour {
  readonly seed: number;
  /** Of an answer, on average, ms. */
  readonly latencyMs: number;
  readonly latency: 'fixed' | 'uniform' | 'exponential';
  /** Attempts that are answered with an error before anything was done. */
  readonly errorRate: number;
  readonly partialRate: number;
  readonly rejectRate: number;
  /** Orders that are executed while the first answer never comes. */
  readonly hangRate: number;
}

const WHOLE_SHARE = 10 ** SHARE_DECIMALS;

/** FNV-1a: a number of 32 bits for a text. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/**
 * What a simulated market does with an order: decided by seed, session and id alone, so that a run can be repeated
 * whatever the order in which orders come.
 */
export class SimulatedVenue {
  private readonly behaviour: VenueBehaviour;

  constructor(behaviour: VenueBehaviour) {
    this.behaviour = behaviour;
  }

  execute({ session, id, shares, price }: OrderRequest): OrderAnswer {
    const wanted = parseShares(shares);
    const limit = parsePrice(price);
    if (!wanted.ok || wanted.value <= 0) return { state: 'rejected', reason: `"${shares}" is no number of shares` };
    if (!limit.ok || limit.value <= 0) return { state: 'rejected', reason: `"${price}" is no price` };
    const random = this.randomOf(`execute ${session} ${id}`);
    const dice = random();
    const { rejectRate, partialRate } = this.behaviour;
    if (dice < rejectRate) return { state: 'rejected', reason: 'the market moved away' };
    // Whole shares are filled in whole shares.
    const unit = wanted.value % WHOLE_SHARE === 0 ? WHOLE_SHARE : 1;
    const part = Math.floor((wanted.value * random()) / unit) * unit;
    if (dice < rejectRate + partialRate && part > 0) return { state: 'partly-confirmed', shares: formatShares(part) };
    return { state: 'confirmed', shares: formatShares(wanted.value) };
  }

  /** Whether this attempt meets an error before the venue hears of it. */
  fails(key: string, attempt: number): boolean {
    return this.randomOf(`fail ${attempt} ${key}`)() < this.behaviour.errorRate;
  }

  /** Whether the first answer to an order never comes. */
  hangs(key: string): boolean {
    return this.randomOf(`hang ${key}`)() < this.behaviour.hangRate;
  }

  latencyMs(key: string, attempt: number): number {
    const { latency, latencyMs } = this.behaviour;
    const dice = this.randomOf(`latency ${attempt} ${key}`)();
    switch (latency) {
      case 'fixed':
        return latencyMs;
      case 'uniform':
        return 2 * latencyMs * dice;
      case 'exponential':
        return -latencyMs * Math.log(1 - dice);
    }
  }

  private randomOf(what: string): () => number {
    return createRandom(hashOf(`${this.behaviour.seed} ${what}`));
  }
}
