import type { BarBuilding } from '../../contract/bars.ts';
import type { SourceTime } from '../../contract/explanations.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import type { AuditEvent } from '../../connectors/audit/audit-record.ts';
import type { Speed } from '../../contract/window.ts';
import type { SessionTotals } from '../../connectors/sources/session-totals.ts';
import type { LiveSettings } from '../../connectors/recording/recording-format.ts';
import type { JournalPart } from '../../connectors/journal/journal-writer.ts';
import type { FeedStatus } from '../../connectors/live/live-feed-input.ts';
import type { PlannedPosition } from '../../connectors/sources/session-records.ts';
import type { QuarantinedRow } from '../../connectors/sources/row-ledger.ts';
import type { InputErrorCode, InputErrorKind } from '../../connectors/sources/input-error.ts';
import type { EnteredControl, ScheduledControl } from '../../connectors/sources/control-schedule.ts';
import type { ControlRecord } from '../../trading/records.ts';

/** Everything a FlinkTrade job is made from. Plain data: every thread builds the same job from it. */
export interface SessionParameters {
  readonly inputs: SessionInputs;
  readonly positions: readonly PlannedPosition[];
  readonly rules: RulesDocument;
  readonly speed: Speed;
  readonly startPaused: boolean;
  /** What the caller insists on; null: what the rules or the profile say. */
  readonly outOfOrdernessMs: number | null;
  readonly maxFutureMs: number | null;
  /** For charts; null: keep none. */
  readonly historySampleMs: number | null;
  /** For charts; absent: none. */
  readonly bars?: BarBuilding;
  /** Controls of an interrupted session that enter again where they did; absent: none. */
  readonly controls?: readonly ScheduledControl<ControlRecord>[];
  /** Memory of the KillLine that stops the source at once; absent: a halt comes as a command alone. Never stored. */
  readonly killLine?: SharedArrayBuffer;
}

export type SessionInputs =
  | { readonly kind: 'files'; readonly paths: readonly string[]; readonly profile: string | null }
  /** The built-in simulated market. `seconds` of event time; null: no end. */
  | { readonly kind: 'sample'; readonly seed: number; readonly seconds: number | null }
  /** The journal of a live session, in a state folder. */
  | { readonly kind: 'journal'; readonly folder: string }
  | LiveInputs;

/** A live feed. What `settings` say was decided when the session began, and holds over restarts. */
export interface LiveInputs {
  readonly kind: 'live';
  readonly url: string;
  /** Sent on connecting; null: nothing. */
  readonly subscribe: string | null;
  /** Ready profile or profile file. */
  readonly profile: string;
  readonly settings: LiveSettings;
  /** There is a journal to go on from. */
  readonly recovers: boolean;
  /** Number of the journal's next part. */
  readonly nextPart: number;
}

/** From the coordinator to the source, between two polls. */
export type SessionCommand =
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  /** Answered by `progress`; changes nothing. */
  | { readonly kind: 'tell-progress' }
  | { readonly kind: 'set-speed'; readonly speed: Speed }
  /** `number`: by which `control-entered` names it; absent: nobody asks. */
  | { readonly kind: 'control'; readonly control: ControlRecord; readonly number?: number }
  | LiveCommand;

/** To a live session only. */
export type LiveCommand =
  /** Takes what has come, then ends as a session does. */
  | { readonly kind: 'end' }
  | { readonly kind: 'journal-stored'; readonly part: number }
  /** One that was wanted; null: there are no more. */
  | { readonly kind: 'journal-bytes'; readonly bytes: Uint8Array | null }
  /** The disk is nearly full: nothing is taken before a write fails; false: there is room again. */
  | { readonly kind: 'hold'; readonly on: boolean }
  /** The machine slept. */
  | { readonly kind: 'stood-still'; readonly forMs: number };

/** What is told to the audit trail of things that have a place in the stream. */
export type StreamEntry = Extract<AuditEvent, { kind: 'rules' | 'kill' | 'rearm' | 'clock-jump' }>;

/** From the source to the coordinator. */
export type SessionEvent =
  | {
      readonly kind: 'opened';
      readonly inputs: readonly string[];
      /** How each input was read, as a sentence. */
      readonly readAs: readonly string[];
      readonly outOfOrdernessMs: number;
      readonly maxFutureMs: number;
    }
  | { readonly kind: 'progress'; readonly progress: SessionProgress }
  | { readonly kind: 'quarantined'; readonly rows: readonly QuarantinedRow[] }
  | { readonly kind: 'ended'; readonly progress: SessionProgress; readonly pending: readonly PlannedPosition[] }
  | { readonly kind: 'control-entered'; readonly entered: EnteredControl }
  /** The kill line is pressed: the source takes nothing more until a halt has entered the stream. */
  | { readonly kind: 'stands-for-halt' }
  /**
   * A checkpoint's barrier is sent behind everything that was told so far, and ahead of the quote `sequence`. `part`: of
   * the journal, the one behind it; `quarantined`: rows so far, by reason.
   */
  | {
      readonly kind: 'barrier';
      readonly checkpointId: number;
      readonly part: number | null;
      readonly sequence: number;
      readonly quarantined: Readonly<Record<string, number>>;
    }
  /** Ahead of the quote `sequence`, for the first time or again. */
  | { readonly kind: 'happened'; readonly sequence: number; readonly entry: StreamEntry }
  | { readonly kind: 'journal-part'; readonly part: JournalPart }
  | { readonly kind: 'journal-wanted' }
  /** The journal has been played; from here on the session is live. `rules`: the last change; null: there was none. */
  | {
      readonly kind: 'recovered';
      readonly quotes: number;
      /** Quotes, controls and marks that were read from the journal for it. */
      readonly records: number;
      /** Of those quotes, the ones that are held back for their time. */
      readonly undecided: readonly number[];
      readonly rules: { readonly rules: RulesDocument; readonly version: number } | null;
      readonly halted: boolean;
    }
  | { readonly kind: 'feed'; readonly status: FeedStatus }
  | { readonly kind: 'input-failed'; readonly failure: InputFailure };

export interface SessionProgress {
  readonly totals: SessionTotals;
  readonly fraction: number | null;
  readonly lagMs: number;
  readonly greatestMs: number | null;
  readonly time: SourceTime;
}

/** An InputError as it crosses threads. */
export interface InputFailure {
  readonly kind: InputErrorKind;
  readonly code: InputErrorCode;
  readonly where: string;
  readonly message: string;
}
