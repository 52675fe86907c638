import './state.css';
import type { TradeExplanation } from '../../../engine/contract/explanations.ts';
import { NOTHING } from '../../format/decimal-text.ts';
import { secondText } from '../../format/time-text.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

/** Why a trade was made as it was: the quote, the rules, and what stood before and after. */
export function TradeDialog() {
  const { session, settings, layout } = useWorkstation();
  const answer = useStore(session, (all) => all.tradeExplained);
  const zone = useStore(settings, (all) => all.zone);
  const title = answer === null ? 'A trade' : `Trade ${answer.tradeId}`;
  return (
    <Dialog title={title} width={560} className="state-dialog" onClose={() => layout.show(null)}>
      {answer === null ? (
        <p>Asking{'\u2026'}</p>
      ) : answer.problem !== null ? (
        <p className="tone-warning selectable">{answer.problem}</p>
      ) : answer.explanation === null ? (
        <p>
          Nothing has this trade any more: this session keeps no audit trail, and forgets all but its latest 10,000.
        </p>
      ) : (
        <Explained trade={answer.explanation} zone={zone} />
      )}
    </Dialog>
  );
}

function Explained({ trade, zone }: { readonly trade: TradeExplanation; readonly zone: string }) {
  const rules = Object.entries({ ...trade.rules, ...trade.limits });
  return (
    <>
      <p className="selectable" data-testid="trade-why">
        {trade.why}
      </p>
      <table className="facts-table" data-testid="trade-state">
        <thead>
          <tr>
            <th />
            <th>before</th>
            <th>after</th>
          </tr>
        </thead>
        <tbody>
          <Pair name="our ask" before={trade.askPrice.before} after={trade.askPrice.after} />
          <Pair name="shares" before={trade.sharesHeld?.before} after={trade.sharesHeld?.after} />
          <Times name="time to live" pair={trade.expiresAtMs} zone={zone} />
          <Times name="next decay" pair={trade.nextDecayAtMs} zone={zone} />
        </tbody>
      </table>
      <h3 className="section-label">Quote {trade.quote.sequence}</h3>
      <table className="facts-table" data-testid="trade-quote">
        <tbody>
          <Pair name="bid, size" before={trade.quote.bid} after={trade.quote.bidSize} />
          <Pair name="ask, size" before={trade.quote.ask} after={trade.quote.askSize} />
          <Pair name="event time" before={secondText(trade.quote.eventTimeMs, zone)} after="" />
        </tbody>
      </table>
      <h3 className="section-label">
        {trade.rulesVersion === null ? 'Rules' : `Rules, version ${trade.rulesVersion}`}
      </h3>
      {rules.length === 0 ? <p>They are no longer known.</p> : null}
      <table className="facts-table" data-testid="trade-rules">
        <tbody>
          {rules.map(([name, value]) => (
            <tr key={name}>
              <th>{name}</th>
              <td className="selectable">{ruleText(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Pair(props: {
  readonly name: string;
  readonly before: string | null | undefined;
  readonly after: string | null | undefined;
}) {
  return (
    <tr>
      <th>{props.name}</th>
      <td className="selectable">{props.before ?? NOTHING}</td>
      <td className="selectable">{props.after ?? NOTHING}</td>
    </tr>
  );
}

function Times({
  name,
  pair,
  zone,
}: {
  readonly name: string;
  readonly pair: TradeExplanation['expiresAtMs'];
  readonly zone: string;
}) {
  const textOf = (timeMs: number | null | undefined): string =>
    timeMs === null || timeMs === undefined ? NOTHING : secondText(timeMs, zone);
  return <Pair name={name} before={textOf(pair?.before)} after={textOf(pair?.after)} />;
}

function ruleText(value: unknown): string {
  if (value === null) return 'none';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
