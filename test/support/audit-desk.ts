import type { AnchorFile } from '../../engine/connectors/audit/audit-anchor.ts';
import { AuditTrail, type AuditTrailOptions } from '../../engine/connectors/audit/audit-trail.ts';
import { verifyAudit, type AuditVerdict } from '../../engine/connectors/audit/verify-audit.ts';
import { sha256 } from '../../engine/core/sha256.node.ts';
import { MemoryDisk, MemoryStore } from './memory-store.ts';

/** An anchor that outlives the trail, as its file does. */
export class MemoryAnchor implements AnchorFile {
  readonly where = 'anchor in memory';
  text: string | null = null;
  writes = 0;

  async read(): Promise<string | null> {
    await Promise.resolve();
    return this.text;
  }
  async write(text: string): Promise<void> {
    await Promise.resolve();
    this.writes += 1;
    this.text = text;
  }
}

/** A disk, an anchor and a clock that is set by hand; trails are opened on them, one after the other. */
export class AuditDesk {
  readonly disk = new MemoryDisk();
  readonly anchor = new MemoryAnchor();
  readonly failures: unknown[] = [];
  nowMs = 1_700_000_000_000;
  runs = 0;
  store = new MemoryStore(this.disk);
  private readonly timers = new Set<{ readonly atMs: number; readonly wake: () => void }>();

  open(options: Partial<AuditTrailOptions> = {}, store = new MemoryStore(this.disk)): Promise<AuditTrail> {
    this.runs += 1;
    this.store = store;
    return AuditTrail.open(store, {
      run: `run-${this.runs}`,
      who: 'ada',
      anchor: this.anchor,
      clock: { wallMs: () => this.nowMs, monotonicMs: () => this.nowMs - 1_699_999_999_000 },
      sha256,
      newTrailId: () => 'trail-1',
      startTimer: (delayMs, wake) => {
        const timer = { atMs: this.nowMs + delayMs, wake };
        this.timers.add(timer);
        return () => this.timers.delete(timer);
      },
      onFailure: (error) => this.failures.push(error),
      ...options,
    });
  }

  get timerCount(): number {
    return this.timers.size;
  }

  /** Time passes; what was planned for it happens. */
  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    for (const timer of [...this.timers]) {
      if (timer.atMs > this.nowMs) continue;
      this.timers.delete(timer);
      timer.wake();
    }
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }

  verify(): Promise<AuditVerdict> {
    return verifyAudit(new MemoryStore(this.disk), this.anchor, sha256);
  }
}
