import type { CheckpointCounts, CheckpointRecord } from '../../contract/checkpoint-record.ts';
import type { Clock } from '../../core/time.ts';
import { giveBack } from '../../state/snapshot-memory.ts';
import type { KeyedOperatorSnapshot } from '../operators/keyed-snapshot.ts';
import type { Acknowledgement, SourceThreadState, TaskAcknowledgement } from './acknowledgement.ts';
import type { CheckpointParts, StoredCheckpoint } from './checkpoint-storage.ts';

export interface CheckpointOptions {
  /** From one trigger to the next, ms; null: only when asked for. */
  readonly intervalMs: number | null;
  /** A checkpoint that takes longer is given up. Flink's default: 10 min. */
  readonly timeoutMs?: number;
  /** From the end of one to the trigger of the next, ms. */
  readonly minPauseMs?: number;
}

export interface CheckpointHost {
  readonly clock: Clock;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly startTimer: (delayMs: number, wake: () => void) => () => void;
  /** Asks the source thread to store its place and send the barrier. */
  trigger(checkpointId: number): void;
  /** Makes it durable. Whatever it rejects with fails this checkpoint and no more. */
  store(parts: Omit<CheckpointParts, 'application' | 'values'>): Promise<StoredCheckpoint>;
  /** It is complete and durable. */
  completed(checkpointId: number, stored: StoredCheckpoint): void;
  changed?(record: CheckpointRecord): void;
}

const TIMEOUT_MS_DEFAULT = 600_000;
const HISTORY_MAX = 100;

interface PendingCheckpoint {
  readonly id: number;
  readonly kind: 'checkpoint' | 'savepoint';
  readonly triggeredAtMs: number;
  readonly sinceMs: number;
  readonly tasks: Map<number, TaskAcknowledgement>;
  source: SourceThreadState | null;
  sinks: Readonly<Record<string, unknown>> | null;
  isStoring: boolean;
  readonly takeBackTimeout: () => void;
  readonly resolve: (record: CheckpointRecord) => void;
}

/**
 * Triggers checkpoints, collects their parts and completes them (Flink: CheckpointCoordinator). At most one is under way;
 * a trigger that comes meanwhile waits for its end. Parts of a checkpoint that was given up are dropped as they come.
 */
export class CheckpointCoordinator {
  /** How a checkpoint fails that came too late: no mistake of anybody's. */
  static readonly JOB_ENDED = 'The job has ended.';
  private readonly host: CheckpointHost;
  private readonly options: CheckpointOptions;
  private readonly records: CheckpointRecord[] = [];
  private nextId: number;
  private pending: PendingCheckpoint | null = null;
  private readonly waiting: ((go: boolean) => void)[] = [];
  private takeBackInterval: () => void = () => undefined;
  private isStopped = false;
  private isBusy = false;
  private completed = 0;
  private failed = 0;

  /** @param firstId greater than every id that was ever used */
  constructor(host: CheckpointHost, options: CheckpointOptions, firstId: number) {
    this.host = host;
    this.options = options;
    this.nextId = firstId;
  }

  /** Newest last, at most a hundred. */
  get history(): readonly CheckpointRecord[] {
    return this.records;
  }

  get counts(): CheckpointCounts {
    return { completed: this.completed, failed: this.failed };
  }

  /** Begins to trigger by itself. */
  start(): void {
    this.schedule(this.options.intervalMs);
  }

