import type { OpenSession } from '../../connectors/files/open-session.node.ts';
import { MarketSimulator } from '../../connectors/simulator/market-simulator.ts';
import { createRandom } from '../../connectors/simulator/prng.ts';
import type { PlannedPosition } from '../../connectors/sources/session-records.ts';
import { SymbolTable } from '../../connectors/sources/symbol-table.ts';

const MS_PER_SECOND = 1000;
/** A session without an end still has one: a trading day. */
const DAY_SECONDS = 23_400;

function market(seed: number, seconds: number | null, symbols: SymbolTable): MarketSimulator {
  return new MarketSimulator(createRandom(seed), symbols, { durationMs: (seconds ?? DAY_SECONDS) * MS_PER_SECOND });
}

/** The built-in sample: a simulated market, the same for ever for a seed. */
export function openSample(seed: number, seconds: number | null): OpenSession {
  const symbols = new SymbolTable();
  const input = market(seed, seconds, symbols);
  return {
    inputs: [input],
    symbols,
    chosen: [
      {
        input: `simulated market, seed ${seed}`,
        profile: 'simulator',
        why: 'the built-in sample',
        description: 'Made up, not recorded.',
      },
    ],
    outOfOrdernessMs: undefined,
    maxFutureMs: undefined,
    close: () => input.close(),
  };
}

/** Starting positions that go with the sample of this seed. */
export function samplePositions(seed: number): readonly PlannedPosition[] {
  return market(seed, null, new SymbolTable()).positions();
}
