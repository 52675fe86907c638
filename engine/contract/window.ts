/**
 * What the workstation's window and the engine say to each other, through the main process. Plain data only.
 * Decimals are strings ("140.50"); times are ms since the Unix epoch. Quotes and rows travel as binary frames
 * (frames.ts); trades, problems and states as the objects below.
 */
import type { SymbolExplanation, TradeExplanation } from './explanations.ts';
import type { BarBuilding, BarInterval } from './bars.ts';
import type { CheckpointRecord } from './checkpoint-record.ts';
import type { StoreErrorKind } from './durable-store.ts';
import type { JobPage } from './job-page.ts';
import type { InstrumentFound, OrderOutcome } from './orders.ts';
import type { RulesDocument } from './rules.ts';
import type { StoreEventKind } from './store-events.ts';

/** Sent in every hello; the two sides refuse to talk when it differs. */
export const CONTRACT_VERSION = 1;

export type Speed = { readonly kind: 'max' } | { readonly kind: 'times'; readonly factor: number };

/** Session files, merged by event time; the built-in simulated sample; or a live feed. */
export type SessionSource =
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  | { readonly kind: 'sample'; readonly seed: number }
  /** `anew`: begin a new session; the journal of the last one is set aside, not deleted. Otherwise it goes on. */
  | { readonly kind: 'live'; readonly url: string; readonly anew: boolean };

export interface SessionRequest {
  /** Session files, merged by event time; or the built-in simulated sample. */
  readonly inputs: SessionSource;
  /** Profile name or file; null: found by looking at the file. */
  readonly profile: string | null;
  /** Positions file; null: none (files) or the sample's own (sample). */
  readonly positionsPath: string | null;
  readonly rules: RulesDocument;
  readonly workers: number;
  readonly speed: Speed;
  readonly startPaused: boolean;
  /** Bars for the chart; absent: none, and every quote is spared the work. */
  readonly bars?: BarBuilding;
  /** Address of the execution gateway; absent or null: paper trading. */
  readonly gateway?: string | null | undefined;
}

export type EngineCommand =
  | { readonly kind: 'open'; readonly requestId: number; readonly session: SessionRequest }
  | { readonly kind: 'close-session' }
  /** Tries once more to go on with a session that was kept and could not be gone on with. */
  | { readonly kind: 'recover' }
  | { readonly kind: 'play' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'set-speed'; readonly speed: Speed }
  /** The number of workers, while quotes flow. Answered by `scaling`: one that is under way, then one in the history. */
  | { readonly kind: 'set-workers'; readonly workers: number }
  | { readonly kind: 'set-autoscale'; readonly autoscale: AutoscaleSettings }
  /** Enters the stream at one place; answered by `rules-applied`, or `problem` when they do not hold. */
  | { readonly kind: 'apply-rules'; readonly requestId: number; readonly rules: RulesDocument }
  | { readonly kind: 'halt'; readonly by: string }
  /** The second of two deliberate acts; the first is asking for it in the window, which hands out `token`. */
  | { readonly kind: 'rearm-request' }
  | { readonly kind: 'rearm-confirm'; readonly token: string; readonly by: string }
  /** Chooses the symbol whose quotes the chart follows; answered by `chart-history`, then `chart` points in frames. */
  | { readonly kind: 'select-symbol'; readonly symbol: string | null }
  /** Reads the whole audit trail; answered by `audit`. */
  | { readonly kind: 'verify-audit' }
  /** From main only, for a person has chosen the path there; answered by `notice` or `problem`. */
  | { readonly kind: 'export-audit'; readonly path: string }
  /** Chooses the bars of the chosen symbol that the chart follows; null: none. Answered by `chart-bars`, again and again. */
  | { readonly kind: 'select-bars'; readonly interval: BarInterval | null }
  /** The symbols (numbers of frames) whose rows the window shows: in a fast market these come first, others a little later. */
  | { readonly kind: 'rows-in-sight'; readonly symbols: readonly number[] }
  /** The local query server: off until a person asks for it, and then on this machine only. Answered by `server`. */
  | { readonly kind: 'set-server'; readonly on: boolean }
  /** Answered by `server-token` while the server is on. */
  | { readonly kind: 'show-server-token' }
  /** The job page is in sight, or is not any more. Answered by `job-page` about once a second while it is. */
  | { readonly kind: 'watch-job'; readonly on: boolean }
  /** What is kept of one symbol, now or as of a kept checkpoint; answered by `symbol-state`. */
  | {
      readonly kind: 'ask-symbol-state';
      readonly requestId: number;
      readonly symbol: string;
      /** null: now. */
      readonly asOf: number | null;
      /** A kept checkpoint: what is different from it is told as well; null: nothing is compared. */
      readonly since: number | null;
    }
  /** Why a trade was made as it was; answered by `trade-explained`. */
  | { readonly kind: 'ask-trade'; readonly requestId: number; readonly tradeId: string }
  /** From main only: the machine slept for so long. */
  | { readonly kind: 'stood-still'; readonly forMs: number }
  /** A window came or was reloaded: everything it needs to show the true state is sent again. */
  | { readonly kind: 'hello'; readonly contractVersion: number };

