import type { FeedStatus } from '../../connectors/live/live-feed-input.ts';
import { tell } from './tell.node.ts';

/** Says on standard error what becomes of the feed: each change once, so that a night of reconnecting is not a book. */
export class FeedTelling {
  #told = '';
  #gaps = 0;
  #hasTrouble = false;

  show(status: FeedStatus): void {
    const { state, gaps, missed } = status;
    if (gaps > this.#gaps) tell(`A gap in the feed: ${missed} messages never came so far, in ${gaps} gaps.`);
    this.#gaps = gaps;
    if (state.kind === this.#told) return;
    this.#told = state.kind;
    switch (state.kind) {
      case 'live':
        tell(this.#hasTrouble ? 'The feed is live again.' : 'The feed is live.');
        this.#hasTrouble = false;
        return;
      case 'reconnecting':
        tell(`The feed is not there; trying again in ${(state.inMs / 1000).toFixed(1)} s.`);
        this.#hasTrouble = true;
        return;
      case 'stale':
        tell(`Connected, but no fresh quotes: nothing trades.${ageText(status.quoteAgeMs)}`);
        this.#hasTrouble = true;
        return;
      case 'recovering':
      case 'connecting':
      case 'closed':
        return;
    }
  }

  clear(): void {
    this.#told = '';
  }
}

/** A clock that is wrong, here or there, looks like a slow feed. */
function ageText(quoteAgeMs: number | null): string {
  if (quoteAgeMs === null) return '';
  return ` The last quote was ${(quoteAgeMs / 1000).toFixed(1)} s old by this machine's clock when it came; is the clock right? --stale-ms says how old one may be.`;
}
