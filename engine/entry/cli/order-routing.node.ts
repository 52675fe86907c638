import type { DurableStore } from '../../contract/durable-store.ts';
import { ratesBetween, type AsyncStatistics } from '../../runtime/async/async-statistics.ts';
import type { KillLine } from '../session/kill-line.ts';
import { OrderDesk } from '../routing/order-desk.node.ts';
import { CliError, EXIT_INTERNAL } from './messages.ts';
import type { OrdersReport } from './report.ts';
import { tell } from './tell.node.ts';

const NOTHING_YET: AsyncStatistics = {
  inFlight: 0,
  capacity: 0,
  completed: 0,
  latencyMsSum: 0,
  occupancyMs: 0,
  elapsedMs: 0,
  retries: 0,
  timeouts: 0,
};

/**
 * @param url null: paper trading, no orders
 * @param killLine while it is pressed no order leaves; null: the session has no kill switch
 */
export async function openOrders(
  url: string | null,
  store: DurableStore | null,
  killLine: KillLine | null,
): Promise<OrderDesk | null> {
  if (url === null || store === null) return null;
  return OrderDesk.open({
    url,
    store,
    killLine,
    onOutcomes: () => undefined,
    onInstrument: () => undefined,
    onFailed: (error) => tell(`Order routing has ended: ${error.message}`),
  });
}

/** Waits for the gateway's answers. @returns the report's part about orders; undefined: paper trading */
export async function settleOrders(desk: OrderDesk | null): Promise<OrdersReport | undefined> {
  if (desk === null) return undefined;
  try {
    await desk.settled();
  } catch (error) {
    throw new CliError(
      EXIT_INTERNAL,
      `Orders could not be routed to their end: ${(error as Error).message} What has no answer is asked for again, under the same ids, by the same command.`,
    );
  }
  const { byState } = desk.counts;
  const statistics = desk.statistics;
  const { occupancy, throughputPerSecond, latencyMs } = ratesBetween(NOTHING_YET, statistics);
  const rounded = (value: number): number | null => (Number.isFinite(value) ? Number(value.toFixed(3)) : null);
  const report: OrdersReport = {
    confirmed: byState.confirmed,
    partlyConfirmed: byState['partly-confirmed'],
    rejected: byState.rejected,
    timedOut: byState['timed-out'],
    refused: byState.refused,
    capacity: desk.capacity,
    occupancy: rounded(occupancy),
    throughputPerSecond: rounded(throughputPerSecond),
    latencyMs: rounded(latencyMs),
  };
  tell(
    `Orders: ${report.confirmed} confirmed, ${report.partlyConfirmed} partly confirmed, ${report.rejected} rejected, ${report.refused} refused, ${report.timedOut} without an answer.`,
  );
  return report;
}