  /** Nothing is triggered any more; one that is not yet being stored is given up. */
  stop(problem = CheckpointCoordinator.JOB_ENDED): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.takeBackInterval();
    if (this.pending?.isStoring === true) this.pending.takeBackTimeout();
    else if (this.pending !== null) this.fail(this.pending, problem);
    for (const resolve of this.waiting.splice(0)) resolve(false);
  }

  /** Does something that no checkpoint may cross, under a barrier number of its own. */
  async exclusively<T>(act: (barrierId: number) => Promise<T>): Promise<T> {
    if (!this.takeTurn()) await this.waitForTurn();
    try {
      return await act(this.takeId());
    } finally {
      this.isBusy = false;
      this.waiting.shift()?.(true);
    }
  }

  /** Takes the turn when nothing is under way; whoever comes next waits. */
  private takeTurn(): boolean {
    if ((this.pending !== null || this.isBusy) && !this.isStopped) return false;
    this.isBusy = true;
    return true;
  }

  private async waitForTurn(): Promise<void> {
    do {
      await new Promise<boolean>((resolve) => {
        this.waiting.push(resolve);
      });
    } while (!this.takeTurn());
  }

  private takeId(): number {
    const id = this.nextId;
    this.nextId += 1;
    return id;
  }

  /** Resolves with how it went, which may be `failed`; never rejects. */
  async trigger(kind: 'checkpoint' | 'savepoint' = 'checkpoint'): Promise<CheckpointRecord> {
    if (!this.takeTurn()) await this.waitForTurn();
    this.isBusy = false;
    const id = this.takeId();
    const { clock, startTimer } = this.host;
    const triggeredAtMs = clock.wallMs();
    if (this.isStopped) return failedRecord(id, kind, triggeredAtMs, CheckpointCoordinator.JOB_ENDED);
    const record = new Promise<CheckpointRecord>((resolve) => {
      const timeoutMs = this.options.timeoutMs ?? TIMEOUT_MS_DEFAULT;
      const pending: PendingCheckpoint = {
        id,
        kind,
        triggeredAtMs,
        sinceMs: clock.monotonicMs(),
        tasks: new Map(),
        source: null,
        sinks: null,
        isStoring: false,
        takeBackTimeout: startTimer(timeoutMs, () =>
          this.fail(
            pending,
            `It was not complete after ${timeoutMs} ms: ${missingParts(pending, this.host.parallelism)}.`,
          ),
        ),
        resolve,
      };
      this.pending = pending;
    });
    this.tell(this.pending as PendingCheckpoint, { status: 'in-progress' });
    this.host.trigger(id);
    return record;
  }

  /** A thread's part. */
  acknowledge(part: Acknowledgement): void {
    const { pending } = this;
    if (pending === null || pending.id !== part.checkpointId || pending.isStoring) {
      if (part.kind === 'task') giveBackParts([part]);
      return;
    }
    if (part.kind === 'task') pending.tasks.set(part.taskIndex, part);
    else if (part.kind === 'source') pending.source = part.state;
    else if (part.kind === 'sinks') pending.sinks = part.states;
    if (pending.source === null || pending.sinks === null || pending.tasks.size < this.host.parallelism) return;
    // The timeout holds until the last byte is stored: a store may hang as well.
    pending.isStoring = true;
    const { id, kind, triggeredAtMs, source, sinks } = pending;
    const operators: KeyedOperatorSnapshot[] = [...pending.tasks.values()].flatMap((task) => task.operators);
    const { parallelism, maxParallelism } = this.host;
    this.host
      .store({ id, kind, createdAtMs: triggeredAtMs, parallelism, maxParallelism, operators, source, sinks })
      .then(
        (stored) => this.complete(pending, stored),
        (error: unknown) => this.fail(pending, (error as Error).message),
      )
      // Also of one that was given up meanwhile: until then the store reads it.
      .finally(() => giveBackParts(pending.tasks.values()));
  }

  /** One that was given up while it was being stored may be in the store; nobody is told, and the next one covers it. */
  private complete(pending: PendingCheckpoint, stored: StoredCheckpoint): void {
    if (this.pending !== pending) return;
    pending.takeBackTimeout();
    const { bytes, newBytes, keys } = stored;
    this.completed += 1;
    this.host.completed(pending.id, stored);
    this.end(pending, this.tell(pending, { status: 'completed', bytes, newBytes, keys }));
  }

  private fail(pending: PendingCheckpoint, problem: string): void {
    if (this.pending !== pending) return;
    pending.takeBackTimeout();
    this.failed += 1;
    if (!pending.isStoring) giveBackParts(pending.tasks.values());
    this.end(pending, this.tell(pending, { status: 'failed', problem }));
  }

  private end(pending: PendingCheckpoint, record: CheckpointRecord): void {
    this.pending = null;
    pending.resolve(record);
    const next = this.waiting.shift();
    if (next !== undefined) next(true);
  }

  private schedule(delayMs: number | null): void {
    const { intervalMs, minPauseMs } = this.options;
    if (delayMs === null || intervalMs === null || this.isStopped) return;
    this.takeBackInterval = this.host.startTimer(delayMs, () => {
      const dueMs = this.host.clock.monotonicMs() + intervalMs;
      void this.trigger().then(() => {
        this.schedule(Math.max(minPauseMs ?? 0, dueMs - this.host.clock.monotonicMs()));
      });
    });
  }

  private tell(pending: PendingCheckpoint, news: Partial<CheckpointRecord>): CheckpointRecord {
    const tasks = [...pending.tasks.values()];
    const record: CheckpointRecord = {
      ...failedRecord(pending.id, pending.kind, pending.triggeredAtMs, null),
      durationMs: this.host.clock.monotonicMs() - pending.sinceMs,
      alignmentMs: Math.max(0, ...tasks.map(({ alignmentMs }) => alignmentMs)),
      pauseMs: Math.max(0, ...tasks.map(({ pauseMs }) => pauseMs)),
      ...news,
    };
    if (this.records.at(-1)?.id === record.id) this.records.pop();
    this.records.push(record);
    if (this.records.length > HISTORY_MAX) this.records.shift();
    this.host.changed?.(record);
    return record;
  }
}

function giveBackParts(parts: Iterable<TaskAcknowledgement>): void {
  for (const { operators } of parts)
    giveBack(operators.flatMap(({ keyGroups }) => keyGroups.map(({ bytes }) => bytes)));
}

function failedRecord(
  id: number,
  kind: CheckpointRecord['kind'],
  triggeredAtMs: number,
  problem: string | null,
): CheckpointRecord {
  const numbers = { durationMs: 0, bytes: 0, newBytes: 0, keys: 0, alignmentMs: 0, pauseMs: 0 };
  return { id, kind, status: 'failed', triggeredAtMs, ...numbers, problem };
}

function missingParts({ tasks, source, sinks, isStoring }: PendingCheckpoint, parallelism: number): string {
  if (isStoring) return 'it was still being stored';
  const missing = Array.from({ length: parallelism }, (_, index) => index).filter((index) => !tasks.has(index));
  const parts = [
    ...(source === null ? ['the source'] : []),
    ...missing.map((index) => `task ${index}`),
    ...(sinks === null ? ['the sinks'] : []),
  ];
  return `missing ${parts.join(', ')}`;
}
