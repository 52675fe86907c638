import { fail, ok, type Result } from '../../core/result.ts';
import type { CheckpointSettings } from '../session/checkpoint-settings.ts';
import { CHECKPOINT_FLAGS, readCheckpoints } from './checkpoint-arguments.ts';
import {
  PORT_MAX,
  readSpeed,
  readWhole,
  WORKERS_MAX,
  type ParsedFlags,
  type SpeedArgument,
} from './argument-values.ts';
import { BARS_FLAGS, readBars, type BarsCommand } from './bars-arguments.ts';
import { EXECUTIONS_FLAGS, readExecutions, type ExecutionsCommand } from './executions-arguments.ts';
import { GATEWAY_FLAGS, readGateway, readGatewayUrl, type GatewayCommand } from './gateway-arguments.ts';
import { asksForHelp, didYouMean, readFlags } from './flag-words.ts';
import { FEED_FLAGS, LIVE_FLAGS, readFeed, readLive, type FeedCommand, type LiveCommand } from './live-arguments.ts';
import {
  EXPLAIN_FLAGS,
  POSITIONS_FLAGS,
  QUERY_FLAGS,
  readExplain,
  readPositions,
  readQuery,
  type ExplainCommand,
  type ExplainTradeCommand,
  type PositionsCommand,
  type QueryCommand,
} from './query-arguments.ts';

export { WORKERS_MAX, type SpeedArgument } from './argument-values.ts';

/** What the command line was asked to do. Scripts rely on these words (trading-rules "Command line"). */
export type CliCommand =
  | { readonly kind: 'help'; readonly topic: string | null }
  | { readonly kind: 'version' }
  | { readonly kind: 'profiles' }
  | ReplayCommand
  | {
      readonly kind: 'sample';
      readonly seed: number;
      readonly workers: number | null;
      readonly speed: SpeedArgument;
      readonly rules: string | null;
      readonly seconds: number;
    }
  | {
      readonly kind: 'record';
      readonly inputs: readonly string[];
      /** The state folder of a live session, in place of inputs. */
      readonly journal: string | null;
      readonly output: string;
      readonly profile: string | null;
    }
  | SavepointCommand
  | BarsCommand
  | ExecutionsCommand
  | KillCommand
  | RescaleCommand
  | FeedCommand
  | GatewayCommand
  | LiveCommand
  | AuditCommand
  | QueryCommand
  | PositionsCommand
  | ExplainCommand
  | ExplainTradeCommand
  | {
      readonly kind: 'inspect';
      readonly input: string;
      /** The state folder of a live session, in place of the input. */
      readonly journal: string | null;
      readonly profile: string | null;
      readonly json: boolean;
    };

/** `flinktrade kill`: the kill switch of the workstation, whatever its window does. */
export interface KillCommand {
  readonly kind: 'kill';
  /** The workstation's data folder; null: where it is by default. */
  readonly folder: string | null;
}

/** `flinktrade rescale`: another number of workers for a session that runs. */
export interface RescaleCommand {
  readonly kind: 'rescale';
  /** Where the session keeps its state; null: it is the workstation's, where that is by default. */
  readonly folder: string | null;
  readonly workers: number;
}

/** `flinktrade audit`: prove that the audit trail is what was written, or give it out. */
export type AuditCommand =
  | { readonly kind: 'audit'; readonly action: 'verify'; readonly path: string }
  | { readonly kind: 'audit'; readonly action: 'export'; readonly path: string; readonly output: string };

/** `flinktrade savepoint`: the newest checkpoint of a state folder as one file. */
export interface SavepointCommand {
  readonly kind: 'savepoint';
  readonly folder: string;
  readonly output: string;
}

export interface ReplayCommand {
  readonly kind: 'replay';
  readonly inputs: readonly string[];
  /** The state folder of a live session, in place of inputs. */
  readonly journal: string | null;
  readonly positions: string;
  readonly rules: string | null;
  readonly profile: string | null;
  readonly workers: number | null;
  /** The number of workers follows how busy they are. */
  readonly autoscale: boolean;
  readonly maxParallelism: number | null;
  readonly speed: SpeedArgument;
  readonly report: string | null;
  readonly trades: string | null;
  readonly outOfOrdernessMs: number | null;
  readonly maxFutureMs: number | null;
  /** Folder of the session's checkpoints; null: the session is gone with the process. */
  readonly state: string | null;
  /** What the folder starts with; null: nothing. */
  readonly savepoint: string | null;
  readonly checkpoints: CheckpointSettings;
  /** Address of the execution gateway; null: paper trading. */
  readonly gateway: string | null;
  /** `--serve PORT`; null: nobody can ask. */
  readonly servePort: number | null;
}

export const PARALLELISM_MAX = 32_768;
/** Ten minutes of simulated market: enough to see every rule at work. */
const SAMPLE_SECONDS_DEFAULT = 600;

