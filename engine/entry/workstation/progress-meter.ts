import type { FeedStatus } from '../../connectors/live/live-feed-input.ts';
import type { FeedInfo, Progress } from '../../contract/window.ts';
import { RateMeter } from '../../runtime/metrics/rate-meter.ts';
import type { SessionProgress } from '../session/session-parameters.ts';
import type { WorkerBoard } from './worker-board.ts';

/** What the source, the sink and the desk know of a session. */
export interface SessionFacts {
  readonly source: SessionProgress;
  readonly trades: number;
  readonly halted: boolean;
  readonly rulesVersion: number;
  readonly maxParallelism: number;
  /** Of a live session. */
  readonly feed: FeedInfo | null;
}

/** Where a session stands and how fast it goes, as the status line shows it. Rates are taken from one reading to the next. */
export class ProgressMeter {
  readonly #board: WorkerBoard;
  readonly #quoteRate = new RateMeter();
  readonly #timeRate = new RateMeter();

  constructor(board: WorkerBoard) {
    this.#board = board;
  }

  read(nowMs: number, { source, ...facts }: SessionFacts): Progress {
    const { totals, fraction, lagMs, greatestMs } = source;
    const workers = this.#board.read(nowMs);
    const watermarks = workers.map(({ watermarkMs }) => watermarkMs);
    return {
      ...facts,
      fraction: playedPart(fraction, totals),
      eventTimeMs: greatestMs,
      watermarkMs: watermarks.includes(null) ? null : Math.min(...(watermarks as number[])),
      firstEventTimeMs: totals.firstEventTimeMs,
      lagMs,
      quotesPerSecond: this.#quoteRate.read(nowMs, totals.quotes),
      speedReached:
        this.#timeRate.read(nowMs, greatestMs === null ? 0 : greatestMs - (totals.firstEventTimeMs ?? greatestMs)) /
        1000,
      counts: {
        // Rows that were decoded ahead have not ended anywhere yet; they are not shown before they do.
        rows: totals.rows - totals.openRows,
        quotes: totals.quotes - totals.futureQuotes - totals.lateQuotes - totals.staleQuotes,
        applied: totals.appliedRows,
        late: totals.late,
        quarantined: totals.quarantined,
        ignored: totals.ignored,
        quarantinedByReason: totals.quarantinedByReason,
      },
      workers,
    };
  }
}

/** A part of what was read is only decoded ahead: a short file is read whole before its first second has been played. */
function playedPart(readPart: number | null, { rows, openRows }: SessionProgress['totals']): number | null {
  return readPart === null || rows === 0 ? readPart : (readPart * (rows - openRows)) / rows;
}

/** @param pendingTrades decided, but their quotes are not in the journal yet */
export function feedInfo(status: FeedStatus, pendingTrades: number): FeedInfo {
  const { state, lastMessageAgeMs, quoteAgeMs, gaps, missed, duplicates, staleQuotes, staleSymbols, connects } = status;
  const retryInMs = state.kind === 'reconnecting' ? state.inMs : null;
  const counts = { gaps, missed, duplicates, staleQuotes, staleSymbols, connects };
  return { state: state.kind, retryInMs, lastMessageAgeMs, quoteAgeMs, ...counts, pendingTrades };
}