/** The life of a session in the engine. */
export type SessionStatus =
  | { readonly kind: 'none' }
  /** What was interrupted is looked for, or being brought back; nothing trades meanwhile. */
  | { readonly kind: 'recovering'; readonly message: string }
  | { readonly kind: 'opening' }
  | { readonly kind: 'playing' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'finished' }
  /** `isKept`: what it was is kept, and can be gone on with once the problem is mended. */
  | { readonly kind: 'failed'; readonly problem: Problem; readonly isKept?: boolean };

/** A problem as a person reads it. */
export interface Problem {
  /** Stable, machine-readable: `input-unreadable`, `rules-invalid`, `positions-invalid`, `worker-failed` ... */
  readonly code: string;
  /** What was tried, what was found, what to do; may have several lines. */
  readonly message: string;
  /** Where: file, line, path inside a document. */
  readonly where: string | null;
}

export interface TradeMessage {
  readonly id: string;
  readonly symbol: string;
  readonly shares: string;
  readonly price: string;
  readonly profit: string;
  readonly eventTimeMs: number;
  readonly quoteSequence: number;
  readonly askBefore: string;
  readonly askAfter: string;
}

export interface QuarantinedRow {
  readonly input: string;
  readonly line: number;
  readonly reason: string;
  /** The row's text, cut at 200 characters. */
  readonly text: string;
}

/** Rows add up, always: rows = applied + late + quarantined + ignored. */
export interface SessionCounts {
  readonly rows: number;
  /** Quotes that reached the rules. Where two rows make a quote, half as many as `applied`. */
  readonly quotes: number;
  readonly applied: number;
  readonly late: number;
  readonly quarantined: number;
  readonly ignored: number;
  readonly quarantinedByReason: Readonly<Record<string, number>>;
}

export interface WorkerInfo {
  readonly index: number;
  readonly firstKeyGroup: number;
  readonly lastKeyGroup: number;
  readonly keys: number;
  readonly quotesPerSecond: number;
  readonly watermarkMs: number | null;
  /** What the worker did with each second; the three add up to 1000. */
  readonly busyMsPerSecond: number;
  readonly idleMsPerSecond: number;
  readonly backPressuredMsPerSecond: number;
}

/** Whether the number of workers follows how busy they are, and within which bounds. */
export interface AutoscaleSettings {
  readonly on: boolean;
  readonly minWorkers: number;
  readonly maxWorkers: number;
}

/** One change of the number of workers while quotes flowed. */
export interface RescaleInfo {
  /** Wall clock. */
  readonly atMs: number;
  readonly from: number;
  readonly to: number;
  readonly cause: 'asked' | 'autoscale';
  /** What the policy had measured; null: a person asked for it. */
  readonly reason: string | null;
  readonly status: 'completed' | 'failed';
  /** No quote was taken in for so long. */
  readonly pauseMs: number;
  /** With the start of new threads, quotes flowing meanwhile. */
  readonly durationMs: number;
  readonly movedKeyGroups: number;
  readonly movedKeys: number;
  /** Why it failed. */
  readonly problem: string | null;
}

export interface ScalingInfo {
  readonly workers: number;
  /** There can be no more of them in this session. */
  readonly workersMax: number;
  /** A change is under way; null: none is. */
  readonly changingTo: number | null;
  readonly autoscale: AutoscaleSettings;
  /** What the policy found at its last look; null: it is off, or has not looked yet. */
  readonly lastDecision: string | null;
  /** The latest of this session, over all its runs, newest last. */
  readonly history: readonly RescaleInfo[];
}

export interface Progress {
  /** 0..1 of the input played, or null when it has no end. */
  readonly fraction: number | null;
  readonly eventTimeMs: number | null;
  readonly watermarkMs: number | null;
  readonly firstEventTimeMs: number | null;
  /** How far the shown state trails the pace asked for (playing at a fixed speed), ms; 0 at max speed. */
  readonly lagMs: number;
  readonly quotesPerSecond: number;
  /** Event seconds per wall second really reached. */
  readonly speedReached: number;
  readonly counts: SessionCounts;
  readonly trades: number;
  readonly halted: boolean;
  readonly rulesVersion: number;
  readonly workers: readonly WorkerInfo[];
  readonly maxParallelism: number;
  /** Of a live session. */
  readonly feed: FeedInfo | null;
}

