import './state.css';
import { memo } from 'react';
import type { CheckpointRecord } from '../../../engine/contract/checkpoint-record.ts';
import { bytesText, countText, NOTHING } from '../../format/decimal-text.ts';
import { durationText, timeText } from '../../format/time-text.ts';

/** The checkpoints one by one, newest first, complete or not. */
export function CheckpointTable(props: { readonly history: readonly CheckpointRecord[]; readonly zone: string }) {
  return (
    <table className="numbers-table" data-testid="checkpoints">
      <thead>
        <tr>
          <th>Number</th>
          <th>Time</th>
          <th>Duration</th>
          <th title="All it stands for">Size</th>
          <th title="Written anew for it">Written</th>
          <th>Keys</th>
          <th title="Longest that a record waited for the barriers of other rings">Alignment</th>
          <th title="Longest that a worker stood still for it">Pause</th>
          <th>Result</th>
        </tr>
      </thead>
      <tbody>
        {[...props.history].reverse().map((checkpoint) => (
          <CheckpointRow key={checkpoint.id} checkpoint={checkpoint} zone={props.zone} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly checkpoint: CheckpointRecord;
  readonly zone: string;
}

/** A hundred of them are told anew every second, of which one or two are others: a checkpoint that is over stays as it is. */
const CheckpointRow = memo(
  Row,
  (before, now) =>
    before.checkpoint.id === now.checkpoint.id &&
    before.checkpoint.status === now.checkpoint.status &&
    before.zone === now.zone,
);

function Row({ checkpoint, zone }: RowProps) {
  const { id, kind, status, triggeredAtMs, durationMs, bytes, newBytes, keys, alignmentMs, pauseMs, problem } =
    checkpoint;
  const isComplete = status === 'completed';
  return (
    <tr>
      <td>
        {id}
        {kind === 'savepoint' ? ' (savepoint)' : ''}
      </td>
      <td>{timeText(triggeredAtMs, zone)}</td>
      <td>{status === 'in-progress' ? NOTHING : durationText(durationMs)}</td>
      <td>{isComplete ? bytesText(bytes) : NOTHING}</td>
      <td>{isComplete ? bytesText(newBytes) : NOTHING}</td>
      <td>{isComplete ? countText(keys) : NOTHING}</td>
      <td>{isComplete ? pauseText(alignmentMs) : NOTHING}</td>
      <td>{isComplete ? pauseText(pauseMs) : NOTHING}</td>
      <td className={`checkpoint-result ${status === 'failed' ? 'tone-bad selectable' : ''}`} title={problem ?? ''}>
        {status === 'failed' ? (problem ?? 'failed') : status === 'completed' ? 'complete' : 'under way'}
      </td>
    </tr>
  );
}

/** A pause is a fraction of a millisecond on most days. */
export function pauseText(pauseMs: number): string {
  return pauseMs < 10 ? `${pauseMs.toFixed(2)} ms` : durationText(pauseMs);
}
