import type { Progress, WorkerInfo } from '../../../engine/contract/window.ts';
import { countText, NOTHING, rateText } from '../../format/decimal-text.ts';
import { timeText } from '../../format/time-text.ts';

const MS_PER_PERCENT = 10;

/** Who works on which keys, and how hard. */
export function WorkerTable({ progress, zone }: { readonly progress: Progress; readonly zone: string }) {
  return (
    <table className="numbers-table" data-testid="worker-table">
      <thead>
        <tr>
          <th>Worker</th>
          <th>Key groups</th>
          <th>Keys</th>
          <th>Quotes/s</th>
          <th title="Share of its time in which it worked">Busy</th>
          <th title="Share of its time in which it had nothing to do">Idle</th>
          <th title="Share of its time in which it waited for room behind it">Back-pressured</th>
          <th>Watermark</th>
        </tr>
      </thead>
      <tbody>
        {progress.workers.map((worker) => (
          <WorkerRow key={worker.index} worker={worker} zone={zone} />
        ))}
      </tbody>
    </table>
  );
}

function WorkerRow({ worker, zone }: { readonly worker: WorkerInfo; readonly zone: string }) {
  const { index, firstKeyGroup, lastKeyGroup, keys, quotesPerSecond, watermarkMs } = worker;
  return (
    <tr>
      <td>{index}</td>
      <td>
        {firstKeyGroup}
        {'\u2013'}
        {lastKeyGroup}
      </td>
      <td>{countText(keys)}</td>
      <td>{rateText(quotesPerSecond)}</td>
      <td>{shareText(worker.busyMsPerSecond)}</td>
      <td>{shareText(worker.idleMsPerSecond)}</td>
      <td>{shareText(worker.backPressuredMsPerSecond)}</td>
      <td>{watermarkMs === null ? NOTHING : timeText(watermarkMs, zone)}</td>
    </tr>
  );
}

function shareText(msPerSecond: number): string {
  return `${Math.round(msPerSecond / MS_PER_PERCENT)} %`;
}
