import { fastCrc32 } from '../../connectors/files/fast-crc32.node.ts';
import { loadProfile, type OpenSession } from '../../connectors/files/open-session.node.ts';
import { JournalBytes } from '../../connectors/journal/journal-bytes.ts';
import { JournalWriter, type JournalPlace } from '../../connectors/journal/journal-writer.ts';
import { FeedGate, type StoredGate } from '../../connectors/live/feed-gate.ts';
import { FeedLink } from '../../connectors/live/feed-link.ts';
import { LiveClock } from '../../connectors/live/live-clock.ts';
import { LiveFeedInput, STEP_MS } from '../../connectors/live/live-feed-input.ts';
import { LiveSessionInput } from '../../connectors/live/live-session-input.ts';
import { webSocketFeed } from '../../connectors/live/web-socket.node.ts';
import { bindLiveProfile } from '../../connectors/profiles/bind-profile.ts';
import { RecordingInput } from '../../connectors/recording/recording-input.ts';
import { createRandom } from '../../connectors/simulator/prng.ts';
import type { RowLedger } from '../../connectors/sources/row-ledger.ts';
import type { SessionStamper } from '../../connectors/sources/session-stamper.ts';
import { SymbolTable } from '../../connectors/sources/symbol-table.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import { assertNever } from '../../core/assert.ts';
import { machineClock, repeatEvery, startMachineTimer } from '../../core/machine.node.ts';
import type { ControlRecord } from '../../trading/records.ts';
import type { LiveCommand, LiveInputs, SessionEvent } from './session-parameters.ts';

/** Replaced by the bundler with the version in package.json. */
declare const FLINKTRADE_VERSION: string;
const CREATED_BY = `FlinkTrade ${typeof FLINKTRADE_VERSION === 'string' ? FLINKTRADE_VERSION : 'development'}`;

/** Whether nothing is to be taken from the feed. */
interface Hold {
  isHeld: boolean;
}

/** Where a live session stands besides its reader: the place in its journal, and what its feed numbered. Plain data. */
export interface StoredLive {
  readonly place: JournalPlace;
  readonly gate: StoredGate;
}

/** What a live session goes on from: a checkpoint's, with what held there. */
export interface RestoredLive extends StoredLive {
  readonly rules: RulesDocument;
  readonly rulesVersion: number;
  readonly halted: boolean;
}

/** A live session on the source thread: its feed, its journal, and where it went on from. */
export class OpenLive {
  readonly input: LiveSessionInput;
  readonly journal: JournalWriter;
  readonly symbols: SymbolTable;
  readonly session: OpenSession;
  readonly #inputs: LiveInputs;
  readonly #feed: LiveFeedInput;
  readonly #gate: FeedGate;
  readonly #link: FeedLink;
  readonly #clock: LiveClock;
  readonly #hold: Hold;
  readonly #bytes: JournalBytes | null;
  readonly #tell: (event: SessionEvent) => void;
  readonly #stopTicks: () => void;
  /** Set by the reader that plays this. */
  stamper: SessionStamper | null = null;
  /** What waits until the session is live: its place in the stream is not in the journal yet. */
  onLive: () => void = () => undefined;
  #rules: { readonly rules: RulesDocument; readonly version: number } | null = null;
  #isHalted = false;
  /** Quotes ahead of the place that the session went on from. */
  #restoredQuotes = 0;

