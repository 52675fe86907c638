/**
 * What is said to an execution gateway, and what comes back. Plain data, the same on the wire, between threads and in the
 * store; decimals are strings.
 */

/** A trade on its way to the market. The id is the trade's within its session, and the same at every attempt. */
export interface OrderRequest {
  readonly id: string;
  /** Tells the trades of two sessions apart. */
  readonly session: string;
  readonly symbol: string;
  readonly side: 'sell';
  readonly shares: string;
  readonly price: string;
}

/** What a gateway did with an order, once and for all: a repeated id gets the same answer. */
export type OrderAnswer =
  | { readonly state: 'confirmed'; readonly shares: string }
  /** Fewer shares than asked for; the rest is cancelled. */
  | { readonly state: 'partly-confirmed'; readonly shares: string }
  | { readonly state: 'rejected'; readonly reason: string };

/**
 * How an order stands. `routing`: being asked for. `timed-out`: nobody said in time; it may have been executed, and the
 * next start asks again under the same id. `refused`: the gateway understood and took nothing (a contradiction in the order).
 */
export type OrderState = 'routing' | OrderAnswer['state'] | 'timed-out' | 'refused';

export interface OrderOutcome {
  readonly id: string;
  readonly state: Exclude<OrderState, 'routing'>;
  /** Executed; null: none, or nobody knows. */
  readonly shares: string | null;
  /** Why it was rejected or refused, or what kept the answer away. */
  readonly reason: string | null;
}

/** Whether the answer is the gateway's last word. */
export function isSettled({ state }: OrderOutcome): boolean {
  return state !== 'timed-out';
}

/** Reference data of a symbol. */
export interface Instrument {
  readonly symbol: string;
  readonly name: string;
  readonly sector: string;
  readonly currency: string;
  readonly tickSize: string;
}

/** `unknown`: the service has no such symbol. `failed`: it did not say. */
export type InstrumentFound =
  | ({ readonly kind: 'known' } & Instrument)
  | { readonly kind: 'unknown'; readonly symbol: string }
  | { readonly kind: 'failed'; readonly symbol: string; readonly problem: string };
