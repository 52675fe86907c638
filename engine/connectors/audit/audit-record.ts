import type { TradeDecision } from '../../contract/explanations.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import type { StoreEvent } from '../../contract/store-events.ts';
import type { TradeMessage } from '../../contract/window.ts';
import { IllegalArgumentError } from '../../core/errors.ts';

/** What the trail tells of. `details` is plain data, kept as it is; amounts are decimal texts, as people read them. */
export type AuditEvent =
  /** The first record of every trail. Written by the trail itself. */
  | { readonly kind: 'genesis'; readonly details: { readonly trail: string; readonly format: number } }
  /** Something of the trail before it is missing or damaged. Written by the trail itself. */
  | { readonly kind: 'trail-break'; readonly details: { readonly problem: string } }
  | {
      readonly kind: 'session-start';
      readonly details: {
        readonly inputs: readonly string[];
        readonly workers: number;
        readonly rulesVersion: number;
        readonly rules: RulesDocument;
        /** Names the session: what follows is told of it, until another one is named. Absent in older trails. */
        readonly session?: string;
      };
    }
  | {
      readonly kind: 'session-end';
      readonly details: { readonly outcome: string; readonly quotes: number; readonly trades: number };
    }
  /** The whole new document: what a rule was before stands in the record before. */
  | { readonly kind: 'rules'; readonly details: { readonly version: number; readonly rules: RulesDocument } }
  | { readonly kind: 'kill'; readonly details: { readonly by: string } }
  | { readonly kind: 'rearm'; readonly details: { readonly by: string } }
  | {
      readonly kind: 'recovery';
      readonly details: {
        /** null: there was no checkpoint, everything was read again. */
        readonly checkpoint: number | null;
        /** Quotes read again from the journal or the input. */
        readonly replayedQuotes: number;
        readonly reason: string;
        /** What could not be recovered, in sentences; empty: nothing was lost. */
        readonly lost: readonly string[];
        /** As of `session-start`. */
        readonly session?: string;
      };
    }
  | {
      readonly kind: 'rescale';
      readonly details: { readonly from: number; readonly to: number; readonly pauseMs: number };
    }
  /** By how much wall and monotonic clock came apart; above 0: the wall clock was put forward. */
  | { readonly kind: 'clock-jump'; readonly details: { readonly byMs: number } }
  /** Rows quarantined since the last such record, by reason. */
  | { readonly kind: 'quarantine'; readonly details: { readonly rows: Readonly<Record<string, number>> } }
  | {
      readonly kind: 'trade';
      readonly details: TradeMessage & {
        readonly rulesVersion: number;
        /** null, and absent in older trails: it was not kept. */
        readonly decision?: TradeDecision | null;
      };
    }
  | { readonly kind: 'store'; readonly details: Pick<StoreEvent, 'kind' | 'severity' | 'copy' | 'message'> };

export type AuditKind = AuditEvent['kind'];

/** What whoever appends says; the trail adds when, who and where. */
export type AuditEntry = AuditEvent & {
  /** Place in the session: how many quotes stand before it. null or absent: it has none. */
  readonly sequence?: number | null;
};

/** One record of the trail, as it is stored. */
export type AuditRecord = AuditEvent & {
  /** Place in the trail, from 0. */
  readonly index: number;
  /** ms since the Unix epoch; may go back when somebody sets the clock. */
  readonly wallMs: number;
  /** ms since the run began or earlier, to the microsecond; never goes back within a run. */
  readonly monotonicMs: number;
  /** Which start of the program. */
  readonly run: string;
  readonly sequence: number | null;
  /** The user of the operating system. */
  readonly who: string;
  /** SHA-256, in hex, of the hash before and of this record's canonical JSON without its hash. */
  readonly hash: string;
};

/** The number of the layout; a record of another one is not read. */
export const AUDIT_FORMAT = 1;

/**
 * The one way to write a value as JSON: keys in code-unit order, no blanks, numbers as JavaScript writes them.
 * @throws IllegalArgumentError for what JSON has no exact word for: undefined, NaN, bigint, functions
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string' || Number.isFinite(value)) return JSON.stringify(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') {
    const fields = value as Readonly<Record<string, unknown>>;
    let text = '{';
    for (const name of Object.keys(fields).sort()) {
      text += `${text.length > 1 ? ',' : ''}${JSON.stringify(name)}:${canonicalJson(fields[name])}`;
    }
    return `${text}}`;
  }
  throw new IllegalArgumentError(
    `An audit record holds texts, finite numbers, true, false, null, lists and plain objects; found ${typeof value} ${String(value)}.`,
  );
}
