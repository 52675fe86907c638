import * as z from 'zod';
import type { QueryableStateClient, ListOptions } from '../../runtime/query/queryable-state-client.ts';
import { KEYS_ASKED_MAX, PAGE_ROWS_MAX } from '../../runtime/query/queryable-state-client.ts';
import type { Key } from '../../state/java-hash.ts';
import type { JobMeter } from '../../runtime/metrics/job-metrics.ts';
import type { JobPage } from '../../contract/job-page.ts';
import { EXPLAIN_ROUTES } from './explain-routes.ts';
import { CHECKPOINT_NUMBERS, JOB_PAGE, THREAD_NUMBERS, TIMES, vertexRows } from './job-page-schema.ts';
import { jsonOf } from './plain-json.ts';
import { PROMETHEUS_TYPE, prometheusText } from './prometheus.ts';
import { POSITION, SESSION_JOB } from './trading-queries.ts';

/** What a route is asked: names out of the path, and what stands behind the question mark. */
export interface RouteRequest {
  readonly path: Readonly<Record<string, string>>;
  readonly query: ReadonlyMap<string, readonly string[]>;
  readonly client: QueryableStateClient;
  readonly program: ProgramInfo;
}

export interface ProgramInfo {
  readonly kind: 'workstation' | 'replay' | 'live';
  readonly version: string;
  readonly startedAtMs: number;
}

/** One parameter, as it is read and as it is described. */
interface Parameter {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly about: string;
  readonly isRepeated?: boolean;
}

/**
 * One thing that can be read. There is nothing else: what writes has no place in this table, and the server knows no other
 * verb than GET.
 */
export interface Route {
  /** `{name}` stands for one part of the path. */
  readonly path: string;
  readonly summary: string;
  readonly query: readonly Parameter[];
  readonly response: z.ZodType;
  /** Rows that a spreadsheet can take instead of the JSON; absent: none. */
  readonly rows?: (body: unknown) => readonly Readonly<Record<string, unknown>>[];
  /** What it answers instead of JSON; absent: JSON. */
  readonly text?: { readonly type: string; readonly of: (body: unknown) => string };
  readonly handle: (request: RouteRequest) => Promise<unknown>;
}

/** A mistake of whoever asks. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

const KEY_TYPE: Parameter = {
  name: 'keyType',
  schema: z.enum(['string', 'number', 'boolean', 'bigint']).default('string'),
  about: 'What kind of value the keys of this state are.',
};
const AS_OF: Parameter = {
  name: 'asOf',
  schema: z.coerce.number().int().nonnegative().optional(),
  about: 'The id of a kept checkpoint; without it the state as it is now.',
};
const LIST: readonly Parameter[] = [
  { name: 'prefix', schema: z.string().max(1_000).optional(), about: 'Only keys that begin with it.' },
  {
    name: 'filter',
    schema: z.array(z.string().max(1_000)).max(16),
    about:
      'field:operator:value with eq, ne, lt, le, gt, ge; all of them must hold. An empty field is the value itself.',
    isRepeated: true,
  },
  { name: 'sort', schema: z.string().max(200).optional(), about: 'A field to order by; without it, by key.' },
  { name: 'order', schema: z.enum(['ascending', 'descending']).default('ascending'), about: 'Of the sorting.' },
  {
    name: 'keyGroups',
    schema: z
      .string()
      .regex(/^\d{1,6}-\d{1,6}$/)
      .optional(),
    about: 'Only keys of these key groups, first-last.',
  },
  {
    name: 'limit',
    schema: z.coerce.number().int().min(1).max(PAGE_ROWS_MAX).default(100),
    about: 'Rows of a page.',
  },
  { name: 'cursor', schema: z.string().max(8_192).optional(), about: 'From the page before.' },
  AS_OF,
];

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
const JOB = z.strictObject({
  id: z.string(),
  state: z.enum(['starting', 'running', 'ended']),
  parallelism: z.int(),
  maxParallelism: z.int(),
});

const METRICS = z.strictObject({
  parallelism: z.int(),
  maxParallelism: z.int(),
  numberOfRescales: z.int(),
  tasks: z.array(
    z.strictObject({
      task: z.string(),
      subtaskIndex: z.int().nullable().describe('null: the source thread'),
      numRecordsIn: z.number(),
      currentInputWatermark: z.number().nullable(),
      busyTimeMsPerSecond: z.number(),
      idleTimeMsPerSecond: z.number(),
      backPressuredTimeMsPerSecond: z.number(),
      isBackPressured: z.boolean(),
      ...THREAD_NUMBERS,
    }),
  ),
  sinks: TIMES.describe("Of the coordinator's thread, as far as its sinks take it."),
  checkpoints: z.strictObject(CHECKPOINT_NUMBERS),
});

/** In the order of the description. `/v1/openapi.json` is added by whoever serves them. */
export const ROUTES: readonly Route[] = [
  {
    path: '/v1/overview',
    summary: 'The program, and the jobs that can be asked.',
    query: [],
    response: z.strictObject({
      kind: z.enum(['workstation', 'replay', 'live']),
      version: z.string(),
      startedAtMs: z.number(),
      jobs: z.array(JOB),
    }),
    handle: ({ client, program }) =>
      Promise.resolve({
        ...program,
        jobs: client.jobIds.map((id) => {
          const { queryState, parallelism, maxParallelism } = client.served(id).job;
          return { id, state: queryState, parallelism, maxParallelism };
        }),
      }),
  },
  {
    path: '/v1/jobs/{job}/metrics',
    summary: 'Threads, watermarks and checkpoints of a job, under the names Flink gives them.',
    query: [],
    response: METRICS,
    rows: (body) => (body as { tasks: Record<string, unknown>[] }).tasks,
    handle: ({ client, path }) => Promise.resolve(meterOf(client, path['job']).read()),
  },
  {
    path: '/v1/jobs/{job}',
    summary: 'A job as its page shows it: the graph with its numbers, checkpoints, changes of workers, key-group load.',
    query: [],
    response: JOB_PAGE,
    rows: (body) => vertexRows(body as JobPage),
    handle: ({ client, path }) => Promise.resolve(meterOf(client, path['job']).page(path['job'])),
  },
  {
    path: '/metrics',
    summary: 'The metrics of all jobs for Prometheus.',
    query: [],
    response: z.string(),
    text: { type: PROMETHEUS_TYPE, of: (body) => body as string },
    handle: ({ client }) => Promise.resolve(prometheusText(client.jobIds.map((id) => meterOf(client, id).page(id)))),
  },
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
  ...EXPLAIN_ROUTES,
];

