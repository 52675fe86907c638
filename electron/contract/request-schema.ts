import { z } from 'zod';
import type { ExportRequest, PortMessage, RequestName, Requests, WindowPlace } from './channels.ts';
import { LINKS } from './channels.ts';
import { BAR_INTERVALS } from '../../engine/contract/bars.ts';
import type { EngineCommand } from '../../engine/contract/window.ts';

/**
 * The shape of everything a window may send. Main refuses what does not fit, extra keys included. The content of a rules
 * document is judged by the engine (rules-schema.ts), which names the field; here only its size and nature are.
 */
const PATH_CHARACTERS_MAX = 4096;
const PATHS_MAX = 64;
const URL_CHARACTERS_MAX = 2048;
/** Several times what the tallest screen shows. */
const ROWS_IN_SIGHT_MAX = 1024;
/** 64 MB: 100,000 exported trades are under 10 MB. */
const EXPORT_CHARACTERS_MAX = 64 * 1024 * 1024;
const JSON_DEPTH_MAX = 32;
const JSON_NODES_MAX = 1_000_000;
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

const path = z.string().min(1).max(PATH_CHARACTERS_MAX);
const word = z.string().max(200);
const requestId = z.number().int().nonnegative();
const checkpointId = z.number().int().nonnegative();

/** Plain JSON within bounds and without keys that reach into prototypes. */
export function isModestJson(value: unknown): boolean {
  let nodes = 0;
  const visit = (part: unknown, depth: number): boolean => {
    nodes += 1;
    if (nodes > JSON_NODES_MAX || depth > JSON_DEPTH_MAX) return false;
    if (part === null || typeof part === 'string' || typeof part === 'boolean') return true;
    if (typeof part === 'number') return Number.isFinite(part);
    if (Array.isArray(part)) return part.every((item) => visit(item, depth + 1));
    if (typeof part !== 'object') return false;
    return Object.entries(part).every(([key, item]) => !FORBIDDEN_KEYS.has(key) && visit(item, depth + 1));
  };
  return visit(value, 0);
}

const rules = z.custom<never>((value) => typeof value === 'object' && value !== null && isModestJson(value), {
  error:
    'must be a JSON document of at most 1,000,000 nodes and 32 levels, without __proto__, constructor or prototype',
});

const speed = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('max') }),
  z.strictObject({ kind: z.literal('times'), factor: z.number().positive().max(1_000_000) }),
]);

/** The engine says how many a session can have; no job has more. */
const workers = z.number().int().min(1).max(32);

const session = z.strictObject({
  inputs: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('files'), paths: z.array(path).min(1).max(PATHS_MAX) }),
    z.strictObject({ kind: z.literal('sample'), seed: z.number().int().nonnegative() }),
    z.strictObject({ kind: z.literal('live'), url: z.string().min(1).max(URL_CHARACTERS_MAX), anew: z.boolean() }),
  ]),
  profile: z.string().min(1).max(PATH_CHARACTERS_MAX).nullable(),
  positionsPath: path.nullable(),
  rules,
  workers,
  speed,
  startPaused: z.boolean(),
  bars: z.exactOptional(z.enum(['none', 'built'])),
  gateway: z.string().min(1).max(URL_CHARACTERS_MAX).nullable().optional(),
});

export const engineCommandSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('open'), requestId, session }),
  z.strictObject({ kind: z.literal('close-session') }),
  z.strictObject({ kind: z.literal('recover') }),
  z.strictObject({ kind: z.literal('play') }),
  z.strictObject({ kind: z.literal('pause') }),
  z.strictObject({ kind: z.literal('set-speed'), speed }),
  z.strictObject({ kind: z.literal('set-workers'), workers }),
  z.strictObject({
    kind: z.literal('set-autoscale'),
    autoscale: z.strictObject({ on: z.boolean(), minWorkers: workers, maxWorkers: workers }),
  }),
  z.strictObject({ kind: z.literal('apply-rules'), requestId, rules }),
  z.strictObject({ kind: z.literal('halt'), by: word }),
  z.strictObject({ kind: z.literal('rearm-request') }),
  z.strictObject({ kind: z.literal('rearm-confirm'), token: word, by: word }),
  z.strictObject({ kind: z.literal('verify-audit') }),
  z.strictObject({ kind: z.literal('select-symbol'), symbol: word.nullable() }),
  z.strictObject({ kind: z.literal('select-bars'), interval: z.enum(BAR_INTERVALS).nullable() }),
  z.strictObject({
    kind: z.literal('rows-in-sight'),
    symbols: z.array(z.number().int().nonnegative()).max(ROWS_IN_SIGHT_MAX),
  }),
  z.strictObject({ kind: z.literal('set-server'), on: z.boolean() }),
  z.strictObject({ kind: z.literal('show-server-token') }),
  z.strictObject({ kind: z.literal('watch-job'), on: z.boolean() }),
  z.strictObject({
    kind: z.literal('ask-symbol-state'),
    requestId,
    symbol: word,
    asOf: checkpointId.nullable(),
    since: checkpointId.nullable(),
  }),
  z.strictObject({ kind: z.literal('ask-trade'), requestId, tradeId: word }),
  z.strictObject({ kind: z.literal('hello'), contractVersion: z.number().int() }),
]) satisfies z.ZodType<EngineCommand>;

const place: z.ZodType<WindowPlace> = z.strictObject({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  maximized: z.boolean(),
});

const exportRequest: z.ZodType<ExportRequest> = z.strictObject({
  kind: z.enum(['rules', 'positions', 'trades']),
  suggestedName: z
    .string()
    .max(120)
    .regex(/^[\w .-]+$/),
  text: z.string().max(EXPORT_CHARACTERS_MAX),
});

export const requestSchemas: { readonly [Name in RequestName]: z.ZodType<Requests[Name]['request']> } = {
  connect: z.null(),
  ready: place.nullable(),
  command: engineCommandSchema,
  chooseFiles: z.enum(['session', 'positions', 'profile']),
  announceDropped: z.array(path).max(PATHS_MAX),
  exportText: exportRequest,
  exportAudit: z.null(),
  importRules: z.null(),
  takeLaunch: z.null(),
  openLink: z.enum(Object.keys(LINKS) as [keyof typeof LINKS]),
  setAppearance: z.enum(['dark', 'light']),
};

export const portMessageSchema: z.ZodType<PortMessage> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ack'), number: z.number().int().nonnegative() }),
  z.strictObject({ kind: z.literal('ping'), askedAtMs: z.number() }),
]);
