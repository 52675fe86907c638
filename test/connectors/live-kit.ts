import { crc32 } from '../../engine/connectors/recording/crc32.ts';
import { JournalBytes } from '../../engine/connectors/journal/journal-bytes.ts';
import { JournalWriter, type JournalPart, type JournalPlace } from '../../engine/connectors/journal/journal-writer.ts';
import { FeedGate, type StoredGate } from '../../engine/connectors/live/feed-gate.ts';
import { FeedLink, type FeedConnection, type FeedHandlers } from '../../engine/connectors/live/feed-link.ts';
import { LiveClock } from '../../engine/connectors/live/live-clock.ts';
import { LiveFeedInput } from '../../engine/connectors/live/live-feed-input.ts';
import { LiveSessionInput } from '../../engine/connectors/live/live-session-input.ts';
import { bindLiveProfile } from '../../engine/connectors/profiles/bind-profile.ts';
import type { LiveSettings } from '../../engine/connectors/recording/recording-format.ts';
import { RecordingInput } from '../../engine/connectors/recording/recording-input.ts';
import type {
  SessionReaderOptions,
  SessionSourceReader,
  StoredSession,
} from '../../engine/connectors/sources/session-source-reader.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import { decodePlain, encodePlain } from '../../engine/memory/plain-text.ts';
import { ManualClock, profileNamed, readerOf, type RecordedOutput } from './session-kit.ts';

/** Where made-up live sessions begin: 2026-11-22T15:06:40Z. */
export const LIVE_START_MS = 1_795_360_000_000;

/** A clock whose wall can be set apart from its monotonic part. */
export class LiveManualClock extends ManualClock {
  offsetMs = LIVE_START_MS;

  override wallMs(): number {
    return this.nowMs + this.offsetMs;
  }
}

/** A network in the hands of a test: connections that open, talk and break when told to. */
export class ScriptedNetwork {
  attempts = 0;
  pings = 0;
  paused = false;
  /** Of the connection that is being made or stands. */
  handlers: FeedHandlers | null = null;

  readonly connect = (handlers: FeedHandlers): FeedConnection => {
    this.attempts += 1;
    this.handlers = handlers;
    this.paused = false;
    return {
      pause: () => {
        this.paused = true;
      },
      resume: () => {
        this.paused = false;
      },
      ping: () => {
        this.pings += 1;
      },
      end: () => this.break('ended by us'),
    };
  };

  open(): void {
    this.handlers?.opened();
  }

  say(text: string): void {
    this.handlers?.message(new TextEncoder().encode(text));
  }

  break(why = 'cut', oversized = false): void {
    const { handlers } = this;
    this.handlers = null;
    handlers?.closed(why, oversized);
  }
}

export function ticker(symbol: string, timeMs: number, fields: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    e: 'bookTicker',
    s: symbol,
    b: '10.00',
    B: '100',
    a: '10.02',
    A: '200',
    T: timeMs,
    ...fields,
  });
}

export const SETTINGS: LiveSettings = {
  feed: 'ws://feed/',
  startedAtMs: LIVE_START_MS,
  outOfOrdernessMs: 0,
  maxFutureMs: 2_000,
  staleMs: 2_000,
  idleMs: 1_000,
  rules: { version: 1 },
  positionsDigest: '',
};

export interface LiveRig {
  readonly clock: LiveManualClock;
  readonly network: ScriptedNetwork;
  readonly link: FeedLink;
  readonly feed: LiveFeedInput;
  readonly input: LiveSessionInput;
  readonly gate: FeedGate;
  readonly symbols: SymbolTable;
  readonly journal: JournalWriter;
  readonly parts: JournalPart[];
  readonly reader: SessionSourceReader<unknown>;
  /** Everything that can be taken is. */
  poll(output: RecordedOutput, recordsMax?: number): void;
  /** Time passes, tick by tick. */
  pass(ms: number, output: RecordedOutput): void;
}

export interface RigOptions {
  readonly settings?: Partial<LiveSettings>;
  readonly reader?: Partial<SessionReaderOptions<unknown>>;
  readonly clock?: LiveManualClock;
  readonly network?: ScriptedNetwork;
  /** Nothing is to be taken. */
  readonly isHeld?: () => boolean;
  /** Parts of the session so far; of a restored one, those behind its place. */
  readonly from?: readonly JournalPart[];
  readonly restored?: RigSnapshot;
}

/** What a checkpoint keeps of a live session, between two polls. */
export interface RigSnapshot {
  readonly session: StoredSession;
  readonly place: JournalPlace;
  readonly gate: StoredGate;
}

export function snapshotOf({ reader, journal, gate, symbols }: LiveRig): RigSnapshot {
  const place = journal.place();
  if (place === null) throw new Error('The session is not live yet.');
  const stored = { session: reader.snapshot(), place, gate: gate.snapshot((symbol) => symbols.name(symbol)) };
  // As the manifest keeps it.
  return decodePlain(encodePlain(stored)) as RigSnapshot;
}