/** `live`: connected, and quotes are fresh. `stale`: connected, and they are not: nothing trades. */
export type FeedStateKind = 'recovering' | 'connecting' | 'live' | 'stale' | 'reconnecting' | 'closed';

/** How a live feed does. "Connected" is not "fresh". */
export interface FeedInfo {
  readonly state: FeedStateKind;
  /** Until it is tried again; null: it is not waited for. */
  readonly retryInMs: number | null;
  /** Since the last message of any kind; null before the first. */
  readonly lastMessageAgeMs: number | null;
  /** How old the last quote was when it came; null before the first. */
  readonly quoteAgeMs: number | null;
  readonly gaps: number;
  /** Messages that never came. */
  readonly missed: number;
  readonly duplicates: number;
  /** Quotes that were too old when they came, and did not trade. */
  readonly staleQuotes: number;
  /** Symbols that were quoted, but not lately. */
  readonly staleSymbols: number;
  readonly connects: number;
  /** Trades whose quotes are not in the journal for good yet. */
  readonly pendingTrades: number;
}

/** One going-on after an interruption. */
export interface RecoveryInfo {
  /** Wall clock. */
  readonly atMs: number;
  readonly why: 'program-ended' | 'session-failed';
  /** What failed; null: the program was ended or killed. */
  readonly cause: string | null;
  /** null: there was no complete checkpoint yet; the session began anew, with its controls, or from its journal. */
  readonly checkpointId: number | null;
  readonly takenAtMs: number | null;
  /** Final trades that were brought back. */
  readonly trades: number;
  /** Quotes the session had taken at the checkpoint. */
  readonly quotes: number;
  /** Rule changes, halts and rearms made after the checkpoint, which enter again at their places. */
  readonly controls: number;
  /** Of a live session: quotes, controls and marks that were read from the journal behind the checkpoint; null: it has none. */
  readonly journalRecords: number | null;
  /** Newer checkpoints that could not be used, and why. */
  readonly refused: readonly { readonly id: number; readonly problem: string }[];
}

/** What would be there after a crash. */
export interface StateInfo {
  /** Why this session is not kept; null: it is. */
  readonly notKept: string | null;
  readonly intervalMs: number;
  /** The latest hundred, newest last. */
  readonly history: readonly CheckpointRecord[];
  /** Of this session since the program started, newest last. */
  readonly recoveries: readonly RecoveryInfo[];
}

/** The audit trail, of all sessions. */
export interface AuditInfo {
  readonly records: number;
  /** SHA-256 of the newest record, which every record before it goes into; null: there is none. */
  readonly head: string | null;
  /** Why there is no trail; null: there is, or nothing is kept at all. */
  readonly problem: string | null;
  /** Of the latest look at every record; null: nobody has looked since the program started. */
  readonly verdict: { readonly isIntact: boolean; readonly text: string; readonly atMs: number } | null;
}

/** How orders go out. Little's law: occupancy = throughput x latency. */
export interface RoutingInfo {
  readonly gateway: string;
  /** Why nothing is routed any more; null: it is. */
  readonly problem: string | null;
  /** Orders under way at a time, at most. */
  readonly capacity: number;
  readonly inFlight: number;
  /** Under way on average, over the last seconds. */
  readonly occupancy: number;
  readonly throughputPerSecond: number;
  /** Of answers of the last seconds, on average; null: none came. */
  readonly latencyMs: number | null;
  /** Calls made again since the session was opened. */
  readonly retries: number;
  /** Final trades without an answer. */
  readonly routing: number;
  readonly byState: Readonly<Record<OrderOutcome['state'], number>>;
}

export interface SessionInfo {
  readonly inputs: readonly string[];
  /** Shown wherever the session is: a simulated or replayed market is never labelled live. */
  readonly mode: 'simulated' | 'replay' | 'live';
  readonly positionsPath: string | null;
  readonly profile: string | null;
  readonly speed: Speed;
  /** Absent, as in sessions that were kept by older versions, or null: paper trading. */
  readonly gateway?: string | null | undefined;
}

/** Something the store did by itself, with its number and time. */
export interface StorageNote {
  readonly number: number;
  readonly wallMs: number;
  readonly kind: StoreEventKind;
  readonly severity: 'note' | 'warning';
  readonly message: string;
}

/** Whether state is kept, where, and what happened to it; the newest note last. */
export type StorageStatus = {
  readonly notes: readonly StorageNote[];
  /** Free room fell below what is safe; trading stops until there is room again. */
  readonly nearlyFull: boolean;
} & (
  | { readonly kind: 'opening' }
  | {
      readonly kind: 'kept';
      readonly where: string;
      readonly values: number;
      readonly copies: readonly { readonly where: string; readonly serves: boolean }[];
    }
  /** Said loudly: a restart would begin without positions. */
  | { readonly kind: 'not-kept'; readonly reason: StoreErrorKind; readonly message: string }
);

