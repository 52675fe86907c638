import type { InputStatus, ReaderOutput, SourceReader, SourceReaderContext } from '../../api/source.ts';
import type { JournalBytes } from '../../connectors/journal/journal-bytes.ts';
import { openSession, type OpenSession } from '../../connectors/files/open-session.node.ts';
import { InputError } from '../../connectors/sources/input-error.ts';
import type { SessionRecord } from '../../connectors/sources/session-records.ts';
import { SessionSourceReader, type StoredSession } from '../../connectors/sources/session-source-reader.ts';
import { needsAlignments, resolveRules, ruleOf } from '../../contract/rules-resolve.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import { assertNever } from '../../core/assert.ts';
import { startMachineTimer, waitMs } from '../../core/machine.node.ts';
import { CONTROL, type ControlRecord } from '../../trading/records.ts';
import { KillLine } from './kill-line.ts';
import { openJournal } from './open-journal.node.ts';
import { OpenLive, type RestoredLive, type StoredLive } from './open-live.node.ts';
import { openSample } from './sample.node.ts';
import type {
  InputFailure,
  SessionCommand,
  SessionEvent,
  SessionInputs,
  SessionParameters,
  SessionProgress,
  StreamEntry,
} from './session-parameters.ts';

/** Where the reader stands, as plain data. */
export interface StoredReader {
  readonly session: StoredSession | null;
  /** In force at that place: which late quotes are dropped. */
  readonly rules: RulesDocument;
  readonly rulesVersion: number;
  readonly halted: boolean;
  /** Of a live session. */
  readonly live?: StoredLive | null;
}

/** Ten times a second is more than a person reads and costs nothing. */
const PROGRESS_EVERY_MS = 100;
/** A source that stands for a halt looks so often whether it still has to; the halt itself wakes it at once. */
const STAND_MS = 20;

/**
 * The session as a source of the job: opens its inputs, plays them, takes commands, reports progress. Source thread only.
 * An input that cannot be read is told to the coordinator as what it is before it fails the job.
 */
export class SessionReader implements SourceReader<SessionRecord> {
  readonly #parameters: SessionParameters;
  /** In force at the source's place in the stream. */
  #rules: RulesDocument;
  #rulesVersion = 1;
  #halted = false;
  readonly #killLine: KillLine | null;
  #standing: 'no' | 'told' | 'halt-is-here' = 'no';
  readonly #context: SourceReaderContext;
  readonly #opening: Promise<void>;
  readonly #early: SessionCommand[] = [];
  #session: OpenSession | null = null;
  #reader: SessionSourceReader<ControlRecord> | null = null;
  #failure: Error | null = null;
  #live: OpenLive | null = null;
  #journalBytes: JournalBytes | null = null;
  #quarantinedTold = 0;
  #progressAtMs = -Infinity;
  #ended = false;
  #bounds = { outOfOrdernessMs: 0, maxFutureMs: 0 };

