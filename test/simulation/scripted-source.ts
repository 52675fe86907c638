import type { InputStatus, ReaderOutput, SourceReader, SourceReaderContext } from '../../engine/api/source.ts';
import type { SessionRecord } from '../../engine/connectors/sources/session-records.ts';
import { SessionSourceReader, type StoredSession } from '../../engine/connectors/sources/session-source-reader.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import type { RulesDocument } from '../../engine/contract/rules.ts';
import { needsAlignments, resolveRules, ruleOf } from '../../engine/contract/rules-resolve.ts';
import { CONTROL, type ControlRecord } from '../../engine/trading/records.ts';
import { price, shares } from '../support/trading-session.ts';
import { Draws } from './draws.ts';
import type { ScriptedSession } from './drawn-session.ts';
import { ScriptedInput } from './scripted-input.ts';

interface StoredSource {
  readonly session: StoredSession;
  readonly rules: RulesDocument;
}

/** How often a poll finds nothing: the tasks catch up, and the store has time. */
const NOTHING_CAME = 0.4;

export interface ScriptedPace {
  /** Records of one poll at most: few, so that barriers come between any two. */
  readonly recordsMax: number;
  /** From this sequence on nothing comes for as long as `mayGoOn` says no: what is planned needs the job to be running. */
  readonly holdAt: number;
  readonly mayGoOn: () => boolean;
}

/** The session source of the product over scripted inputs; only the decoding of files is left out. */
export class ScriptedSource implements SourceReader<SessionRecord> {
  readonly reader: SessionSourceReader<ControlRecord>;
  /** In force at the source's place in the stream. */
  #rules: RulesDocument;
  readonly #draws: Draws;
  readonly #pace: ScriptedPace;

  constructor(session: ScriptedSession, context: SourceReaderContext, seed: number, pace: ScriptedPace) {
    this.#draws = new Draws(seed);
    this.#pace = pace;
    const restored = context.restoredState as StoredSource | null;
    this.#rules = restored?.rules ?? session.rules;
    const symbols = new SymbolTable();
    const { defaults } = resolveRules(session.rules);
    const knowsNumbers = this.#draws.chance(0.5);
    this.reader = new SessionSourceReader<ControlRecord>({
      inputs: session.inputs.map(
        (items, index) =>
          new ScriptedInput({
            name: `input ${index}`,
            items,
            trailing: session.trailing[index],
            symbols,
            draws: this.#draws,
            controlsComeAlone: session.inputs.length === 1,
            isLive: session.isLive,
          }),
      ),
      symbols,
      positions: session.positions.map((position) => ({
        ...position,
        shares: shares(position.shares),
        buyPrice: price(position.buyPrice),
      })),
      outOfOrdernessMs: defaults.outOfOrdernessMs,
      maxFutureMs: defaults.maxFutureMs,
      alignFullSeconds: needsAlignments(session.rules),
      alignmentNeed: (control) => {
        if (control.kind !== 'rules') return null;
        this.#rules = control.rules;
        return needsAlignments(control.rules);
      },
      dropsLate: (symbol) => (ruleOf(this.#rules, symbol, 'lateQuotes') ?? 'drop') === 'drop',
      drivesProcessingTime: true,
      takesProcessingTime: session.isLive,
      ...(knowsNumbers && { symbolIdOf: (symbol: string) => context.symbols.idOf(symbol) }),
      controlTag: CONTROL,
      clock: context.clock,
      startTimer: () => () => undefined,
      speed: { kind: 'max' },
      startPaused: false,
      restored: restored?.session ?? null,
    });
  }

  pollNext(output: ReaderOutput<SessionRecord>): InputStatus {
    const { recordsMax, holdAt, mayGoOn } = this.#pace;
    const isHeld = this.reader.stamper.sequence >= holdAt && !mayGoOn();
    if (isHeld || this.#draws.chance(NOTHING_CAME)) return 'more-available';
    const drawn = this.#draws.int(1, recordsMax);
    const { sequence } = this.reader.stamper;
    // Not past the place where it holds, in one go.
    return this.reader.pollNext(output, sequence < holdAt ? Math.min(drawn, holdAt - sequence) : drawn);
  }

  snapshotState(): StoredSource {
    return { session: this.reader.snapshot(), rules: this.#rules };
  }

  isAvailable(): Promise<void> {
    return this.reader.isAvailable();
  }

  close(): Promise<void> {
    return this.reader.close();
  }
}
