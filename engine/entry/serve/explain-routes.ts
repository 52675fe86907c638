import * as z from 'zod';
import type { TradeExplanation } from '../../contract/explanations.ts';
import { StateQueryError } from '../../runtime/query/state-query-error.ts';
import type { Route } from './routes.ts';
import { sessionOf } from './trading-queries.ts';

const decimal = z.string().regex(/^-?\d+(\.\d+)?$/);
const timeMs = z.number().describe('ms since the Unix epoch');
const beforeAndAfter = <T extends z.ZodType>(value: T): z.ZodType => z.strictObject({ before: value, after: value });
/** As a rules file has them, with every default filled in. */
const rules = z.record(z.string(), z.unknown());

const TRADE_EXPLANATION = z.strictObject({
  id: z.string(),
  symbol: z.string(),
  why: z.string().describe('Sentences, with the numbers that were compared.'),
  shares: decimal,
  price: decimal,
  profit: decimal,
  buyPrice: decimal.nullable().describe('null, here and below: an earlier version stored the trade without it.'),
  quote: z.strictObject({
    sequence: z.int(),
    eventTimeMs: timeMs,
    bid: decimal,
    bidSize: decimal.nullable().describe('null: nobody told it.'),
    ask: decimal.nullable().describe('null: the quote had none.'),
    askSize: decimal.nullable(),
  }),
  rulesVersion: z.int().nullable(),
  rules: rules.nullable().describe('That applied to the symbol, with all defaults.'),
  limits: rules.nullable(),
  askPrice: beforeAndAfter(decimal),
  sharesHeld: beforeAndAfter(decimal).nullable(),
  expiresAtMs: beforeAndAfter(timeMs.nullable()).nullable().describe('The time to live; null in it: for ever.'),
  nextDecayAtMs: beforeAndAfter(timeMs.nullable()).nullable().describe('The timer; null in it: none was planned.'),
});

/** Why things are as they are; part of the table in routes.ts. */
export const EXPLAIN_ROUTES: readonly Route[] = [
  {
    path: '/v1/trades/{id}',
    summary:
      'Why a trade was made as it was: the quote, the rules, what stood before and after. The latest 10,000 trades; all of them where the session keeps an audit trail.',
    query: [],
    response: TRADE_EXPLANATION,
    handle: async ({ client, path }): Promise<TradeExplanation> => {
      const found = await sessionOf(client).decisions.explain(path['id']);
      if (found !== null) return found;
      throw new StateQueryError(
        'no-state',
        `There is no trade ${path['id']}. Ids are those of the trades file: the number of the quote, and the symbol. A session that keeps no audit trail forgets all but its latest 10,000.`,
      );
    },
  },
];
