import { fail, ok, type Result } from '../../core/result.ts';
import {
  PORT_MAX,
  readSpeed,
  readWhole,
  WORKERS_MAX,
  type ParsedFlags,
  type SpeedArgument,
} from './argument-values.ts';
import type { CheckpointSettings } from '../session/checkpoint-settings.ts';
import type { CliCommand } from './arguments.ts';
import { CHECKPOINT_FLAGS, readCheckpoints } from './checkpoint-arguments.ts';
import { readGatewayUrl } from './gateway-arguments.ts';

/** `flinktrade feed`: serve a session as a live feed. */
export interface FeedCommand {
  readonly kind: 'feed';
  /** None: the simulated market. */
  readonly inputs: readonly string[];
  readonly profile: string | null;
  readonly speed: SpeedArgument;
  readonly host: string;
  readonly port: number;
  readonly format: 'raw' | 'combined';
  readonly stamp: 'now' | 'recorded';
  readonly seed: number;
  readonly symbols: number | null;
  readonly quotesPerSecond: number | null;
  readonly positionsOut: string | null;
  readonly dropAfter: number | null;
  readonly gapEvery: number | null;
  readonly repeatEvery: number | null;
  readonly garbageEvery: number | null;
  readonly silenceSeconds: number | null;
}

/** `flinktrade live`: trade on a live feed. */
export interface LiveCommand {
  readonly kind: 'live';
  readonly url: string;
  readonly positions: string;
  readonly rules: string | null;
  readonly profile: string;
  readonly workers: number | null;
  /** The number of workers follows how busy they are. */
  readonly autoscale: boolean;
  readonly state: string;
  readonly trades: string | null;
  readonly report: string | null;
  /** null: until it is interrupted. */
  readonly forSeconds: number | null;
  readonly subscribe: string | null;
  readonly staleMs: number | null;
  readonly idleMs: number | null;
  readonly outOfOrdernessMs: number | null;
  readonly maxFutureMs: number | null;
  readonly checkpoints: CheckpointSettings;
  /** Why the kill switch may be cleared; null: it stays as it is. */
  readonly rearm: string | null;
  /** Address of the execution gateway; null: paper trading. */
  readonly gateway: string | null;
  /** `--serve PORT`; null: nobody can ask. */
  readonly servePort: number | null;
}

const FEED_PORT_DEFAULT = 8787;
/** Reads Binance's book tickers, and what `flinktrade feed` sends. */
export const LIVE_PROFILE_DEFAULT = 'binance-book-ticker';
const DAY_SECONDS = 86_400;
const COUNT_MAX = 1_000_000_000;

export const FEED_FLAGS: readonly string[] = [
  'profile',
  'speed',
  'port',
  'host',
  'format',
  'stamp',
  'seed',
  'symbols',
  'quotes-per-second',
  'positions-out',
  'drop-after',
  'gap',
  'repeat',
  'garbage',
  'silence',
];

export const LIVE_FLAGS: readonly string[] = [
  'positions',
  'rules',
  'profile',
  'workers',
  'autoscale',
  'state',
  'trades',
  'report',
  'for',
  'subscribe',
  'stale-ms',
  'idle-ms',
  'out-of-orderness-ms',
  'max-future-ms',
  'rearm',
  ...CHECKPOINT_FLAGS,
  'gateway',
  'serve',
];

type Wholes<Name extends string> = Record<Name, number | null>;

/** Reads several whole numbers at once; the first that is none is told. */
function readWholes<Name extends string>(
  values: ReadonlyMap<string, string>,
  limits: Readonly<Record<Name, readonly [number, number]>>,
): Result<Wholes<Name>, string> {
  const wholes = {} as Wholes<Name>;
  for (const name of Object.keys(limits) as Name[]) {
    const value = readWhole(values, name, limits[name][0], limits[name][1]);
    if (!value.ok) return value;
    wholes[name] = value.value;
  }
  return ok(wholes);
}

function readWord<Word extends string>(
  values: ReadonlyMap<string, string>,
  name: string,
  words: readonly [Word, ...Word[]],
): Result<Word, string> {
  const text = values.get(name) ?? words[0];
  const found = words.find((word) => word === text);
  return found === undefined
    ? fail(`--${name} must be ${words.map((word) => `"${word}"`).join(' or ')}; found "${text}".`)
    : ok(found);
}

