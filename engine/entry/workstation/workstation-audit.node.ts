import type { AuditEntry } from '../../connectors/audit/audit-record.ts';
import type { AnchorFile } from '../../connectors/audit/audit-anchor.ts';
import type { AuditTrail } from '../../connectors/audit/audit-trail.ts';
import { exportAudit } from '../../connectors/audit/export-audit.ts';
import { verifyAudit, type AuditVerdict } from '../../connectors/audit/verify-audit.ts';
import type { DurableStore } from '../../contract/durable-store.ts';
import type { StoreEvent } from '../../contract/store-events.ts';
import type { AuditInfo, EngineEvent } from '../../contract/window.ts';
import { repeatEvery } from '../../core/machine.node.ts';
import { sha256 } from '../../core/sha256.node.ts';
import type { Clock } from '../../core/time.ts';
import { writeText } from '../cli/output-files.node.ts';
import { auditLive, type PreparedLive } from '../session/live-session.node.ts';
import { lostTexts, SessionAudit } from '../session/session-audit.ts';
import type { SessionKeeper } from './session-keeper.node.ts';

/** How often a window hears that there are more records. */
const TELL_EVERY_MS = 500;
/** What the store does before its trail is open waits for it. */
const EARLY_ENTRIES_MAX = 100;

export interface OpenTrail {
  readonly trail: AuditTrail;
  readonly store: DurableStore;
  readonly anchor: AnchorFile;
}

export interface WorkstationAuditOptions {
  /** null: nothing is kept, and so there is no trail. */
  readonly opening: Promise<OpenTrail | null>;
  readonly clock: Clock;
  readonly emit: (event: EngineEvent) => void;
}

/**
 * The audit trail of the workstation: one for all its sessions, and for what happens without one. Coordinator thread only.
 */
export class WorkstationAudit {
  readonly #options: WorkstationAuditOptions;
  #open: OpenTrail | null = null;
  #early: AuditEntry[] = [];
  /** Why there is no trail; null: there is, or nothing is kept at all. */
  #problem: string | null = null;
  #verdict: AuditInfo['verdict'] = null;
  #countTold = -1;
  readonly #ready: Promise<void>;

  constructor(options: WorkstationAuditOptions) {
    this.#options = options;
    this.#ready = options.opening.then(
      (open) => this.#opened(open),
      (error: unknown) => {
        this.#problem = (error as Error).message;
        this.tell();
      },
    );
    repeatEvery(TELL_EVERY_MS, () => {
      if (this.#open !== null && this.#open.trail.count !== this.#countTold) this.tell();
    });
  }

  /** Something that has no place in a session. */
  append(entry: AuditEntry): void {
    if (this.#open !== null) this.#open.trail.append(entry);
    else if (this.#early.length < EARLY_ENTRIES_MAX) this.#early.push(entry);
  }

  storeEvent({ kind, severity, copy, message }: StoreEvent): void {
    this.append({ kind: 'store', details: { kind, severity, copy, message } });
  }

  /** A session from files begins. @throws StoreError */
  async begin({ spec }: SessionKeeper): Promise<SessionAudit | null> {
    const audit = await this.#of(spec.id);
    const { info, workers, parameters } = spec;
    await audit?.begin({ inputs: info.inputs, workers, rules: parameters.rules });
    return audit;
  }

  /** It goes on from what the keeper restored. @throws StoreError */
  async goOn(keeper: SessionKeeper, reason: string): Promise<SessionAudit | null> {
    const audit = await this.#of(keeper.spec.id);
    await audit?.goOn(keeper.audit, keeper.trades, {
      checkpoint: keeper.restored?.id ?? null,
      replayedQuotes: 0,
      reason,
      lost: lostTexts(keeper.refused),
    });
    return audit;
  }

  /** A live session begins or goes on. @throws StoreError */
  async live(prepared: PreparedLive, about: { workers: number; reason: string }): Promise<SessionAudit | null> {
    await this.#ready;
    return this.#open === null ? null : auditLive(this.#open.trail, prepared, about);
  }

  /** What a window is shown. */
  tell(): void {
    const trail = this.#open?.trail ?? null;
    this.#countTold = trail?.count ?? -1;
    const info: AuditInfo = {
      records: trail?.count ?? 0,
      head: trail === null || trail.count === 0 ? null : trail.head,
      problem: this.#problem,
      verdict: this.#verdict,
    };
    this.#options.emit({ kind: 'audit', audit: info });
  }

  /** Reads all of it, and tells whether it is what was written. */
  async verify(): Promise<void> {
    await this.#attempt('The audit trail could not be verified', async ({ trail, store, anchor }) => {
      await trail.flush();
      const verdict = await verifyAudit(store, anchor, sha256);
      this.#verdict = { ...verdictText(verdict), atMs: this.#options.clock.wallMs() };
      this.tell();
    });
  }

  /** @param path that a person chose */
  async exportTo(path: string): Promise<void> {
    await this.#attempt('The audit trail could not be saved', async ({ trail, store }) => {
      await trail.flush();
      await writeText(path, exportAudit(store));
      this.#options.emit({ kind: 'notice', tone: 'good', text: `The audit trail was saved to ${path}.` });
    });
  }

  async #of(session: string): Promise<SessionAudit | null> {
    await this.#ready;
    return this.#open === null ? null : new SessionAudit(this.#open.trail, session);
  }

  #opened(open: OpenTrail | null): void {
    this.#open = open;
    for (const entry of this.#early.splice(0)) open?.trail.append(entry);
    this.tell();
  }

  async #attempt(what: string, act: (open: OpenTrail) => Promise<void>): Promise<void> {
    try {
      if (this.#open === null) throw new Error(this.#problem ?? 'there is none, because nothing is kept.');
      await act(this.#open);
    } catch (error) {
      const problem = { code: 'audit-failed', message: `${what}: ${(error as Error).message}`, where: null };
      this.#options.emit({ kind: 'problem', requestId: null, problem });
    }
  }
}

function verdictText(verdict: AuditVerdict): { readonly isIntact: boolean; readonly text: string } {
  switch (verdict.kind) {
    case 'empty':
      return { isIntact: true, text: 'There are no records yet.' };
    case 'intact':
      return {
        isIntact: true,
        text: `All ${verdict.records} records are what was written; records up to ${verdict.anchoredUntil ?? 0} are anchored outside of the store.${verdict.breaks.length > 0 ? ` ${verdict.breaks.length} of them tell of an earlier break.` : ''}`,
      };
    case 'broken': {
      const { record, where, expected, found } = verdict.finding;
      return {
        isIntact: false,
        text: `Record ${record} is the first bad one, at ${where}: expected ${expected}; found ${found}.`,
      };
    }
  }
}
