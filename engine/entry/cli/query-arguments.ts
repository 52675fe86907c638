import { fail, ok, type Result } from '../../core/result.ts';
import { readWhole, type ParsedFlags } from './argument-values.ts';
import type { CliCommand } from './arguments.ts';

/** Who is asked. */
export interface AskedProgram {
  /** `http://127.0.0.1:8786`; null: the one that runs. */
  readonly url: string | null;
  /** File of the token; null: where that program says it lies. The token itself is no argument: others can read those. */
  readonly tokenFile: string | null;
  /** Where a workstation keeps its data; null: where it is by default. */
  readonly folder: string | null;
}

/** `flinktrade query`. */
export interface QueryCommand extends AskedProgram {
  readonly kind: 'query';
  /** null: all states are named. */
  readonly state: string | null;
  /** null: its rows are listed. */
  readonly key: string | null;
  readonly asOf: number | null;
  readonly format: 'text' | 'json' | 'csv';
  readonly list: Readonly<Record<string, string>>;
}

/** `flinktrade positions`: the table of the original demo. */
export interface PositionsCommand extends AskedProgram {
  readonly kind: 'positions';
  readonly watches: boolean;
  /** null: all. */
  readonly symbols: readonly string[] | null;
  readonly json: boolean;
}

/** `flinktrade explain --trade ID`: why a trade was made as it was. */
export interface ExplainTradeCommand extends AskedProgram {
  readonly kind: 'explain-trade';
  /** `1042-AAPL`, as the trades file has it. */
  readonly tradeId: string;
  /** The audit trail of this state folder has it; null: a running program is asked. */
  readonly state: string | null;
  readonly json: boolean;
}

/** `flinktrade explain SYMBOL`: why a symbol did or did not trade. */
export interface ExplainCommand extends AskedProgram {
  readonly kind: 'explain';
  readonly symbol: string;
  readonly asOf: number | null;
  /** What has changed since this checkpoint is told as well; null: nothing is compared. */
  readonly since: number | null;
  readonly json: boolean;
}

const ASKED_FLAGS = ['url', 'token', 'user-data-dir'];
const LIST_FLAGS = ['prefix', 'filter', 'sort', 'limit', 'descending'];
export const QUERY_FLAGS: readonly string[] = ['as-of', 'json', 'csv', ...LIST_FLAGS, ...ASKED_FLAGS];
export const POSITIONS_FLAGS: readonly string[] = ['watch', 'symbols', 'json', ...ASKED_FLAGS];

export const EXPLAIN_FLAGS: readonly string[] = ['trade', 'state', 'as-of', 'since', 'json', ...ASKED_FLAGS];

const SYMBOLS_MAX = 1_000;

export function readQuery({ values, rest }: ParsedFlags): Result<CliCommand, string> {
  const isList = rest[0] === 'list';
  const [state, key, ...more] = isList ? [rest[1], undefined, ...rest.slice(2)] : rest;
  if (more.length > 0 || (!isList && (state === undefined || key === undefined)))
    return fail(
      'query takes a state and a key, or list: flinktrade query position AAPL, flinktrade query list [STATE].',
    );
  const alone = isList && state !== undefined ? undefined : LIST_FLAGS.find((flag) => values.has(flag));
  if (alone !== undefined)
    return fail(`--${alone} goes with a list of rows: flinktrade query list STATE --${alone} ...`);
  if (values.has('json') && values.has('csv')) return fail('--json and --csv are two ways to print; give one of them.');
  const asOf = readWhole(values, 'as-of', 0, Number.MAX_SAFE_INTEGER);
  if (!asOf.ok) return asOf;
  const limit = readWhole(values, 'limit', 1, 1_000);
  if (!limit.ok) return limit;
  const asked = readAsked(values);
  if (!asked.ok) return asked;
  const list = Object.fromEntries(
    LIST_FLAGS.flatMap((flag) => (values.has(flag) ? [[flag, values.get(flag) ?? '']] : [])),
  );
  const format = values.has('json') ? 'json' : values.has('csv') ? 'csv' : 'text';
  return ok({ kind: 'query', state: state ?? null, key: key ?? null, asOf: asOf.value, format, list, ...asked.value });
}