/** @throws StateQueryError `unknown-job` */
function meterOf(client: QueryableStateClient, jobId: string): JobMeter {
  const { meter } = client.served(jobId);
  if (meter === undefined) throw new RequestError(`The job '${jobId}' is not metered.`);
  return meter;
}

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

/** @throws RequestError that names the parameter, what was found and what is allowed */
export function checkQuery(route: Route, query: ReadonlyMap<string, readonly string[]>): void {
  const known = new Map([...route.query, FORMAT].map((parameter) => [parameter.name, parameter]));
  for (const [name, values] of query) {
    const parameter = known.get(name);
    if (parameter === undefined)
      throw new RequestError(`There is no parameter '${name}' here; there are: ${[...known.keys()].join(', ')}.`);
    if (parameter.isRepeated !== true && values.length > 1) throw new RequestError(`'${name}' was given twice.`);
  }
  for (const { name, schema, isRepeated } of known.values()) {
    const values = query.get(name);
    const checked = schema.safeParse(isRepeated === true ? (values ?? []) : values?.[0]);
    if (!checked.success)
      throw new RequestError(`'${name}': ${checked.error.issues[0].message}; found ${JSON.stringify(values ?? null)}.`);
  }
}

export const FORMAT: Parameter = {
  name: 'format',
  schema: z.enum(['json', 'csv']).default('json'),
  about: 'csv: the rows for a spreadsheet, also by `Accept: text/csv`.',
};

function one({ query }: RouteRequest, name: string): string | undefined {
  return query.get(name)?.[0];
}

function asOf(request: RouteRequest): { asOf?: number } {
  const id = one(request, 'asOf');
  return id === undefined ? {} : { asOf: Number(id) };
}

function listOptions(request: RouteRequest): ListOptions {
  const prefix = one(request, 'prefix');
  const sort = one(request, 'sort');
  const cursor = one(request, 'cursor');
  const limit = one(request, 'limit');
  const groups = one(request, 'keyGroups')?.split('-').map(Number);
  const direction = one(request, 'order') === 'descending' ? 'descending' : 'ascending';
  return {
    where: (request.query.get('filter') ?? []).map(conditionOf),
    ...(prefix !== undefined && { prefix }),
    ...(sort !== undefined && { order: { field: sort, direction } }),
    ...(cursor !== undefined && { cursor }),
    ...(limit !== undefined && { limit: Number(limit) }),
    ...(groups !== undefined && { keyGroups: { start: groups[0], end: groups[1] } }),
    ...asOf(request),
  };
}

const CONDITION = /^([^:]*):(eq|ne|lt|le|gt|ge):(.*)$/s;

/** `profit:gt:0`; the value is compared as a number where both sides are one. */
export function conditionOf(text: string): NonNullable<ListOptions['where']>[number] {
  const [, field, operator, value] = CONDITION.exec(text) ?? [];
  if (field === undefined)
    throw new RequestError(`A filter is field:operator:value, such as profit:gt:0; found ${JSON.stringify(text)}.`);
  const constant = value === 'true' ? true : value === 'false' ? false : value;
  return { field, operator: operator as 'eq', value: constant };
}

/** @throws RequestError for text that is no key of that type */
export function keyOf(text: string, type: string | undefined): Key {
  switch (type) {
    case 'number': {
      const number = Number(text);
      if (text.trim() === '' || !Number.isFinite(number))
        throw new RequestError(`${JSON.stringify(text)} is no number.`);
      return number;
    }
    case 'bigint':
      if (!/^-?\d{1,40}$/.test(text)) throw new RequestError(`${JSON.stringify(text)} is no whole number.`);
      return BigInt(text);
    case 'boolean':
      return text === 'true';
    default:
      return text;
  }
}

/** Rows of a state as a table: the value's fields are columns, a value without fields is one. */
function tableOf(body: unknown): readonly Readonly<Record<string, unknown>>[] {
  return (body as { rows: { key: unknown; value?: unknown }[] }).rows.map(({ key, value }) => {
    const plain = jsonOf(value);
    const fields = typeof plain === 'object' && plain !== null && !Array.isArray(plain) ? plain : { value: plain };
    return { key: jsonOf(key), ...fields };
  });
}
