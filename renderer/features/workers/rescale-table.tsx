import type { RescaleInfo } from '../../../engine/contract/window.ts';
import { countText, NOTHING } from '../../format/decimal-text.ts';
import { durationText, timeText } from '../../format/time-text.ts';

/** Every change of the number of workers, newest first: why, what moved, and how long no quote was taken in. */
export function RescaleTable(props: { readonly history: readonly RescaleInfo[]; readonly zone: string }) {
  const { history, zone } = props;
  if (history.length === 0) return <p className="tone-quiet">The number of workers has not changed in this session.</p>;
  return (
    <>
      <h3 className="section-label">Changes</h3>
      <table className="numbers-table" data-testid="rescales">
        <thead>
          <tr>
            <th>Time</th>
            <th>Workers</th>
            <th title="Of those that hold keys">Key groups moved</th>
            <th>Keys moved</th>
            <th title="No quote was taken in for so long">Pause</th>
            <th title="With the start of new threads, quotes flowing meanwhile">Duration</th>
            <th>Result</th>
            <th className="wide">Why</th>
          </tr>
        </thead>
        <tbody>
          {[...history].reverse().map((rescale) => (
            <RescaleRow key={rescale.atMs} rescale={rescale} zone={zone} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function RescaleRow({ rescale, zone }: { readonly rescale: RescaleInfo; readonly zone: string }) {
  const { atMs, from, to, cause, reason, status, pauseMs, durationMs, movedKeyGroups, movedKeys, problem } = rescale;
  const isDone = status === 'completed';
  const why = cause === 'asked' ? 'asked for' : `autoscale: ${reason ?? ''}`;
  return (
    <tr>
      <td>{timeText(atMs, zone)}</td>
      <td>
        {from} {'\u2192'} {to}
      </td>
      <td>{isDone ? countText(movedKeyGroups) : NOTHING}</td>
      <td>{isDone ? countText(movedKeys) : NOTHING}</td>
      <td>{isDone ? durationText(pauseMs) : NOTHING}</td>
      <td>{durationText(durationMs)}</td>
      <td className={isDone ? '' : 'tone-bad'}>{isDone ? 'done' : 'failed'}</td>
      <td className="wide selectable">
        {why}
        {problem === null ? null : <div className="tone-bad">{problem}</div>}
      </td>
    </tr>
  );
}
