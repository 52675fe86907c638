import * as z from 'zod';
import { PAGE_ROWS_MAX, type ListOptions } from '../../runtime/query/queryable-state-client.ts';
import type { Key } from '../../state/java-hash.ts';
import { RequestError, type Parameter, type RouteRequest } from './route.ts';

export const KEY_TYPE: Parameter = {
  name: 'keyType',
  schema: z.enum(['string', 'number', 'boolean', 'bigint']).default('string'),
  about: 'What kind of value the keys of this state are.',
};
export const AS_OF: Parameter = {
  name: 'asOf',
  schema: z.coerce.number().int().nonnegative().optional(),
  about: 'The id of a kept checkpoint; without it the state as it is now.',
};
/** Of what is listed page by page. */
export const LIST: readonly Parameter[] = [
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

/** @returns undefined when it was not given */
export function one({ query }: RouteRequest, name: string): string | undefined {
  return query.get(name)?.[0];
}

export function asOf(request: RouteRequest): { asOf?: number } {
  const id = one(request, 'asOf');
  return id === undefined ? {} : { asOf: Number(id) };
}

/** What `LIST` asks for. */
export function listOptions(request: RouteRequest): ListOptions {
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
function conditionOf(text: string): NonNullable<ListOptions['where']>[number] {
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
