import type { Clock } from '../../core/time.ts';
import type { JobFailedError } from '../job-failed-error.ts';

export interface JobResult {
  readonly kind: 'finished' | 'cancelled';
  /** From the start of the source to the last result. */
  readonly elapsedMs: number;
  readonly warnings: readonly string[];
}

/** `ending`: threads are being stopped, and nothing new begins. */
type JobState = 'starting' | 'running' | 'ending' | 'ended';

/** The life of one job, and those who wait for its turns. Coordinator thread only. */
export class JobLife {
  /** Resolves with the result; rejects with what the job failed with. */
  readonly finished: Promise<JobResult>;
  /** Resolves when the job has ended, however that was. */
  readonly over: Promise<void>;
  /** Resolves when records can flow. */
  readonly started: Promise<void>;
  private state: JobState = 'starting';
  private readonly clock: Clock;
  private startedMs = 0;
  private endedMs: number | null = null;
  private tellStarted!: () => void;
  private resolve!: (result: JobResult) => void;
  private reject!: (error: JobFailedError) => void;

  constructor(clock: Clock) {
    this.clock = clock;
    this.started = new Promise((resolve) => {
      this.tellStarted = resolve;
    });
    this.finished = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever never looks at `finished` has still been told, through the exit of its own work.
    this.over = this.finished.then(
      () => undefined,
      () => undefined,
    );
  }

  get hasStarted(): boolean {
    return this.startedMs !== 0;
  }

  /** It has not begun to end. */
  get isRunning(): boolean {
    return this.state === 'starting' || this.state === 'running';
  }

  get hasEnded(): boolean {
    return this.state === 'ended';
  }

  get queryState(): 'starting' | 'running' | 'ended' {
    return this.state === 'ending' ? 'ended' : this.state;
  }

  /** From its start to now, or to its end, ms; 0: it is being started. */
  get elapsedMs(): number {
    return this.hasStarted ? (this.endedMs ?? this.clock.monotonicMs()) - this.startedMs : 0;
  }

  start(): void {
    this.state = 'running';
    this.startedMs = this.clock.monotonicMs();
    this.tellStarted();
  }

  /** Its last result is there, or it cannot go on. */
  beginEnd(): void {
    this.state = 'ending';
    this.endedMs = this.clock.monotonicMs();
  }

  end(kind: JobResult['kind'], warnings: readonly string[]): void {
    this.state = 'ended';
    this.resolve({ kind, elapsedMs: this.elapsedMs, warnings });
  }

  fail(error: JobFailedError): void {
    this.state = 'ended';
    this.reject(error);
  }
}
