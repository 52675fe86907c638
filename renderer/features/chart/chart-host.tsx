import type { RefObject } from 'react';
import type { Workstation } from '../../bridge/workstation.ts';
import { shownDecimal } from '../../format/decimal-text.ts';
import { timeText } from '../../format/time-text.ts';
import type { TradeMarksOptions } from './trade-marks.ts';

/** Where a chart is drawn, and the line that tells of the trade whose mark the mouse or the keys are on. */
export function ChartHost(props: {
  readonly host: RefObject<HTMLDivElement | null>;
  readonly hint: RefObject<HTMLOutputElement | null>;
  readonly testId: string;
}) {
  return (
    <>
      <div
        ref={props.host}
        className="chart-host"
        data-testid={props.testId}
        tabIndex={0}
        role="group"
        aria-label="Our trades in the chart: arrow keys go from one to the next, Enter tells why it was made"
      />
      <output ref={props.hint} className="chart-trade" data-testid="chart-trade" />
    </>
  );
}

/** A mark tells its trade in the hint, and a click or Enter shows why it was made, as the blotter does. */
export function explainingMarks(workstation: Workstation, host: HTMLElement, hint: HTMLElement): TradeMarksOptions {
  return {
    host,
    onPointed: (trade) => {
      hint.textContent =
        trade === null
          ? ''
          : `${timeText(trade.eventTimeMs, workstation.settings.getState().zone)}: sold ${shownDecimal(trade.shares)} at ${shownDecimal(trade.price)}. Click or Enter: why`;
    },
    onOpen: ({ id }) => workstation.explainTrade(id),
  };
}
