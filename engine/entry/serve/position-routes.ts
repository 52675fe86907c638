import * as z from 'zod';
import { asOf, AS_OF, LIST, listOptions, one } from './route-parameters.ts';
import type { Route, RouteRequest } from './route.ts';
import { POSITION, SESSION_JOB } from './trading-queries.ts';

const decimal = z.string().regex(/^-?\d+(\.\d+)?$/);
const POSITION_ROW = z.strictObject({
  symbol: z.string(),
  shares: decimal,
  buyPrice: decimal,
  askPrice: decimal,
  lastTradePrice: decimal,
  profit: decimal,
  status: z.enum(['open', 'closed']),
  openedAt: z.number().describe('ms since the Unix epoch'),
  expiresAt: z.number().nullable(),
  nextDecayAt: z.number().nullable(),
  trades: z.int(),
});
/** Position rows of the session. */
export const POSITION_ROUTES: readonly Route[] = [
  {
    path: '/v1/positions',
    summary: 'Position rows of the session; the symbols that are asked for, or all, page by page.',
    query: [
      {
        name: 'symbols',
        schema: z.string().max(16_000).optional(),
        about: 'Comma-separated. Symbols without a position are left out, and named in `unknown`.',
      },
      ...LIST,
    ],
    response: z.strictObject({
      rows: z.array(POSITION_ROW),
      unknown: z.array(z.string()),
      cursor: z.string().nullable(),
    }),
    rows: (body) => (body as { rows: Record<string, unknown>[] }).rows,
    handle: positions,
  },
  {
    path: '/v1/positions/{symbol}',
    summary: 'The position row of one symbol.',
    query: [AS_OF],
    response: POSITION_ROW,
    rows: (body) => [body as Record<string, unknown>],
    handle: (request) => request.client.get(SESSION_JOB, POSITION, request.path['symbol'], asOf(request)),
  },
];

async function positions(request: RouteRequest): Promise<unknown> {
  const { client } = request;
  const symbols = one(request, 'symbols')
    ?.split(',')
    .map((symbol) => symbol.trim())
    .filter((symbol) => symbol !== '');
  if (symbols === undefined) {
    const { rows, cursor } = await client.list(SESSION_JOB, POSITION, listOptions(request));
    return { rows: rows.map(({ value }) => value), unknown: [], cursor };
  }
  const found = await client.getMany(SESSION_JOB, POSITION, symbols, asOf(request));
  return {
    rows: found.flatMap((row) => (row === null ? [] : [row.value])),
    unknown: symbols.filter((_, place) => found[place] === null),
    cursor: null,
  };
}
