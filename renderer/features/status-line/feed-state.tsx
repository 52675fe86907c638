import type { FeedInfo } from '../../../engine/contract/window.ts';
import { countText, NOTHING } from '../../format/decimal-text.ts';
import { durationText } from '../../format/time-text.ts';

const TONES: Readonly<Record<FeedInfo['state'], string>> = {
  recovering: 'tone-warning',
  connecting: 'tone-warning',
  live: 'tone-good',
  stale: 'tone-bad',
  reconnecting: 'tone-bad',
  closed: 'tone-quiet',
};

/** What a trader has to know of a live feed at a glance: are the prices in sight fresh, and is anything missing. */
export function Feed({ feed }: { readonly feed: FeedInfo }) {
  return (
    <span className="item" title={detailsOf(feed)}>
      feed{' '}
      <b className={TONES[feed.state]} data-testid="feed-state" data-state={feed.state}>
        {stateText(feed)}
      </b>{' '}
      <span data-testid="feed-age">
        {feed.lastMessageAgeMs === null ? NOTHING : `${durationText(feed.lastMessageAgeMs)} ago`}
      </span>
      {feed.gaps > 0 ? (
        <b className="tone-warning" data-testid="feed-gaps">
          {' '}
          {countText(feed.gaps)} {feed.gaps === 1 ? 'gap' : 'gaps'}
        </b>
      ) : null}
      {feed.staleQuotes > 0 ? <b className="tone-warning"> {countText(feed.staleQuotes)} stale</b> : null}
    </span>
  );
}

function stateText({ state, retryInMs }: FeedInfo): string {
  if (state !== 'reconnecting' || retryInMs === null) return state;
  return `reconnecting in ${Math.ceil(retryInMs / 1000)} s`;
}

function detailsOf(feed: FeedInfo): string {
  return [
    'Live: connected, and fresh quotes come. Stale: connected, but they do not; nothing trades.',
    `The last quote was ${feed.quoteAgeMs === null ? NOTHING : durationText(feed.quoteAgeMs)} old by this machine's clock when it came.`,
    `Connections made: ${countText(feed.connects)}`,
    `Messages that never came: ${countText(feed.missed)} in ${countText(feed.gaps)} gaps`,
    `Sent twice and left out: ${countText(feed.duplicates)}`,
    `Quotes too old when they came: ${countText(feed.staleQuotes)}`,
    `Symbols without a fresh quote for a while: ${countText(feed.staleSymbols)}`,
    `Trades whose quotes are still on their way into the journal: ${countText(feed.pendingTrades)}`,
  ].join('\n');
}
