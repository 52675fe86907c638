import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionRequest, Speed } from '../../engine/contract/window.ts';
import type { RulesDocument } from '../../engine/contract/rules.ts';
import { simulatedMarket, type SimulatedMarket } from './simulated-market.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { WorkstationEngine } from './workstation-engine.ts';

/** A simulated market as files, and what a workstation makes of it. */
export interface DeskOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly rules: RulesDocument;
  readonly speed: Speed;
}

export interface Desk {
  readonly folder: string;
  readonly state: string;
  readonly request: SessionRequest;
}

export interface Outcome {
  readonly trades: readonly unknown[];
  readonly rows: Readonly<Record<string, readonly string[]>>;
  readonly counts: unknown;
}

export class DeskMaker {
  readonly #options: DeskOptions;
  readonly #market: SimulatedMarket;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#market = simulatedMarket(options.seed, options.durationMs);
  }

  get csv(): string {
    return this.#market.csv;
  }

  desk(request: Partial<SessionRequest> = {}): Desk {
    const folder = temporaryFolder('workstation');
    writeFileSync(join(folder, 's.csv'), this.#market.csv);
    writeFileSync(join(folder, 'p.csv'), this.#market.positions);
    return {
      folder,
      state: join(folder, 'state'),
      request: {
        inputs: { kind: 'files', paths: [join(folder, 's.csv')] },
        profile: null,
        positionsPath: join(folder, 'p.csv'),
        rules: this.#options.rules,
        workers: 2,
        speed: this.#options.speed,
        startPaused: false,
        ...request,
      },
    };
  }

  /** The whole session at once, with one worker. */
  async undisturbed(): Promise<Outcome> {
    const { state, request } = this.desk({ speed: { kind: 'max' }, workers: 1 });
    await using engine = new WorkstationEngine(state);
    engine.open(request);
    return await finished(engine);
  }
}

export async function finished(engine: WorkstationEngine): Promise<Outcome> {
  await engine.untilStatus('finished');
  await engine.until('every trade is final', ({ trades, finalTrades }) => trades.length === finalTrades);
  return outcomeOf(engine);
}

/** Sorted as the trades file is: workers hand over their trades in no order. */
function outcomeOf(engine: WorkstationEngine): Outcome {
  const trades = [...engine.known.trades].sort(
    (left, right) => left.eventTimeMs - right.eventTimeMs || left.quoteSequence - right.quoteSequence,
  );
  return { trades, rows: Object.fromEntries([...engine.rows].sort()), counts: engine.known.progress?.counts };
}

export const newestCheckpoint = (engine: WorkstationEngine): number =>
  engine.known.state?.history.findLast(({ status }) => status === 'completed')?.id ?? 0;

export function hasCheckpoint(engine: WorkstationEngine, more = 1): Promise<void> {
  const before = newestCheckpoint(engine);
  return engine.until('a checkpoint', () => newestCheckpoint(engine) >= before + more);
}