  private constructor(
    inputs: LiveInputs,
    parts: {
      readonly feed: LiveFeedInput;
      readonly gate: FeedGate;
      readonly link: FeedLink;
      readonly clock: LiveClock;
      readonly bytes: JournalBytes | null;
      readonly recording: RecordingInput | null;
      readonly symbols: SymbolTable;
      readonly journal: JournalWriter;
      readonly why: string;
      readonly hold: Hold;
      readonly restored: RestoredLive | null;
    },
    tell: (event: SessionEvent) => void,
  ) {
    const { feed, symbols, recording, restored } = parts;
    if (restored !== null) {
      this.#rules = { rules: restored.rules, version: restored.rulesVersion };
      this.#isHalted = restored.halted;
      this.#restoredQuotes = restored.place.state.quotes;
    }
    this.#gate = parts.gate;
    this.#inputs = inputs;
    this.#feed = feed;
    this.#link = parts.link;
    this.#clock = parts.clock;
    this.#bytes = parts.bytes;
    this.#tell = tell;
    this.#hold = parts.hold;
    this.symbols = symbols;
    this.journal = parts.journal;
    this.input = new LiveSessionInput(
      feed,
      recording,
      (control) => this.#noteControl(control as ControlRecord),
      (played) => this.#goLive(played),
    );
    const { settings, profile } = inputs;
    this.session = {
      inputs: [this.input],
      symbols,
      chosen: [{ input: settings.feed, profile, why: parts.why, description: 'A live feed.' }],
      outOfOrdernessMs: settings.outOfOrdernessMs,
      maxFutureMs: settings.maxFutureMs,
      live: settings,
      close: () => this.close(),
    };
    this.#stopTicks = repeatEvery(STEP_MS, () => {
      if (!this.input.isRecovering) this.#feed.tick();
    });
  }

  /**
   * @param restored null: from its beginning, or that of its journal
   * @throws InputError when the profile cannot read a live feed
   */
  static async open(
    inputs: LiveInputs,
    restored: RestoredLive | null,
    tell: (event: SessionEvent) => void,
    onBytes: (bytes: JournalBytes) => void,
  ): Promise<OpenLive> {
    const profile = await loadProfile(inputs.profile);
    const { settings } = inputs;
    const symbols = new SymbolTable();
    const clock = new LiveClock(machineClock);
    const link = new FeedLink({
      connect: webSocketFeed(inputs.url, inputs.subscribe),
      clock,
      startTimer: startMachineTimer,
      random: createRandom(machineClock.wallMs()),
    });
    const hold: Hold = { isHeld: false };
    let live: OpenLive | null = null;
    let gate = new FeedGate(-1, -1, () => undefined);
    const decoder = bindLiveProfile(profile, settings.feed, symbols, (updateId, messageNumber) => {
      gate = new FeedGate(updateId, messageNumber, ({ kind, from, to }) => feed.noteJump(kind, from, to));
      return gate;
    });
    const journal = new JournalWriter({
      symbols,
      crc32: fastCrc32,
      startTimer: startMachineTimer,
      settings,
      createdBy: CREATED_BY,
      profile: inputs.profile,
      undecided: () => live?.stamper?.undecided() ?? [],
      handOver: (part) => tell({ kind: 'journal-part', part }),
      onRoom: () => feed.wakeUp(),
    });
    const feed = new LiveFeedInput({
      name: settings.feed,
      link,
      clock,
      decoder,
      gate,
      staleMs: settings.staleMs,
      idleMs: settings.idleMs,
      reachedMs: () => live?.stamper?.greatestMs ?? -Infinity,
      mustWait: () => journal.mustWait || hold.isHeld,
    });
    const bytes = inputs.recovers ? new JournalBytes(() => tell({ kind: 'journal-wanted' })) : null;
    // The first part is needed to open it: whoever passes commands on must know where parts go.
    if (bytes !== null) onBytes(bytes);
    const recording = bytes === null ? null : await openTail(bytes, symbols, { inputs, restored, ledger: feed.ledger });
    if (restored !== null) gate.restore(restored.gate, (symbol) => symbols.intern(symbol));
    live = new OpenLive(
      inputs,
      { feed, gate, link, clock, bytes, recording, symbols, journal, hold, why: 'a live feed', restored },
      tell,
    );
    return live;
  }

  /** The session's processing clock; null: it is not live yet. */
  get clockMs(): number | null {
    return this.input.isRecovering ? null : this.#clock.processingMs();
  }

  /** Between two polls; hands over what is journaled so far. null: it is not live yet, and has no place of its own. */
  snapshot(): StoredLive | null {
    const place = this.journal.place();
    return place === null ? null : { place, gate: this.#gate.snapshot((symbol) => this.symbols.name(symbol)) };
  }

  /** Call once, when whoever plays it is ready. */
  start(stamper: SessionStamper): void {
    this.stamper = stamper;
    if (!this.input.isRecovering) this.#begin(null);
  }

  take(command: LiveCommand): void {
    switch (command.kind) {
      case 'end':
        return this.#feed.finish();
      case 'journal-stored':
        return this.journal.stored(command.part);
      case 'journal-bytes':
        return this.#bytes?.give(command.bytes);
      case 'hold':
        this.#hold.isHeld = command.on;
        return this.#feed.wakeUp();
      case 'stood-still':
        return this.#feed.stoodStill(command.forMs);
      default:
        return assertNever(command);
    }
  }

  async close(): Promise<void> {
    this.#stopTicks();
    this.journal.dispose();
    await this.input.close();
  }

  #noteControl(control: ControlRecord): void {
    if (control.kind === 'rules') this.#rules = { rules: control.rules, version: control.version };
    else if (control.kind === 'halt') this.#isHalted = true;
    else if (control.kind === 'rearm') this.#isHalted = false;
  }

  #goLive(played: RecordingInput): void {
    const { processingMs = -Infinity } = this.stamper ?? {};
    if (Number.isFinite(processingMs)) this.#clock.continueFrom(processingMs);
    if (played.position() > this.#restoredQuotes) this.#gate.forgetMessageNumber();
    this.#begin(played);
    this.#tell({
      kind: 'recovered',
      quotes: played.position(),
      records: this.input.journalRecords,
      undecided: this.stamper?.undecided() ?? [],
      rules: this.#rules,
      halted: this.#isHalted,
    });
    this.onLive();
  }

  #begin(played: RecordingInput | null): void {
    const { settings, nextPart } = this.#inputs;
    this.journal.begin({ part: nextPart, state: played?.state() ?? null });
    this.#link.put({ what: 'session-started', atMs: Math.floor(this.#clock.wallMs()), feed: settings.feed });
    this.#link.start();
  }
}

/** The journal, or what of it a checkpoint does not hold. */
function openTail(
  bytes: JournalBytes,
  symbols: SymbolTable,
  { inputs, restored, ledger }: { inputs: LiveInputs; restored: RestoredLive | null; ledger: RowLedger },
): Promise<RecordingInput> | RecordingInput {
  const options = { isOpenEnded: true, ledger };
  if (restored === null) return RecordingInput.open(bytes, symbols, fastCrc32, options);
  const { settings, profile } = inputs;
  const about = { createdBy: CREATED_BY, inputs: [settings.feed], profiles: [profile], live: settings };
  return RecordingInput.resume(bytes, symbols, fastCrc32, { about, state: restored.place.state }, options);
}
