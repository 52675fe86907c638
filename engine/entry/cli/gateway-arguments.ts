import { gatewayUrlProblem } from '../../connectors/gateway/gateway-address.ts';
import type { VenueBehaviour } from '../../connectors/gateway/simulated-venue.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { readWhole, type ParsedFlags } from './argument-values.ts';
import type { CliCommand } from './arguments.ts';

/** `flinktrade gateway`: the simulated execution gateway. */
export interface GatewayCommand {
  readonly kind: 'gateway';
  readonly port: number;
  readonly behaviour: VenueBehaviour;
  /** null: what was executed is forgotten with the process. */
  readonly ledger: string | null;
}

const GATEWAY_PORT_DEFAULT = 8788;
const LATENCY_MS_DEFAULT = 20;
const LATENCY_MS_MAX = 60_000;
const LATENCIES = ['fixed', 'uniform', 'exponential'] as const;
const RATES = ['error-rate', 'partial-rate', 'reject-rate', 'hang-rate'] as const;

export const GATEWAY_FLAGS: readonly string[] = ['port', 'seed', 'latency-ms', 'latency', 'ledger', ...RATES];

export function readGateway({ values, rest }: ParsedFlags): Result<CliCommand, string> {
  if (rest.length > 0) return fail(`gateway takes no arguments; found "${rest[0]}".`);
  const port = readWhole(values, 'port', 0, 65_535);
  if (!port.ok) return port;
  const seed = readWhole(values, 'seed', 0, 2 ** 32 - 1);
  if (!seed.ok) return seed;
  const latencyMs = readWhole(values, 'latency-ms', 0, LATENCY_MS_MAX);
  if (!latencyMs.ok) return latencyMs;
  const named = values.get('latency') ?? 'exponential';
  const latency = LATENCIES.find((one) => one === named);
  if (latency === undefined) return fail(`--latency must be ${LATENCIES.join(', ')}; found "${named}".`);
  const rates = new Map<string, number>();
  for (const name of RATES) {
    const text = values.get(name) ?? '0';
    const rate = /^\d(\.\d{1,9})?$/.test(text) ? Number(text) : NaN;
    if (!(rate <= 1)) return fail(`--${name} must be a number from 0 to 1, such as 0.05; found "${text}".`);
    rates.set(name, rate);
  }
  const rateOf = (name: (typeof RATES)[number]): number => rates.get(name) as number;
  if (rateOf('partial-rate') + rateOf('reject-rate') > 1)
    return fail('--partial-rate and --reject-rate together must not be above 1: an order ends in one way.');
  return ok({
    kind: 'gateway',
    port: port.value ?? GATEWAY_PORT_DEFAULT,
    behaviour: {
      seed: seed.value ?? 1,
      latencyMs: latencyMs.value ?? LATENCY_MS_DEFAULT,
      latency,
      errorRate: rateOf('error-rate'),
      partialRate: rateOf('partial-rate'),
      rejectRate: rateOf('reject-rate'),
      hangRate: rateOf('hang-rate'),
    },
    ledger: values.get('ledger') ?? null,
  });
}

/** `--gateway URL` of `replay` and `live`. */
export function readGatewayUrl(values: ReadonlyMap<string, string>): Result<string | null, string> {
  const text = values.get('gateway');
  if (text === undefined) return ok(null);
  const problem = gatewayUrlProblem(text);
  return problem === null ? ok(text.replace(/\/+$/, '')) : fail(problem);
}
