import type { FeedStatus } from '../../connectors/live/live-feed-input.ts';
import type { FeedTime, WatermarkExplanation } from '../../contract/explanations.ts';
import { StateQueryError } from '../../runtime/query/state-query-error.ts';
import { explainWatermark } from './explain-watermark.ts';
import type { SessionCommand, SessionEvent, SessionProgress } from './session-parameters.ts';

/** A source that waits for room in a ring comes to its messages within this time; one that has hung never does. */
const ANSWER_MS_MAX = 250;

/** The job whose watermark is asked for. */
export interface WatchedTimes {
  metrics(): readonly { readonly taskIndex: number | null; readonly watermarkMs: number }[];
  sendSourceEvent(command: SessionCommand): void;
}

/**
 * Knows what holds a session's watermark back: the source is asked when somebody asks here, and costs nothing otherwise.
 * Coordinator thread only.
 */
export class WatermarkWatch {
  readonly #startTimer: (delayMs: number, wake: () => void) => () => void;
  #progress: SessionProgress | null = null;
  #feed: FeedStatus | null = null;
  #hasEnded = false;
  #told: (() => void)[] = [];

  constructor(startTimer: (delayMs: number, wake: () => void) => () => void) {
    this.#startTimer = startTimer;
  }

  take(event: SessionEvent): void {
    switch (event.kind) {
      case 'feed':
        this.#feed = event.status;
        return;
      case 'progress':
      case 'ended':
        this.#progress = event.progress;
        this.#hasEnded ||= event.kind === 'ended';
        for (const tell of this.#told.splice(0)) tell();
        return;
      default:
        return;
    }
  }

  /** @throws StateQueryError `not-started`: the inputs are not open yet */
  async explain(job: WatchedTimes): Promise<WatermarkExplanation> {
    const isStale = this.#hasEnded ? false : !(await this.#ask(job));
    if (this.#progress === null)
      throw new StateQueryError('not-started', 'The inputs of the session are not open yet: it has no event time.');
    const tasks = job
      .metrics()
      .flatMap(({ taskIndex, watermarkMs }) =>
        taskIndex === null ? [] : [{ subtask: taskIndex, watermarkMs: timeOrNull(watermarkMs) }],
      );
    const feed = this.#feed === null ? null : feedTime(this.#feed);
    return explainWatermark({ source: this.#progress.time, feed, tasks, isStale });
  }

  /** @returns whether the source has answered */
  async #ask(job: WatchedTimes): Promise<boolean> {
    return new Promise((resolve) => {
      const takeBack = this.#startTimer(ANSWER_MS_MAX, () => resolve(false));
      this.#told.push(() => {
        takeBack();
        resolve(true);
      });
      job.sendSourceEvent({ kind: 'tell-progress' });
    });
  }
}

function feedTime({ state, silentMs, isHeld }: FeedStatus): FeedTime {
  return { state: state.kind, silentMs, retryInMs: state.kind === 'reconnecting' ? state.inMs : null, isHeld };
}

/** Before the first watermark, and behind the last, there is no time to speak of. */
function timeOrNull(watermarkMs: number): number | null {
  return Math.abs(watermarkMs) < Number.MAX_SAFE_INTEGER ? watermarkMs : null;
}
