import * as z from 'zod';
import type { TradeExplanation, WatermarkExplanation } from '../../contract/explanations.ts';
import { StateQueryError } from '../../runtime/query/state-query-error.ts';
import { explainSymbol } from './explain-symbol.ts';
import type { Route } from './route.ts';
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

const time = timeMs.nullable();
const name = z.string();
const WAIT = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['nothing', 'paused', 'failed', 'ended']) }),
  z.strictObject({ kind: z.literal('pace'), nextEventTimeMs: timeMs, inMs: z.number() }),
  z.strictObject({ kind: z.literal('input'), inputs: z.array(name) }),
]);
const WATERMARK = z.strictObject({
  watermarkMs: time.describe('What has come to pass for every symbol: the lowest of all tasks.'),
  why: z.string().describe('Sentences, with the numbers that were compared.'),
  heldBackBy: z.enum(['task', 'feed', 'order', 'paused', 'pace', 'input', 'failed', 'ended']),
  behindGreatestMs: z.number().nullable(),
  behindClockMs: z.number().nullable().describe('Live: behind the clock of the session.'),
  source: z.strictObject({
    watermarkMs: time,
    greatestEventTimeMs: time,
    outOfOrdernessMs: z.number(),
    maxFutureMs: z.number(),
    idleMs: z.number().nullable().describe('Live: event time goes on with the clock after so much silence.'),
    clockMs: time,
    heldQuotes: z.int().describe('Stamped too far ahead; nothing is decided about them.'),
    waitsFor: WAIT,
    inputs: z.array(
      z.strictObject({
        name,
        state: z.enum(['ready', 'waiting', 'ended']),
        lastEventTimeMs: time,
        nextEventTimeMs: time,
      }),
    ),
  }),
  feed: z
    .strictObject({
      state: z.string(),
      silentMs: z.number(),
      retryInMs: z.number().nullable(),
      isHeld: z.boolean().describe('The journal is behind, or has no room.'),
    })
    .nullable()
    .describe('null: not live.'),
  tasks: z.array(z.strictObject({ subtask: z.int(), watermarkMs: time, behindSourceMs: z.number().nullable() })),
  isStale: z.boolean().describe('The source did not answer in time; it is what it told last.'),
});

const checkpoint = z.coerce.number().int().nonnegative().optional();
const fact = z.union([z.string(), z.number(), z.null()]);
const text = z.string().nullable();
const EXPLANATION = z.strictObject({
  symbol: z.string(),
  why: z.string().describe('One sentence, with the numbers that were compared.'),
  reason: text.describe('null: the last quote traded, or nothing was held.'),
  bid: decimal.nullable(),
  bidSize: decimal.nullable(),
  ask: decimal.nullable(),
  quoteTimeMs: time,
  askPrice: decimal.nullable(),
  shares: decimal.nullable(),
  timerAtMs: time.describe('The one timer that is pending: the next decay of the ask price.'),
  timerClock: z.enum(['event-time', 'processing-time']).nullable(),
  expiresAtMs: time,
  floor: decimal.nullable(),
});
const TRADE = z.strictObject({
  id: z.string(),
  symbol: z.string(),
  shares: decimal,
  price: decimal,
  profit: decimal,
  eventTimeMs: timeMs,
  quoteSequence: z.int(),
  askBefore: decimal,
  askAfter: decimal,
});
const SYMBOL_EXPLANATION = z.strictObject({
  symbol: z.string(),
  asOf: z.int().nullable(),
  explanation: EXPLANATION,
  position: z.record(z.string(), fact).nullable().describe('A position row; null: quoted, and never held.'),
  reasons: z.record(z.string(), z.int()).describe('How often each reason kept it from trading.'),
  lastTrades: z.array(TRADE).describe('The newest first; /v1/trades/{id} explains each.'),
  watermark: WATERMARK.nullable().describe('null: as of a checkpoint.'),
  checkpoints: z.array(z.int()).describe('That are kept, oldest first.'),
  changes: z
    .record(z.string(), z.tuple([fact, fact]))
    .nullable()
    .describe('By name: [at `since`, as asked]; null: nothing was compared.'),
});

/** Why things are as they are; part of the table in routes.ts. */
export const EXPLAIN_ROUTES: readonly Route[] = [
  {
    path: '/v1/explain/{symbol}',
    summary:
      'Why a symbol did or did not trade, its timer, its last trades, what holds the watermark back, and what changed since a checkpoint.',
    query: [
      { name: 'asOf', schema: checkpoint, about: 'The id of a kept checkpoint; without it the state as it is now.' },
      { name: 'since', schema: checkpoint, about: 'The id of a kept checkpoint: what is different from it is told.' },
    ],
    response: SYMBOL_EXPLANATION,
    handle: ({ client, path, query }) => {
      const idOf = (parameter: string): number | null => {
        const id = query.get(parameter)?.[0];
        return id === undefined ? null : Number(id);
      };
      return explainSymbol(client, path['symbol'], { asOf: idOf('asOf'), since: idOf('since') });
    },
  },
  {
    path: '/v1/watermark',
    summary: 'What holds the watermark back: a task, an input, the feed, the pace; with the numbers compared.',
    query: [],
    response: WATERMARK,
    rows: (body) =>
      (body as WatermarkExplanation).tasks.map(({ subtask, watermarkMs, behindSourceMs }) => ({
        subtask,
        watermarkMs,
        behindSourceMs,
      })),
    handle: ({ client }) => sessionOf(client).explainWatermark(),
  },
  {
    path: '/v1/trades/{id}',
    summary:
      'Why a trade was made as it was: the quote, the rules, what stood before and after. The latest 10,000 trades; all of them where the session keeps an audit trail.',
    query: [],
    response: TRADE_EXPLANATION,
    handle: async ({ client, path }): Promise<TradeExplanation> => {
      const found = await sessionOf(client).explainTrade(path['id']);
      if (found !== null) return found;
      throw new StateQueryError(
        'no-state',
        `There is no trade ${path['id']}. Ids are those of the trades file: the number of the quote, and the symbol. A session that keeps no audit trail forgets all but its latest 10,000.`,
      );
    },
  },
];
