import { useEffect, useState } from 'react';
import { countText, sharesSumText, signedMoneyText } from '../../format/decimal-text.ts';
import type { Totals } from '../../stores/row-store.ts';
import { useWorkstation } from '../../ui/workstation-context.ts';
import { markToMarket, type Mark } from './mark-to-market.ts';

/** Totals are exact at every moment; they are shown at a rate a person can read. */
const SHOWN_EVERY_MS = 250;

/** The foot of the table: over all positions of the session, whatever is filtered. */
export function PositionTotals({ listed }: { readonly listed: number }) {
  const { rows } = useWorkstation();
  const [shown, setShown] = useState<{ readonly totals: Totals; readonly mark: Mark }>(() => ({
    totals: rows.totals,
    mark: markToMarket(rows),
  }));
  useEffect(() => {
    let seen = -1;
    const timer = setInterval(() => {
      if (rows.change === seen) return;
      seen = rows.change;
      setShown({ totals: rows.totals, mark: markToMarket(rows) });
    }, SHOWN_EVERY_MS);
    return () => clearInterval(timer);
  }, [rows]);
  const { totals, mark } = shown;
  const parts = `${countText(totals.open)} open, ${countText(totals.closed)} closed${totals.pending > 0 ? `, ${countText(totals.pending)} pending` : ''}`;
  const isPart = listed < totals.positions;
  return (
    <div className="totals" data-testid="totals">
      <dl title={`${countText(listed)} rows listed; the sums are of all ${countText(totals.positions)} positions`}>
        <dt>Positions</dt>
        <dd>{countText(totals.positions)}</dd>
        {isPart ? (
          <dt className="tone-warning">sums are of all, {countText(listed)} listed</dt>
        ) : (
          <dt className="third">{parts}</dt>
        )}
      </dl>
      <dl className="fourth long" title={`${sharesSumText(totals.shares)} shares still held`}>
        <dt>Shares</dt>
        <dd data-testid="total-shares">{sharesSumText(totals.shares)}</dd>
      </dl>
      <dl>
        <dt>Trades</dt>
        <dd data-testid="total-trades">{countText(totals.trades)}</dd>
      </dl>
      <span className="spacer" />
      <dl
        className="second long"
        title={`${signedMoneyText(mark.profit)}: what the open positions would bring if all were sold at the last bid, over cost. ${mark.unmarked} open positions have no bid and are left out.`}
      >
        <dt>Unrealised at bid</dt>
        <dd className={toneOf(mark.profit)}>{signedMoneyText(mark.profit)}</dd>
      </dl>
      <dl title="Sum of the profits of all trades, exact">
        <dt>Realised profit</dt>
        <dd className={toneOf(totals.profit)} data-testid="total-profit">
          {signedMoneyText(totals.profit)}
        </dd>
      </dl>
    </div>
  );
}

function toneOf(amount: bigint): string {
  return amount > 0n ? 'tone-up' : amount < 0n ? 'tone-down' : 'tone-flat';
}
