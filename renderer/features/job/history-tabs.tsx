import type { JobPage } from '../../../engine/contract/job-page.ts';
import { bytesText, countText } from '../../format/decimal-text.ts';
import { durationText } from '../../format/time-text.ts';
import { useWorkstation } from '../../ui/workstation-context.ts';
import { CheckpointTable, pauseText } from '../state/checkpoint-table.tsx';
import { RescaleTable } from '../workers/rescale-table.tsx';

/** Every checkpoint the job remembers, and how they do as a whole. */
export function CheckpointsTab({ page, zone }: { readonly page: JobPage; readonly zone: string }) {
  const { checkpoints } = page;
  if (checkpoints.history.length === 0) return <p className="tone-quiet">This job has made no checkpoint.</p>;
  const failed = checkpoints.numberOfFailedCheckpoints;
  return (
    <>
      <p>
        Of the latest {countText(checkpoints.history.length)}, {countText(checkpoints.numberOfCompletedCheckpoints)} are
        complete, <span className={failed > 0 ? 'tone-warning' : ''}>{countText(failed)} failed</span> and{' '}
        {countText(checkpoints.numberOfInProgressCheckpoints)} under way. <LastCheckpoint page={page} />
      </p>
      <CheckpointTable history={checkpoints.history} zone={zone} />
    </>
  );
}

function LastCheckpoint({ page }: { readonly page: JobPage }) {
  const { lastCompletedCheckpointId, lastCheckpointDuration, lastCheckpointFullSize, lastCheckpointPause } =
    page.checkpoints;
  if (lastCompletedCheckpointId === null) return null;
  const parts = [
    ...(lastCheckpointDuration === null ? [] : [`took ${durationText(lastCheckpointDuration)}`]),
    ...(lastCheckpointFullSize === null ? [] : [`holds ${bytesText(lastCheckpointFullSize)}`]),
    ...(lastCheckpointPause === null ? [] : [`held a worker up for ${pauseText(lastCheckpointPause)}`]),
  ];
  return (
    <>
      The last one, {lastCompletedCheckpointId}, {parts.join(', ')}.
    </>
  );
}

/** How the number of subtasks changed, why, and what it cost. */
export function RescalesTab({ page, zone }: { readonly page: JobPage; readonly zone: string }) {
  const { layout } = useWorkstation();
  return (
    <>
      <p>
        {page.parallelism === 1 ? '1 worker' : `${page.parallelism} workers`} now; its state can be shared by up to{' '}
        {countText(page.maxParallelism)}.{' '}
        <button type="button" className="link" onClick={() => layout.show('workers')}>
          Change the number
        </button>
      </p>
      <RescaleTable history={page.rescales} zone={zone} />
    </>
  );
}