const FLAGS: Readonly<Record<string, readonly string[]>> = {
  replay: [
    'journal',
    'positions',
    'rules',
    'profile',
    'workers',
    'autoscale',
    'max-parallelism',
    'speed',
    'state',
    'savepoint',
    'report',
    'trades',
    'out-of-orderness-ms',
    'max-future-ms',
    ...CHECKPOINT_FLAGS,
    'gateway',
    'serve',
  ],
  record: ['journal', 'output', 'profile'],
  bars: BARS_FLAGS,
  executions: EXECUTIONS_FLAGS,
  inspect: ['journal', 'profile', 'json'],
  sample: ['seed', 'workers', 'speed', 'rules', 'seconds'],
  profiles: [],
  feed: FEED_FLAGS,
  gateway: GATEWAY_FLAGS,
  live: LIVE_FLAGS,
  audit: ['output'],
  query: QUERY_FLAGS,
  positions: POSITIONS_FLAGS,
  explain: EXPLAIN_FLAGS,
  kill: ['user-data-dir'],
  rescale: ['workers', 'user-data-dir'],
  savepoint: ['output'],
};

/**
 * Reads the words after the program's name.
 * @returns the command, or the sentence to print before leaving with exit code 2
 */
export function parseArguments(words: readonly string[]): Result<CliCommand, string> {
  const [first, ...rest] = words;
  if (first === undefined || first === '-h' || first === '--help' || first === 'help')
    return ok({ kind: 'help', topic: rest[0] ?? null });
  if (first === '--version') return ok({ kind: 'version' });
  const flags = FLAGS[first];
  if (flags === undefined) {
    const commands = Object.keys(FLAGS);
    return fail(
      `There is no command "${first}".${didYouMean(first, commands)} Commands: ${commands.join(', ')}. Try: flinktrade help`,
    );
  }
  if (asksForHelp(rest)) return ok({ kind: 'help', topic: first });
  const parsed = readFlags(first, rest, flags);
  if (!parsed.ok) return parsed;
  switch (first) {
    case 'replay':
      return readReplay(parsed.value);
    case 'record':
      return readRecord(parsed.value);
    case 'bars':
      return readBars(parsed.value);
    case 'executions':
      return readExecutions(parsed.value);
    case 'inspect':
      return readInspect(parsed.value);
    case 'sample':
      return readSample(parsed.value);
    case 'feed':
      return readFeed(parsed.value);
    case 'gateway':
      return readGateway(parsed.value);
    case 'live':
      return readLive(parsed.value);
    case 'savepoint':
      return readSavepoint(parsed.value);
    case 'kill':
      return readKill(parsed.value);
    case 'rescale':
      return readRescale(parsed.value);
    case 'audit':
      return readAudit(parsed.value);
    case 'query':
      return readQuery(parsed.value);
    case 'positions':
      return readPositions(parsed.value);
    case 'explain':
      return readExplain(parsed.value);
    default:
      return parsed.value.rest.length > 0
        ? fail(`profiles takes no arguments; found "${parsed.value.rest[0]}".`)
        : ok({ kind: 'profiles' });
  }
}

function readReplay({ values, rest }: ParsedFlags): Result<CliCommand, string> {
  const journal = values.get('journal') ?? null;
  if (journal !== null && rest.length > 0)
    return fail(`--journal DIR is the session; leave ${rest[0]} out, or the journal.`);
  if (rest.length === 0 && journal === null)
    return fail('replay needs at least one session file: flinktrade replay INPUT... --positions FILE');
  const positions = values.get('positions');
  if (positions === undefined)
    return fail(
      'replay needs --positions FILE: the starting positions, a CSV file with the columns symbol,shares,buyPrice[,ttlMs][,openedAt].',
    );
  const report = values.get('report') ?? null;
  const trades = values.get('trades') ?? null;
  if (report === '-' && trades === '-')
    return fail('--report - and --trades - cannot both write to standard output; name a file for one of them.');
  const workers = readWhole(values, 'workers', 1, WORKERS_MAX);
  if (!workers.ok) return workers;
  const maxParallelism = readWhole(values, 'max-parallelism', 1, PARALLELISM_MAX);
  if (!maxParallelism.ok) return maxParallelism;
  if (maxParallelism.value !== null && workers.value !== null && workers.value > maxParallelism.value) {
    return fail(
      `--workers ${workers.value} is more than --max-parallelism ${maxParallelism.value}: a worker without a key group would have nothing to do. Lower the one or raise the other.`,
    );
  }
  const outOfOrdernessMs = readWhole(values, 'out-of-orderness-ms', 0, Number.MAX_SAFE_INTEGER);
  if (!outOfOrdernessMs.ok) return outOfOrdernessMs;
  const maxFutureMs = readWhole(values, 'max-future-ms', 0, Number.MAX_SAFE_INTEGER);
  if (!maxFutureMs.ok) return maxFutureMs;
  const speed = readSpeed(values);
  if (!speed.ok) return speed;
  const gateway = readGatewayUrl(values);
  if (!gateway.ok) return gateway;
  if (gateway.value !== null && !values.has('state'))
    return fail('--gateway needs --state DIR: only a trade that no crash takes back may become an order.');
  const checkpoints = readCheckpoints(values);
  if (!checkpoints.ok) return checkpoints;
  const servePort = readWhole(values, 'serve', 0, PORT_MAX);
  if (!servePort.ok) return servePort;
  return ok({
    kind: 'replay',
    servePort: servePort.value,
    inputs: rest,
    journal,
    positions,
    rules: values.get('rules') ?? null,
    profile: values.get('profile') ?? null,
    workers: workers.value,
    autoscale: values.has('autoscale'),
    maxParallelism: maxParallelism.value,
    speed: speed.value,
    report,
    trades,
    outOfOrdernessMs: outOfOrdernessMs.value,
    maxFutureMs: maxFutureMs.value,
    state: values.get('state') ?? null,
    savepoint: values.get('savepoint') ?? null,
    checkpoints: checkpoints.value,
    gateway: gateway.value,
  });
}

