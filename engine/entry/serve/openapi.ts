import * as z from 'zod';
import { FORMAT, type Route } from './route.ts';

const ERROR = z.strictObject({
  error: z.strictObject({
    code: z.string().describe('Stable, for programs: unknown-state, no-state, not-started, busy ...'),
    message: z.string().describe('For people.'),
  }),
});

/** Answers besides the good one, for every path. */
const REFUSALS = {
  '400': 'The question is not one: a parameter, a cursor, a filter.',
  '401': 'The token is missing or wrong.',
  '403': 'Asked from a page of another origin.',
  '404': 'There is no such path, job, state, key or checkpoint.',
  '405': 'Something else than GET or HEAD: nothing can be changed here.',
  '410': 'The job has ended, and nobody is there to answer.',
  '421': 'Asked under a name that is not this server\u2019s.',
  '500': 'The function that answers failed.',
  '503': 'Not started yet, moving, or busy: ask again.',
} as const;

/** The description of what is served, made from the very table that serves it. */
export function openApiOf(routes: readonly Route[], version: string): unknown {
  return {
    openapi: '3.1.0',
    info: {
      title: 'FlinkTrade query server',
      version,
      description:
        'Reads the state of a running FlinkTrade. Nothing can be changed. On this machine only; every request carries the token. WebSocket at /v1/push: send {"kind":"subscribe","id":1,"job":"session","state":"position","keys":["AAPL"],"everyMs":100}, {"kind":"unsubscribe","id":1}; it answers {"kind":"changes","id":1,"changes":[{"key":"AAPL","value":{}}]} at most that often, and {"kind":"problem","id":1,"error":{}}.',
    },
    servers: [{ url: 'http://127.0.0.1:{port}', variables: { port: { default: '8786' } } }],
    security: [{ bearer: [] }],
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: z.toJSONSchema(ERROR) },
      responses: Object.fromEntries(
        Object.entries(REFUSALS).map(([status, description]) => [
          `Refused${status}`,
          { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
        ]),
      ),
    },
    paths: Object.fromEntries(routes.map((route) => [route.path, { get: operationOf(route) }])),
  };
}

function operationOf(route: Route): unknown {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  return {
    summary: route.summary,
    parameters: [
      ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...[...route.query, ...(route.rows === undefined ? [] : [FORMAT])].map(({ name, schema, about }) => ({
        name,
        in: 'query',
        required: false,
        description: about,
        schema: z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
      })),
    ],
    responses: {
      '200': {
        description: route.summary,
        content: {
          [route.text?.type ?? 'application/json']: { schema: z.toJSONSchema(route.response) },
          ...(route.rows !== undefined && { 'text/csv': { schema: { type: 'string' } } }),
        },
      },
      ...Object.fromEntries(
        Object.keys(REFUSALS).map((status) => [status, { $ref: `#/components/responses/Refused${status}` }]),
      ),
    },
  };
}