/** A live session without threads: a scripted network, a manual clock, and a journal in a list. */
export async function liveRig(options: RigOptions = {}): Promise<LiveRig> {
  const settings = { ...SETTINGS, ...options.settings };
  const { restored } = options;
  const clock = options.clock ?? new LiveManualClock();
  const network = options.network ?? new ScriptedNetwork();
  const symbols = new SymbolTable();
  const parts: JournalPart[] = [];
  const liveClock = new LiveClock(clock);
  const link = new FeedLink({
    connect: network.connect,
    clock: liveClock,
    startTimer: clock.startTimer,
    random: () => 0.5,
  });
  let gate = new FeedGate(-1, -1, () => undefined);
  const decoder = bindLiveProfile(profileNamed('binance-book-ticker'), 'ws://feed/', symbols, (updateId, number) => {
    gate = new FeedGate(updateId, number, ({ kind, from, to }) => feed.noteJump(kind, from, to));
    return gate;
  });
  const journal = new JournalWriter({
    symbols,
    crc32,
    startTimer: clock.startTimer,
    settings,
    createdBy: 'test',
    profile: 'binance-book-ticker',
    undecided: () => reader?.stamper.undecided() ?? [],
    handOver: (part) => parts.push(part),
    onRoom: () => feed.wakeUp(),
  });
  let reader: SessionSourceReader<unknown> | null = null;
  const feed = new LiveFeedInput({
    name: 'ws://feed/',
    link,
    clock: liveClock,
    decoder,
    gate,
    staleMs: settings.staleMs,
    idleMs: settings.idleMs,
    reachedMs: () => reader?.stamper.greatestMs ?? -Infinity,
    mustWait: () => journal.mustWait || (options.isHeld?.() ?? false),
  });
  const begin = (played: RecordingInput | null): void => {
    const before = options.from?.at(-1) ?? (restored === undefined ? undefined : { part: restored.place.part - 1 });
    const processingMs = reader?.stamper.processingMs ?? -Infinity;
    if (Number.isFinite(processingMs)) liveClock.continueFrom(processingMs);
    journal.begin({ part: before === undefined ? 0 : before.part + 1, state: played?.state() ?? null });
    link.start();
  };
  const recording =
    options.from === undefined ? null : await openParts(options.from, symbols, { feed, settings, restored });
  if (restored !== undefined) gate.restore(restored.gate, (symbol) => symbols.intern(symbol));
  const input = new LiveSessionInput(feed, recording, () => undefined, begin);
  reader = readerOf(
    [input],
    symbols,
    {
      outOfOrdernessMs: settings.outOfOrdernessMs,
      maxFutureMs: settings.maxFutureMs,
      takesProcessingTime: true,
      journal,
      restored: restored?.session ?? null,
      ...options.reader,
    },
    clock,
  );
  const played = reader;
  if (recording === null) begin(null);
  const poll = (output: RecordedOutput, recordsMax = 512): void => {
    for (let turn = 0; turn < 1000; turn += 1) if (played.pollNext(output, recordsMax) !== 'more-available') return;
  };
  return {
    clock,
    network,
    link,
    feed,
    input,
    gate,
    symbols,
    journal,
    parts,
    reader: played,
    poll,
    pass: (ms, output) => {
      const endMs = clock.nowMs + ms;
      while (clock.nowMs < endMs) {
        clock.advanceTo(Math.min(endMs, clock.nowMs + 250));
        feed.tick();
        poll(output);
      }
    },
  };
}

async function openParts(
  parts: readonly JournalPart[],
  symbols: SymbolTable,
  { feed, settings, restored }: { feed: LiveFeedInput; settings: LiveSettings; restored: RigSnapshot | undefined },
): Promise<RecordingInput> {
  const options = { isOpenEnded: true, ledger: feed.ledger };
  if (restored === undefined) return RecordingInput.open(bytesOf(parts), symbols, crc32, options);
  const about = { createdBy: 'test', inputs: ['ws://feed/'], profiles: ['binance-book-ticker'], live: settings };
  return RecordingInput.resume(bytesOf(parts), symbols, crc32, { about, state: restored.place.state }, options);
}

export function bytesOf(parts: readonly JournalPart[]): JournalBytes {
  const queue = parts.map(({ bytes }) => bytes);
  const bytes: JournalBytes = new JournalBytes(() => bytes.give(queue.shift()?.slice() ?? null));
  return bytes;
}

/** Plays a journal as a session of its own. */
export async function replayOf(
  parts: readonly JournalPart[],
  output: RecordedOutput,
  options: Partial<SessionReaderOptions<unknown>> = {},
  recordsMax = 512,
): Promise<SessionSourceReader<unknown>> {
  const symbols = new SymbolTable();
  const input = await RecordingInput.open(bytesOf(parts), symbols, crc32, { isOpenEnded: true });
  const { outOfOrdernessMs, maxFutureMs } = input.header.live ?? SETTINGS;
  const reader = readerOf([input], symbols, { outOfOrdernessMs, maxFutureMs, takesProcessingTime: true, ...options });
  for (;;) {
    const status = reader.pollNext(output, recordsMax);
    if (status === 'end-of-input') return reader;
    if (status === 'nothing-available') await reader.isAvailable();
  }
}
