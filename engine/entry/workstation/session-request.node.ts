import type { DurableStore } from '../../contract/durable-store.ts';
import { StoreError } from '../../contract/durable-store.ts';
import { checkRules } from '../../contract/rules-schema.ts';
import type { Problem, SessionInfo, SessionRequest, SessionSource } from '../../contract/window.ts';
import { assertNever } from '../../core/assert.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { gatewayUrlProblem } from '../../connectors/gateway/gateway-address.ts';
import { WORKERS_MAX } from '../cli/arguments.ts';
import { loadPositions } from '../cli/documents.node.ts';
import { feedUrlProblem, LIVE_PROFILE_DEFAULT } from '../cli/live-arguments.ts';
import { CliError } from '../cli/messages.ts';
import { OtherSessionError, prepareLive, type PreparedLive } from '../session/live-session.node.ts';
import { samplePositions } from '../session/sample.node.ts';
import type { SessionInputs, SessionParameters } from '../session/session-parameters.ts';

/** A chart wants a point a second, and keeps half as many whenever it has too many. */
const HISTORY_SAMPLE_MS = 1_000;

/** What a request decides by itself; where quotes come from is looked at after it. */
export type AskedParameters = Omit<SessionParameters, 'inputs'>;
type LiveSource = Extract<SessionSource, { kind: 'live' }>;

/** A live session's place, and what was found there. */
export interface OpenedLive {
  readonly store: DurableStore;
  readonly prepared: PreparedLive;
}

/** What a window asks for, checked. */
export async function checkRequest(request: SessionRequest): Promise<Result<AskedParameters, Problem>> {
  const rules = checkRules(request.rules);
  if (!rules.ok) {
    const message = rules.problem.map((each) => each.message).join('\n');
    return fail({ code: 'rules-invalid', message, where: rules.problem[0].path });
  }
  const { gateway = null, workers } = request;
  const gatewayProblem = gateway === null ? null : gatewayUrlProblem(gateway);
  if (gatewayProblem !== null) return fail({ code: 'gateway-invalid', message: gatewayProblem, where: null });
  if (!Number.isInteger(workers) || workers < 1 || workers > WORKERS_MAX) {
    const message = `The number of workers must be a whole number from 1 to ${WORKERS_MAX}; found ${workers}.`;
    return fail({ code: 'workers-invalid', message, where: null });
  }
  try {
    return ok({
      positions: await positionsOf(request),
      rules: rules.value,
      speed: request.speed,
      startPaused: request.startPaused,
      outOfOrdernessMs: null,
      maxFutureMs: null,
      historySampleMs: HISTORY_SAMPLE_MS,
      bars: request.bars ?? 'none',
    });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return fail({ code: 'positions-invalid', message: error.message, where: request.positionsPath });
  }
}

/** Opens the live session's place and looks at what is there. Whoever gets the store closes it. */
export async function openLiveRequest(
  source: LiveSource,
  profile: string | null,
  { positions, rules }: AskedParameters,
  openStore: (anew: boolean) => Promise<DurableStore>,
): Promise<Result<OpenedLive, Problem>> {
  const problem = feedUrlProblem(source.url);
  if (problem !== null) return fail({ code: 'feed-invalid', message: problem, where: null });
  let store: DurableStore | null = null;
  try {
    store = await openStore(source.anew);
    const prepared = await prepareLive(store, {
      url: source.url,
      subscribe: null,
      profile: profile ?? LIVE_PROFILE_DEFAULT,
      positions,
      rules,
      staleMs: null,
      idleMs: null,
      outOfOrdernessMs: null,
      maxFutureMs: null,
    });
    return ok({ store, prepared });
  } catch (error) {
    await store?.close();
    if (!(error instanceof StoreError || error instanceof OtherSessionError)) throw error;
    const hint = error instanceof OtherSessionError ? ' In the session dialog, choose to begin a new session.' : '';
    return fail({ code: 'live-state', message: `${error.message}${hint}`, where: null });
  }
}

export function describeSource(source: SessionSource): Pick<SessionInfo, 'inputs' | 'mode'> {
  switch (source.kind) {
    case 'files':
      return { inputs: source.paths, mode: 'replay' };
    case 'sample':
      return { inputs: [`simulated market, seed ${source.seed}`], mode: 'simulated' };
    case 'live':
      return { inputs: [source.url], mode: 'live' };
    default:
      return assertNever(source);
  }
}

export function recordedInputs(source: Exclude<SessionSource, LiveSource>, profile: string | null): SessionInputs {
  return source.kind === 'files' ? { ...source, profile } : { ...source, seconds: null };
}

/** The rules are those that the live session began with. */
export function liveParameters(asked: AskedParameters, { inputs, rules }: PreparedLive): SessionParameters {
  const { outOfOrdernessMs, maxFutureMs } = inputs.settings;
  return { ...asked, inputs, rules, outOfOrdernessMs, maxFutureMs, speed: { kind: 'max' }, startPaused: false };
}

async function positionsOf({ inputs, positionsPath }: SessionRequest): Promise<SessionParameters['positions']> {
  if (positionsPath !== null) return loadPositions(positionsPath);
  return inputs.kind === 'sample' ? samplePositions(inputs.seed) : [];
}