  constructor(parameters: SessionParameters, context: SourceReaderContext) {
    this.#parameters = parameters;
    this.#rules = parameters.rules;
    this.#context = context;
    this.#killLine = parameters.killLine === undefined ? null : new KillLine(parameters.killLine);
    this.#opening = this.#open().catch((error: unknown) => {
      this.#failure = error as Error;
    });
  }

  pollNext(output: ReaderOutput<SessionRecord>, recordsMax: number): InputStatus {
    const reader = this.#reader;
    if (reader === null || this.#standsForHalt(reader)) return 'nothing-available';
    const status = reader.pollNext(output, recordsMax);
    if (status === 'end-of-input') this.#tellEnd(reader);
    else if (this.#context.clock.monotonicMs() - this.#progressAtMs >= PROGRESS_EVERY_MS) this.#tellProgress(reader);
    return status;
  }

  async isAvailable(): Promise<void> {
    await this.#opening;
    if (this.#failure !== null) throw this.#tellFailure(this.#failure);
    if (this.#standing === 'told') return waitMs(STAND_MS);
    try {
      await this.#reader?.isAvailable();
    } catch (error) {
      throw this.#tellFailure(error as Error);
    }
  }

  /** Whether the kill switch is pressed and the stream does not know it yet: then no quote is taken. */
  #standsForHalt(reader: SessionSourceReader<ControlRecord>): boolean {
    const isPressed = this.#killLine !== null && this.#killLine.isPressed && !this.#halted;
    // What an earlier run took is taken again as it was, its halt included.
    const isNew = !reader.hasScheduled && this.#live?.input.isRecovering !== true;
    if (!isPressed || !isNew) this.#standing = 'no';
    else if (this.#standing === 'no') {
      this.#standing = 'told';
      this.#tell({ kind: 'stands-for-halt' });
    }
    return this.#standing === 'told';
  }

  /** `session` is null until the inputs are open: then the session has not begun. */
  snapshotState(checkpointId: number): StoredReader {
    const session = this.#reader?.snapshot() ?? null;
    const live = this.#live?.snapshot() ?? null;
    this.#tell({
      kind: 'barrier',
      checkpointId,
      part: live?.place.part ?? null,
      sequence: session?.stamper.sequence ?? 0,
      quarantined: this.#reader?.totals().quarantinedByReason ?? {},
    });
    return { session, rules: this.#rules, rulesVersion: this.#rulesVersion, halted: this.#halted, live };
  }

  handleSourceEvent(event: unknown): void {
    const command = event as SessionCommand;
    if (command.kind === 'journal-bytes') return this.#journalBytes?.give(command.bytes);
    const reader = this.#reader;
    if (reader === null && command.kind === 'tell-progress') return;
    // While a journal is played, a control has no place in the stream yet.
    if (reader === null || (command.kind === 'control' && this.#live?.input.isRecovering === true)) {
      this.#early.push(command);
      return;
    }
    switch (command.kind) {
      case 'pause':
        // A market does not wait.
        if (this.#live === null) reader.pause();
        break;
      case 'resume':
        reader.resume();
        break;
      case 'tell-progress':
        break;
      case 'set-speed':
        if (this.#live === null) reader.setSpeed(command.speed);
        break;
      case 'control':
        if (command.control.kind === 'halt') this.#standing = 'halt-is-here';
        reader.insertControl(command.control, command.number);
        break;
      case 'end':
      case 'hold':
      case 'journal-stored':
      case 'stood-still':
        this.#live?.take(command);
        break;
      default:
        return assertNever(command);
    }
    this.#tellProgress(reader);
  }

  async close(): Promise<void> {
    await this.#opening;
    await this.#reader?.close();
    await this.#session?.close();
  }

  async #open(): Promise<void> {
    const { inputs, rules, positions, speed, startPaused } = this.#parameters;
    const restored = this.#context.restoredState as StoredReader | null;
    if (restored !== null) {
      this.#rules = restored.rules;
      this.#rulesVersion = restored.rulesVersion;
      this.#halted = restored.halted;
    }
    const session = await this.#openInputs(inputs, restored);
    this.#session = session;
    const given = rules.defaults ?? {};
    const defaults = resolveRules(rules).defaults;
    const outOfOrdernessMs =
      this.#parameters.outOfOrdernessMs ??
      given.outOfOrdernessMs ??
      session.outOfOrdernessMs ??
      defaults.outOfOrdernessMs;
    const maxFutureMs =
      this.#parameters.maxFutureMs ?? given.maxFutureMs ?? session.maxFutureMs ?? defaults.maxFutureMs;
    this.#bounds = { outOfOrdernessMs, maxFutureMs };
    this.#reader = new SessionSourceReader<ControlRecord>({
      inputs: session.inputs,
      symbols: session.symbols,
      positions,
      outOfOrdernessMs,
      maxFutureMs,
      alignFullSeconds: needsAlignments(rules),
      // Rules may gain or lose a limit over all symbols while the session runs.
      alignmentNeed: (control) => this.#takeControl(control),
      onFact: (fact) => {
        if (fact.what === 'clock-jumped') this.#happened({ kind: 'clock-jump', details: { byMs: fact.byMs } });
      },
      scheduled: this.#parameters.controls ?? [],
      supersedes: isOfSameKind,
      onEntered: (entered) => this.#tell({ kind: 'control-entered', entered }),
      dropsLate: (symbol) => (ruleOf(this.#rules, symbol, 'lateQuotes') ?? 'drop') === 'drop',
      takesProcessingTime: session.live !== undefined,
      ...(this.#live !== null && { journal: this.#live.journal }),
      drivesProcessingTime: this.#parameters.historySampleMs !== null || runsOnProcessingTime(rules),
      symbolIdOf: (symbol) => this.#context.symbols.idOf(symbol),
      controlTag: CONTROL,
      clock: this.#context.clock,
      startTimer: startMachineTimer,
      speed,
      startPaused,
      restored: restored?.session ?? null,
    });
    this.#tell({
      kind: 'opened',
      inputs: session.chosen.map(({ input }) => input),
      readAs: session.chosen.map(({ input, profile, why }) => `${input}: read as ${profile} (${why})`),
      outOfOrdernessMs,
      maxFutureMs,
    });
    this.#live?.start(this.#reader.stamper);
    if (this.#live !== null) this.#live.onLive = () => this.#handleEarly();
    this.#handleEarly();
  }

  /** A control enters the stream, for the first time or again. @returns whether alignments are needed from here on */
  #takeControl(control: ControlRecord): boolean | null {
    this.#happened(entryOf(control));
    if (control.kind !== 'rules') {
      this.#halted = control.kind === 'halt';
      return null;
    }
    this.#rules = control.rules;
    this.#rulesVersion = control.version;
    return needsAlignments(control.rules);
  }

  #happened(entry: StreamEntry): void {
    this.#tell({ kind: 'happened', sequence: this.#reader?.stamper.sequence ?? 0, entry });
  }

  #handleEarly(): void {
    let isHalted = this.#live !== null && this.#halted;
    for (const command of this.#early.splice(0)) {
      if (command.kind === 'control' && command.control.kind === 'rearm') isHalted = false;
      if (isHalted && command.kind === 'control' && command.control.kind === 'halt') this.#isHaltedAlready(command);
      else this.handleSourceEvent(command);
    }
  }

  /** The journal brought the halt back that somebody remembers: it is in the stream, and needs no second one. */
  #isHaltedAlready({ number = 0 }: Extract<SessionCommand, { kind: 'control' }>): void {
    const sequence = this.#reader?.stamper.sequence ?? 0;
    this.#tell({ kind: 'control-entered', entered: { number, sequence, recordedTaken: 0, superseded: [] } });
  }

  async #openInputs(inputs: SessionInputs, restored: StoredReader | null): Promise<OpenSession> {
    switch (inputs.kind) {
      case 'files':
        return openSession(inputs.paths, inputs.profile);
      case 'sample':
        return openSample(inputs.seed, inputs.seconds);
      case 'journal':
        return openJournal(inputs.folder);
      case 'live':
        this.#live = await OpenLive.open(
          inputs,
          restoredLive(restored),
          (event) => this.#tell(event),
          (bytes) => {
            this.#journalBytes = bytes;
          },
        );
        return this.#live.session;
      default:
        return assertNever(inputs);
    }
  }

  #tellProgress(reader: SessionSourceReader<ControlRecord>): void {
    this.#progressAtMs = this.#context.clock.monotonicMs();
    this.#tellQuarantined(reader);
    // What asks for progress wants to know of the feed as well, and has both with the second.
    this.#tellFeed();
    this.#tell({ kind: 'progress', progress: this.#progressOf(reader) });
  }

  #progressOf(reader: SessionSourceReader<ControlRecord>): SessionProgress {
    const { greatestMs } = reader.stamper;
    return {
      totals: reader.totals(),
      fraction: reader.fraction(),
      lagMs: reader.lagMs(),
      greatestMs: Number.isFinite(greatestMs) ? greatestMs : null,
      time: {
        ...reader.time(),
        ...this.#bounds,
        idleMs: this.#parameters.inputs.kind === 'live' ? this.#parameters.inputs.settings.idleMs : null,
        clockMs: this.#live?.clockMs ?? null,
      },
    };
  }

  #tellFeed(): void {
    if (this.#live !== null) this.#tell({ kind: 'feed', status: this.#live.input.status() });
  }

  #tellEnd(reader: SessionSourceReader<ControlRecord>): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#live?.journal.cut();
    this.#tellFeed();
    this.#tellQuarantined(reader);
    this.#tell({ kind: 'ended', progress: this.#progressOf(reader), pending: reader.stamper.pendingPositions() });
  }

  #tellQuarantined(reader: SessionSourceReader<ControlRecord>): void {
    const rows = reader.quarantinedRows(this.#quarantinedTold);
    if (rows.length === 0) return;
    this.#quarantinedTold += rows.length;
    this.#tell({ kind: 'quarantined', rows });
  }

  #tellFailure(error: Error): Error {
    if (error instanceof InputError && !this.#ended) {
      this.#ended = true;
      this.#tell({ kind: 'input-failed', failure: failureOf(error) });
    }
    return error;
  }

  #tell(event: SessionEvent): void {
    this.#context.sendSourceEventToCoordinator(event);
  }
}

