import './job.css';
import { useEffect, useState } from 'react';
import type { JobPage } from '../../../engine/contract/job-page.ts';
import type { SessionStatus } from '../../../engine/contract/window.ts';
import { countText } from '../../format/decimal-text.ts';
import { ageText } from '../../format/time-text.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';
import { CheckpointsTab, RescalesTab } from './history-tabs.tsx';
import { JobGraph } from './job-graph.tsx';
import { nameOf } from './job-text.ts';
import { KeyGroupsTab } from './key-groups-tab.tsx';
import { VertexTab } from './vertex-tab.tsx';

/** The session's job as the engine runs it: its graph with numbers, one vertex in full, checkpoints, rescales, key groups. */
export function JobDialog() {
  const workstation = useWorkstation();
  const { session, settings, layout } = workstation;
  const connection = useStore(session, (state) => state.connection);
  const page = useStore(session, (state) => state.jobPage);
  const status = useStore(session, (state) => state.status);
  const zone = useStore(settings, (state) => state.zone);
  // Each engine is asked anew: one that was started again knows nothing of who looked at the one before.
  useEffect(() => {
    workstation.watchJob(true);
    return () => workstation.watchJob(false);
  }, [workstation, connection]);
  return (
    <Dialog
      title="Job"
      width={1400}
      className="job-dialog"
      onClose={() => layout.show(null)}
      headExtra={page === null ? null : <JobFacts page={page} />}
    >
      {page === null ? <NoJob status={status} /> : <Job page={page} zone={zone} />}
    </Dialog>
  );
}

function JobFacts({ page }: { readonly page: JobPage }) {
  const { state, parallelism, maxParallelism, uptimeMs, numRestarts, checkpoints } = page;
  const last = checkpoints.lastCompletedCheckpointId;
  return (
    <p className="job-facts number" data-testid="job-facts">
      <span className={state === 'running' ? 'tone-good' : ''}>{state}</span>
      <span title="From its first record on">{state === 'starting' ? '' : `for ${ageText(uptimeMs)}`}</span>
      <span>{parallelism === 1 ? '1 worker' : `${parallelism} workers`}</span>
      <span>{countText(maxParallelism)} key groups</span>
      {numRestarts === null || numRestarts === 0 ? null : (
        <span title="numRestarts: after failures, or when the program had ended">
          {numRestarts === 1 ? 'restarted once' : `restarted ${countText(numRestarts)} times`}
        </span>
      )}
      <span>{last === null ? 'no checkpoint yet' : `checkpoint ${last}`}</span>
    </p>
  );
}

function NoJob({ status }: { readonly status: SessionStatus }) {
  return (
    <div className="job-nothing" data-testid="no-job">
      <strong>{NO_JOB_WORDS[status.kind]}</strong>
      <span>A job runs while a session is open. It is shown here as soon as it does.</span>
    </div>
  );
}

const NO_JOB_WORDS: Readonly<Record<SessionStatus['kind'], string>> = {
  none: 'No session is open',
  recovering: 'The session is being brought back\u2026',
  opening: 'The session is being opened\u2026',
  playing: 'Reading the numbers of the job\u2026',
  paused: 'Reading the numbers of the job\u2026',
  finished: 'The job has ended',
  failed: 'The job has failed',
};

const TABS = [
  { tab: 'vertex', text: 'Vertex' },
  { tab: 'checkpoints', text: 'Checkpoints' },
  { tab: 'rescales', text: 'Rescales' },
  { tab: 'key-groups', text: 'Key groups' },
] as const;
type Tab = (typeof TABS)[number]['tab'];

function Job({ page, zone }: { readonly page: JobPage; readonly zone: string }) {
  const [tab, setTab] = useState<Tab>('vertex');
  const [chosen, setChosen] = useState<string | null>(null);
  const { vertices } = page;
  // The one whose state and rules matter most, until a person points at another.
  const vertex =
    vertices.find(({ id }) => id === chosen) ?? vertices.find(({ kind }) => kind === 'keyed') ?? vertices[0];
  const select = (id: string): void => {
    setChosen(id);
    if (tab !== 'key-groups') setTab('vertex');
  };
  return (
    <>
      <Warnings page={page} />
      <JobGraph page={page} zone={zone} selected={vertex?.id ?? null} onSelect={select} />
      <Legend />
      <div className="panel-bar">
        <div className="tabs" role="tablist" aria-label="More of the job">
          {TABS.map(({ tab: one, text }) => (
            <button key={one} type="button" role="tab" aria-selected={one === tab} onClick={() => setTab(one)}>
              {one === 'vertex' && vertex !== undefined ? `Vertex: ${nameOf(page, vertex.id)}` : text}
            </button>
          ))}
        </div>
      </div>
      <div className="job-details" role="tabpanel" tabIndex={0}>
        {tab === 'vertex' && vertex !== undefined ? <VertexTab page={page} vertex={vertex} zone={zone} /> : null}
        {tab === 'checkpoints' ? <CheckpointsTab page={page} zone={zone} /> : null}
        {tab === 'rescales' ? <RescalesTab page={page} zone={zone} /> : null}
        {tab === 'key-groups' ? <KeyGroupsTab page={page} selected={vertex?.id ?? null} /> : null}
      </div>
    </>
  );
}

function Warnings({ page }: { readonly page: JobPage }) {
  return (
    <ul className="job-warnings" role="status" data-testid="job-warnings">
      {page.warnings.map(({ kind, vertex, message }) => (
        <li key={`${kind} ${vertex ?? ''}`} className="selectable">
          <span className="tone-warning">
            <Icon name="warning" />
          </span>
          {message}
        </li>
      ))}
    </ul>
  );
}

function Legend() {
  return (
    <div className="job-legend" aria-hidden="true">
      <span>idle</span>
      <i className="scale busy" />
      <span>busy</span>
      <i className="scale pressed" />
      <span>back-pressured</span>
      <span className="spacer" />
      <span>The busiest subtask decides the colour.</span>
    </div>
  );
}
