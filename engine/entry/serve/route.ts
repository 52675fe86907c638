import * as z from 'zod';
import type { QueryableStateClient } from '../../runtime/query/queryable-state-client.ts';

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
export interface Parameter {
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

export const FORMAT: Parameter = {
  name: 'format',
  schema: z.enum(['json', 'csv']).default('json'),
  about: 'csv: the rows for a spreadsheet, also by `Accept: text/csv`.',
};

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
