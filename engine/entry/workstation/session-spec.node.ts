import type { SessionInfo, Speed } from '../../contract/window.ts';
import type { ScheduledControl } from '../../connectors/sources/control-schedule.ts';
import type { TradeValue } from '../../connectors/sinks/durable-trades.ts';
import type { ControlRecord } from '../../trading/records.ts';
import type { StoredAudit } from '../session/session-audit.ts';
import type { SessionIdentity } from '../session/session-identity.node.ts';
import type { SessionParameters } from '../session/session-parameters.ts';

/**
 * What is kept of a session besides its checkpoints:
 *
 *   session/<id>/spec           what it was opened with; never changes
 *   session/current             which one is open, how it is being played, and whether it has ended
 *   controls/<number>           rule changes, halts and rearms, each with its place in the stream
 *
 * Everything is JSON in UTF-8.
 */
export const SPEC_VERSION = 1;
export const CURRENT_NAME = 'session/current';

/** Everything that is needed to open the session again. */
export interface SessionSpec {
  readonly version: number;
  readonly id: string;
  readonly openedAtMs: number;
  readonly parameters: SessionParameters;
  readonly workers: number;
  readonly info: SessionInfo;
  /** What the inputs were when it was opened. */
  readonly identity: SessionIdentity;
}

/** How it is played, which changes while it runs. */
export interface Desk {
  readonly speed: Speed;
  readonly paused: boolean;
}

export type SessionLife = 'open' | 'finished' | 'closed';

export interface CurrentSession {
  readonly version: number;
  readonly id: string;
  readonly life: SessionLife;
  readonly desk: Desk;
  /** Of the spec. */
  readonly sha256: string;
  /** Of a finished session: all of them. */
  readonly trades: readonly TradeValue[];
}

/** The application's part of a checkpoint. */
export interface SessionCheckpoint {
  readonly version: number;
  readonly id: string;
  /** Of the spec. */
  readonly sha256: string;
  readonly desk: Desk;
  readonly trades: readonly TradeValue[];
  /** Greatest number any control had by then. */
  readonly lastControl: number;
  /** Absent or null: nothing was told to the audit trail. */
  readonly audit?: StoredAudit | null;
}

export interface KeptControl extends ScheduledControl<ControlRecord> {
  readonly version: number;
  readonly session: string;
  readonly atMs: number;
}

const NUMBER_DIGITS = 10;

export function specName(id: string): string {
  return `session/${id}/spec`;
}

export function controlName(number: number): string {
  return `controls/${String(number).padStart(NUMBER_DIGITS, '0')}`;
}
