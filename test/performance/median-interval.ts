/** A median, and where it would be of ever more such values. */
export interface MedianInterval {
  readonly low: number;
  readonly high: number;
  /** How surely the true median lies between them; 0 to 1. */
  readonly confidence: number;
}

/**
 * The interval of the median by the binomial law (Conover 1999, 3.2): each value lies below the true median as a coin falls, whatever
 * their distribution, so nothing is assumed of how measurements scatter. It reaches from the k-th smallest to the k-th greatest value, k
 * the largest for which the confidence is kept; with too few values from the smallest to the greatest.
 */
export function medianInterval(values: readonly number[], confidence = 0.95): MedianInterval {
  const sorted = [...values].sort((left, right) => left - right);
  const count = sorted.length;
  let outside = 0;
  let rank = 0;
  // Half the chance of falling on either side of the interval; the binomial weights by their logarithms, as they are tiny.
  for (let below = 0; below < count / 2; below += 1) {
    const next = outside + 2 * Math.exp(logChoose(count, below) - count * Math.LN2);
    if (below > 0 && next > 1 - confidence) break;
    outside = next;
    rank = below;
  }
  return { low: sorted[rank], high: sorted[count - 1 - rank], confidence: 1 - outside };
}

function logChoose(count: number, chosen: number): number {
  let sum = 0;
  for (let at = 1; at <= chosen; at += 1) sum += Math.log((count - chosen + at) / at);
  return sum;
}
