import * as z from 'zod';
import { KEYS_ASKED_MAX } from '../../runtime/query/queryable-state-client.ts';
import { jsonOf } from './plain-json.ts';
import { asOf, AS_OF, keyOf, KEY_TYPE, LIST, listOptions, one } from './route-parameters.ts';
import type { Route } from './route.ts';

const anyValue = z.unknown().describe('The state: plain data, whole numbers beyond 2^53 and exact decimals as text.');
const EXPIRY = z
  .union([z.number(), z.array(z.number())])
  .optional()
  .describe(
    'Of state with a time to live: when it expires, or each of its elements or entries; ms of processing time.',
  );
const keySchema = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.array(z.union([z.string(), z.number(), z.boolean()])),
]);
const page = <T extends z.ZodType>(row: T): z.ZodType =>
  z.strictObject({ rows: z.array(row), cursor: z.string().nullable().describe('Of the next page; null: the last.') });
/** What any job keeps: its queryable states, now and as of its checkpoints. */
export const STATE_ROUTES: readonly Route[] = [
  {
    path: '/v1/jobs/{job}/states',
    summary: 'The queryable states of a job.',
    query: [],
    response: z.strictObject({
      states: z.array(
        z.strictObject({
          name: z.string(),
          uid: z.string(),
          operator: z.string(),
          kind: z.string(),
          stateName: z.string().nullable(),
          ttlMs: z.number().nullable().describe('Its time to live; null: for ever.'),
        }),
      ),
    }),
    rows: (body) => (body as { states: Record<string, unknown>[] }).states,
    handle: async ({ client, path }) => ({ states: await client.states(path['job']) }),
  },
  {
    path: '/v1/jobs/{job}/checkpoints',
    summary: 'Ids of the kept checkpoints, for `asOf`.',
    query: [],
    response: z.strictObject({ checkpoints: z.array(z.int()) }),
    handle: async ({ client, path }) => ({ checkpoints: await client.checkpointIds(path['job']) }),
  },
  {
    path: '/v1/jobs/{job}/states/{state}/rows',
    summary: 'Keys and values of a state, filtered and sorted, page by page.',
    query: [
      ...LIST,
      { name: 'values', schema: z.enum(['true', 'false']).default('true'), about: 'false: keys alone.' },
    ],
    response: page(z.strictObject({ key: keySchema, value: anyValue.optional(), expiresAtMs: EXPIRY })),
    rows: tableOf,
    handle: async (request) => {
      const { rows, cursor } = await request.client.list(
        request.path['job'],
        request.path['state'],
        listOptions(request),
      );
      const withValues = one(request, 'values') !== 'false';
      return { rows: rows.map((row) => (withValues ? row : { key: row.key })), cursor };
    },
  },
  {
    path: '/v1/jobs/{job}/states/{state}/values',
    summary: `The values of up to ${KEYS_ASKED_MAX} keys.`,
    query: [
      {
        name: 'key',
        schema: z.array(z.string().max(1_000)).min(1).max(KEYS_ASKED_MAX),
        about: 'A key; as often as there are keys.',
        isRepeated: true,
      },
      KEY_TYPE,
      AS_OF,
    ],
    response: z.strictObject({
      rows: z.array(z.strictObject({ key: keySchema, found: z.boolean(), value: anyValue, expiresAtMs: EXPIRY })),
    }),
    rows: tableOf,
    handle: async (request) => {
      const keys = (request.query.get('key') ?? []).map((text) => keyOf(text, one(request, 'keyType')));
      const values = await request.client.getMany(request.path['job'], request.path['state'], keys, asOf(request));
      return {
        rows: keys.map((key, place) => ({ key, found: values[place] !== null, value: null, ...values[place] })),
      };
    },
  },
  {
    path: '/v1/jobs/{job}/states/{state}/values/{key}',
    summary: 'The value of one key.',
    query: [KEY_TYPE, AS_OF],
    response: z.strictObject({ key: keySchema, value: anyValue, expiresAtMs: EXPIRY }),
    rows: (body) => tableOf({ rows: [body] }),
    handle: async (request) => {
      const key = keyOf(request.path['key'], one(request, 'keyType'));
      return { key, ...(await request.client.find(request.path['job'], request.path['state'], key, asOf(request))) };
    },
  },
];

/** Rows of a state as a table: the value's fields are columns, a value without fields is one. */
function tableOf(body: unknown): readonly Readonly<Record<string, unknown>>[] {
  return (body as { rows: { key: unknown; value?: unknown }[] }).rows.map(({ key, value }) => {
    const plain = jsonOf(value);
    const fields = typeof plain === 'object' && plain !== null && !Array.isArray(plain) ? plain : { value: plain };
    return { key: jsonOf(key), ...fields };
  });
}