export function readFeed({ values, rest }: ParsedFlags): Result<CliCommand, string> {
  const speed = readSpeed(values, 'x1');
  if (!speed.ok) return speed;
  const format = readWord(values, 'format', ['raw', 'combined']);
  if (!format.ok) return format;
  const stamp = readWord(values, 'stamp', ['now', 'recorded']);
  if (!stamp.ok) return stamp;
  const wholes = readWholes(values, {
    port: [0, PORT_MAX],
    seed: [0, 2 ** 32 - 1],
    symbols: [1, 100_000],
    'quotes-per-second': [1, 1_000_000],
    'drop-after': [1, COUNT_MAX],
    gap: [2, COUNT_MAX],
    repeat: [1, COUNT_MAX],
    garbage: [1, COUNT_MAX],
    silence: [1, DAY_SECONDS],
  });
  if (!wholes.ok) return wholes;
  const isOfSimulator = ['seed', 'symbols', 'quotes-per-second', 'positions-out'].find((name) => values.has(name));
  if (rest.length > 0 && isOfSimulator !== undefined)
    return fail(`--${isOfSimulator} is for the simulated market; leave it out, or the session files.`);
  const { value } = wholes;
  return ok({
    kind: 'feed',
    inputs: rest,
    profile: values.get('profile') ?? null,
    speed: speed.value,
    host: values.get('host') ?? '127.0.0.1',
    port: value.port ?? FEED_PORT_DEFAULT,
    format: format.value,
    stamp: stamp.value,
    seed: value.seed ?? 1,
    symbols: value.symbols,
    quotesPerSecond: value['quotes-per-second'],
    positionsOut: values.get('positions-out') ?? null,
    dropAfter: value['drop-after'],
    gapEvery: value.gap,
    repeatEvery: value.repeat,
    garbageEvery: value.garbage,
    silenceSeconds: value.silence,
  });
}

/** @returns what is wrong with the address of a feed, as a sentence; null: nothing */
export function feedUrlProblem(text: string): string | null {
  const Url = (
    globalThis as unknown as {
      URL: { new (text: string): { protocol: string; hash: string }; canParse(text: string): boolean };
    }
  ).URL;
  if (!Url.canParse(text))
    return `"${text}" is no address of a feed; it looks like ws://127.0.0.1:8787/ or wss://host/path.`;
  const { protocol, hash } = new Url(text);
  if (protocol !== 'ws:' && protocol !== 'wss:')
    return `A live feed is read from ws:// or wss://; found "${protocol}//".`;
  return hash === '' ? null : `An address of a feed has no "#..." part; found "${hash}".`;
}

export function readLive({ values, rest }: ParsedFlags): Result<CliCommand, string> {
  const [url, ...more] = rest;
  if (url === undefined || more.length > 0)
    return fail(
      `live takes one address: flinktrade live ws://127.0.0.1:8787/ --positions FILE --state DIR; found ${rest.length}.`,
    );
  const problem = feedUrlProblem(url);
  if (problem !== null) return fail(problem);
  const positions = values.get('positions');
  if (positions === undefined)
    return fail(
      'live needs --positions FILE: the starting positions, a CSV file with the columns symbol,shares,buyPrice[,ttlMs][,openedAt].',
    );
  const state = values.get('state');
  if (state === undefined)
    return fail(
      'live needs --state DIR: the folder where everything that arrives is journaled, so that nothing is lost.',
    );
  const gateway = readGatewayUrl(values);
  if (!gateway.ok) return gateway;
  const report = values.get('report') ?? null;
  const trades = values.get('trades') ?? null;
  if (report === '-' && trades === '-')
    return fail('--report - and --trades - cannot both write to standard output; name a file for one of them.');
  const wholes = readWholes(values, {
    workers: [1, WORKERS_MAX],
    for: [1, 31 * DAY_SECONDS],
    'stale-ms': [0, Number.MAX_SAFE_INTEGER],
    'idle-ms': [1, Number.MAX_SAFE_INTEGER],
    'out-of-orderness-ms': [0, Number.MAX_SAFE_INTEGER],
    'max-future-ms': [0, Number.MAX_SAFE_INTEGER],
    serve: [0, PORT_MAX],
  });
  if (!wholes.ok) return wholes;
  const checkpoints = readCheckpoints(values);
  if (!checkpoints.ok) return checkpoints;
  const { value } = wholes;
  return ok({
    kind: 'live',
    servePort: value.serve,
    url,
    positions,
    rules: values.get('rules') ?? null,
    profile: values.get('profile') ?? LIVE_PROFILE_DEFAULT,
    workers: value.workers,
    autoscale: values.has('autoscale'),
    state,
    trades,
    report,
    forSeconds: value.for,
    subscribe: values.get('subscribe') ?? null,
    staleMs: value['stale-ms'],
    idleMs: value['idle-ms'],
    outOfOrdernessMs: value['out-of-orderness-ms'],
    maxFutureMs: value['max-future-ms'],
    checkpoints: checkpoints.value,
    rearm: values.get('rearm') ?? null,
    gateway: gateway.value,
  });
}