export function readPositions({ values, rest }: ParsedFlags): Result<CliCommand, string> {
  if (rest.length > 0)
    return fail(`positions takes no arguments; found "${rest[0]}". Symbols: --symbols GOOG,AAPL,TWTR`);
  const asked = readAsked(values);
  if (!asked.ok) return asked;
  const symbols = values
    .get('symbols')
    ?.split(',')
    .map((symbol) => symbol.trim())
    .filter((symbol) => symbol !== '');
  if (symbols !== undefined && (symbols.length === 0 || symbols.length > SYMBOLS_MAX))
    return fail(`--symbols takes 1 to ${SYMBOLS_MAX} symbols with commas between; found ${symbols.length}.`);
  if (values.has('watch') && values.has('json'))
    return fail('--watch prints a table; programs read the WebSocket of the server (see /v1/openapi.json).');
  return ok({
    kind: 'positions',
    watches: values.has('watch'),
    symbols: symbols === undefined ? null : [...new Set(symbols)],
    json: values.has('json'),
    ...asked.value,
  });
}

const TRADE_ID = /^\d{1,16}-./s;

export function readExplain({ values, rest }: ParsedFlags): Result<CliCommand, string> {
  const tradeId = values.get('trade');
  if (tradeId !== undefined) return readExplainTrade(tradeId, values, rest);
  if (values.has('state'))
    return fail('--state goes with --trade ID: a symbol is explained by the running program that holds its state.');
  const [symbol, ...more] = rest;
  if (symbol === undefined || more.length > 0)
    return fail(
      `explain takes one symbol, or a trade: flinktrade explain AAPL, flinktrade explain --trade 1042-AAPL; found ${rest.length} symbols.`,
    );
  const asOf = readWhole(values, 'as-of', 0, Number.MAX_SAFE_INTEGER);
  if (!asOf.ok) return asOf;
  const since = readWhole(values, 'since', 0, Number.MAX_SAFE_INTEGER);
  if (!since.ok) return since;
  const asked = readAsked(values);
  if (!asked.ok) return asked;
  return ok({
    kind: 'explain',
    symbol,
    asOf: asOf.value,
    since: since.value,
    json: values.has('json'),
    ...asked.value,
  });
}

function readExplainTrade(
  tradeId: string,
  values: ReadonlyMap<string, string>,
  rest: readonly string[],
): Result<CliCommand, string> {
  const other = rest[0] ?? ['as-of', 'since'].find((flag) => values.has(flag));
  if (other !== undefined)
    return fail(`--trade ID names all there is to say: the trade was decided once; found "${other}" as well.`);
  if (!TRADE_ID.test(tradeId))
    return fail(`--trade takes the id of a trade, such as 1042-AAPL: quote number and symbol; found "${tradeId}".`);
  const state = values.get('state') ?? null;
  const running = state === null ? undefined : ASKED_FLAGS.find((flag) => values.has(flag));
  if (running !== undefined)
    return fail(`--state reads the audit trail of a folder, --${running} asks a running program; give one of them.`);
  const asked = readAsked(values);
  return asked.ok ? ok({ kind: 'explain-trade', tradeId, state, json: values.has('json'), ...asked.value }) : asked;
}

function readAsked(values: ReadonlyMap<string, string>): Result<AskedProgram, string> {
  const url = values.get('url') ?? null;
  const tokenFile = values.get('token') ?? null;
  if (url !== null && !/^http:\/\/(127\.0\.0\.1|localhost):\d{1,5}\/?$/.test(url))
    return fail(`--url is the address of a program on this machine, such as http://127.0.0.1:8786; found "${url}".`);
  return ok({ url: url?.replace(/\/$/, '') ?? null, tokenFile, folder: values.get('user-data-dir') ?? null });
}