function readSavepoint({ values, rest }: ParsedFlags): Result<CliCommand, string> {
  const [folder, ...more] = rest;
  const output = values.get('output');
  if (folder === undefined || more.length > 0 || output === undefined)
    return fail('savepoint takes a state folder and where to write: flinktrade savepoint DIR -o FILE');
  return ok({ kind: 'savepoint', folder, output });
}

function readRecord({ values, rest }: ParsedFlags): Result<CliCommand, string> {
  const output = values.get('output');
  const journal = values.get('journal') ?? null;
  if (journal !== null && rest.length > 0)
    return fail(`--journal DIR is what is recorded; leave ${rest[0]} out, or the journal.`);
  if ((rest.length === 0 && journal === null) || output === undefined)
    return fail('record needs a session file and where to write: flinktrade record INPUT... -o FILE');
  return ok({ kind: 'record', inputs: rest, journal, output, profile: values.get('profile') ?? null });
}

function readInspect({ values, rest }: ParsedFlags): Result<CliCommand, string> {
  const [input, ...more] = rest;
  const journal = values.get('journal') ?? null;
  if (journal !== null) {
    if (input !== undefined) return fail(`--journal DIR is what is inspected; leave ${input} out, or the journal.`);
    return ok({ kind: 'inspect', input: '', journal, profile: null, json: values.has('json') });
  }
  if (input === undefined || more.length > 0)
    return fail(`inspect takes one file: flinktrade inspect FILE; found ${rest.length}.`);
  return ok({ kind: 'inspect', input, journal, profile: values.get('profile') ?? null, json: values.has('json') });
}

function readAudit({ values, rest }: ParsedFlags): Result<CliCommand, string> {
  const [action, path, ...more] = rest;
  const output = values.get('output');
  if (action !== 'verify' && action !== 'export') {
    return fail(
      `audit does one of two things: flinktrade audit verify PATH, flinktrade audit export DIR -o FILE; found "${action ?? 'nothing'}".`,
    );
  }
  if (path === undefined || more.length > 0) return fail(`audit ${action} takes one path; found ${rest.length - 1}.`);
  if (action === 'verify')
    return output === undefined
      ? ok({ kind: 'audit', action, path })
      : fail('audit verify writes no file; leave --output out, or use: flinktrade audit export DIR -o FILE');
  if (output === undefined) return fail('audit export needs where to write: flinktrade audit export DIR -o FILE');
  return ok({ kind: 'audit', action, path, output });
}

function readSample({ values, rest }: ParsedFlags): Result<CliCommand, string> {
  if (rest.length > 0) return fail(`sample takes no files; found "${rest[0]}".`);
  const seed = readWhole(values, 'seed', 0, 2 ** 32 - 1);
  if (!seed.ok) return seed;
  const workers = readWhole(values, 'workers', 1, WORKERS_MAX);
  if (!workers.ok) return workers;
  const seconds = readWhole(values, 'seconds', 1, 86_400);
  if (!seconds.ok) return seconds;
  const speed = readSpeed(values);
  if (!speed.ok) return speed;
  return ok({
    kind: 'sample',
    seed: seed.value ?? 1,
    workers: workers.value,
    speed: speed.value,
    rules: values.get('rules') ?? null,
    seconds: seconds.value ?? SAMPLE_SECONDS_DEFAULT,
  });
}

function readKill({ values, rest }: ParsedFlags): Result<CliCommand, string> {
  if (rest.length > 0) return fail(`kill takes no arguments; found "${rest[0]}".`);
  return ok({ kind: 'kill', folder: values.get('user-data-dir') ?? null });
}

function readRescale({ values, rest }: ParsedFlags): Result<CliCommand, string> {
  const [folder, ...more] = rest;
  const userData = values.get('user-data-dir');
  if (more.length > 0 || (folder !== undefined && userData !== undefined))
    return fail('rescale takes one folder at most: flinktrade rescale [DIR] --workers N');
  const workers = readWhole(values, 'workers', 1, WORKERS_MAX);
  if (!workers.ok) return workers;
  if (workers.value === null) return fail('rescale needs --workers N: how many the session is to have.');
  return ok({ kind: 'rescale', folder: folder ?? userData ?? null, workers: workers.value });
}