function entryOf(control: ControlRecord): StreamEntry {
  switch (control.kind) {
    case 'rules':
      return { kind: 'rules', details: { version: control.version, rules: control.rules } };
    case 'halt':
      return { kind: 'kill', details: { by: control.by } };
    case 'rearm':
      return { kind: 'rearm', details: { by: control.by } };
    default:
      return assertNever(control);
  }
}

function restoredLive(restored: StoredReader | null): RestoredLive | null {
  if (restored?.live === null || restored?.live === undefined) return null;
  const { live, rules, rulesVersion, halted } = restored;
  return { ...live, rules, rulesVersion, halted };
}

/** A halt pressed while an interrupted session catches up must not be undone by a rearm that came before it. */
function isOfSameKind(left: ControlRecord, right: ControlRecord): boolean {
  return (left.kind === 'rules') === (right.kind === 'rules');
}

/** Driving that clock costs a record for each millisecond in which something happens. */
function runsOnProcessingTime(rules: RulesDocument): boolean {
  return [rules.defaults ?? {}, ...Object.values(rules.symbols ?? {})].some(({ time }) => time === 'processing');
}

export function failureOf(error: InputError): InputFailure {
  const { input, line, byte } = error.place;
  const where = [input, line === undefined ? null : `line ${line}`, byte === undefined ? null : `byte ${byte}`]
    .filter((part) => part !== null)
    .join(', ');
  return { kind: error.kind, code: error.code, where, message: error.message };
}