/** Whether programs on this machine can ask for the state of the session. */
export type ServerStatus =
  | { readonly kind: 'off' }
  | { readonly kind: 'on'; readonly url: string; readonly tokenPath: string }
  | { readonly kind: 'failed'; readonly message: string };

export type EngineEvent =
  | { readonly kind: 'welcome'; readonly contractVersion: number; readonly engine: string }
  | { readonly kind: 'status'; readonly status: SessionStatus; readonly session: SessionInfo | null }
  | {
      readonly kind: 'rules-applied';
      readonly requestId: number | null;
      readonly rules: RulesDocument;
      readonly version: number;
    }
  /** Something a person should know and need not do anything about. */
  | { readonly kind: 'notice'; readonly tone: 'good' | 'bad'; readonly text: string }
  | { readonly kind: 'problem'; readonly requestId: number | null; readonly problem: Problem }
  /** Names for symbol numbers in frames: `names[i]` is symbol `first + i`. Always sent before a frame that uses them. */
  | { readonly kind: 'symbols'; readonly first: number; readonly names: readonly string[] }
  /** One frame of rows, see frames.ts. `epoch` rises with every opened session; frames of an older one are dropped. */
  | { readonly kind: 'rows'; readonly epoch: number; readonly frame: ArrayBuffer }
  /** Never merged, never dropped. `first` is the number of the first one in the session. */
  | {
      readonly kind: 'trades';
      readonly epoch: number;
      readonly first: number;
      readonly trades: readonly TradeMessage[];
    }
  /** The first `count` trades of the session stay, whatever happens; later ones are pending until a checkpoint holds them. */
  | { readonly kind: 'trades-final'; readonly epoch: number; readonly count: number }
  /** Orders whose state is new. A final trade that was never named here is being routed, where there is a gateway. */
  | { readonly kind: 'orders'; readonly epoch: number; readonly outcomes: readonly OrderOutcome[] }
  | { readonly kind: 'instruments'; readonly epoch: number; readonly instruments: readonly InstrumentFound[] }
  | { readonly kind: 'routing'; readonly epoch: number; readonly routing: RoutingInfo }
  | { readonly kind: 'state'; readonly epoch: number; readonly state: StateInfo }
  | { readonly kind: 'scaling'; readonly epoch: number; readonly scaling: ScalingInfo }
  /** After `watch-job`. null: there is no session, and hence no job. */
  | { readonly kind: 'job-page'; readonly page: JobPage | null }
  | { readonly kind: 'quarantined'; readonly epoch: number; readonly rows: readonly QuarantinedRow[] }
  | { readonly kind: 'progress'; readonly epoch: number; readonly progress: Progress }
  /** Samples of the chosen symbol from the session's start, oldest first: [timeMs, bid, ask, ourAsk] each, prices in 1e-8, 0: none. */
  | {
      readonly kind: 'chart-history';
      readonly epoch: number;
      readonly symbol: string;
      readonly samples: Float64Array;
      readonly trades: readonly TradeMessage[];
    }
  | { readonly kind: 'chart'; readonly epoch: number; readonly symbol: string; readonly samples: Float64Array }
  /**
   * Bars of the chosen symbol (bars.ts), oldest first: all that are kept, or the newest: from the start of the first
   * of them on they take the place of what was told before. null: the session was opened without bars.
   */
  | {
      readonly kind: 'chart-bars';
      readonly epoch: number;
      readonly symbol: string;
      readonly interval: BarInterval;
      readonly part: 'all' | 'newest';
      readonly bars: Float64Array | null;
    }
  /** The kill switch, with or without a session. */
  | { readonly kind: 'halted'; readonly halted: boolean }
  | { readonly kind: 'audit'; readonly audit: AuditInfo }
  | { readonly kind: 'rearm-token'; readonly token: string }
  | { readonly kind: 'server'; readonly server: ServerStatus }
  | { readonly kind: 'server-token'; readonly token: string }
  | {
      readonly kind: 'symbol-state';
      readonly requestId: number;
      readonly symbol: string;
      readonly asOf: number | null;
      readonly since: number | null;
      /** null: nothing is known of the symbol, or there is no answer. */
      readonly known: SymbolExplanation | null;
      /** Why there is no answer; null: there is one. */
      readonly problem: string | null;
    }
  | {
      readonly kind: 'trade-explained';
      readonly requestId: number;
      readonly tradeId: string;
      /** null: nothing has the trade any more, or there is no answer. */
      readonly explanation: TradeExplanation | null;
      /** Why there is no answer; null: there is one. */
      readonly problem: string | null;
    }
  | { readonly kind: 'storage'; readonly storage: StorageStatus };
