import './workers.css';
import type { ScalingInfo } from '../../../engine/contract/window.ts';
import { countText } from '../../format/decimal-text.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';
import { isActive } from '../../stores/session-store.ts';
import { RescaleTable } from './rescale-table.tsx';
import { WorkerTable } from './worker-table.tsx';

/** More are possible, and of use on machines that few traders have under their desk: autoscaling goes up to all of them. */
const BUTTONS_MAX = 8;

/** How many threads share the symbols, who does what, and how their number changed while quotes flowed. */
export function WorkersDialog() {
  const { session, settings, layout } = useWorkstation();
  const scaling = useStore(session, (state) => state.scaling);
  const progress = useStore(session, (state) => state.progress);
  const zone = useStore(settings, (state) => state.zone);
  return (
    <Dialog title="Workers" width={820} className="workers-dialog" onClose={() => layout.show(null)}>
      {scaling === null ? (
        <p>No session is open. How many workers the next one starts with is set in the session dialog.</p>
      ) : (
        <>
          <WorkersSetting scaling={scaling} />
          <AutoscaleSetting scaling={scaling} />
          {progress === null ? null : <WorkerTable progress={progress} zone={zone} />}
          <RescaleTable history={scaling.history} zone={zone} />
        </>
      )}
    </Dialog>
  );
}

function WorkersSetting({ scaling }: { readonly scaling: ScalingInfo }) {
  const workstation = useWorkstation();
  const isRunning = useStore(workstation.session, (state) => isActive(state.status));
  const { workers, workersMax, changingTo } = scaling;
  const count = Math.max(workers, Math.min(BUTTONS_MAX, workersMax));
  const options = Array.from({ length: count }, (_, index) => ({
    value: String(index + 1),
    text: String(index + 1),
    title: index === 0 ? 'One worker' : `${index + 1} workers`,
  }));
  return (
    <div className="setting">
      <span>
        Number of workers
        <small>
          Changes while quotes flow: only the symbols that get another worker are handed over, and trades stay the same.
          {isRunning ? '' : ' The session does not run now.'}
        </small>
      </span>
      <span className="workers-choice">
        <span className="tone-quiet" role="status" data-testid="workers-changing">
          {changingTo === null ? '' : `changing to ${changingTo}\u2026`}
        </span>
        <fieldset disabled={!isRunning}>
          <Segmented
            label="Number of workers"
            value={String(changingTo ?? workers)}
            options={options}
            onChange={(value) => workstation.setWorkers(Number(value))}
          />
        </fieldset>
      </span>
    </div>
  );
}

function AutoscaleSetting({ scaling }: { readonly scaling: ScalingInfo }) {
  const workstation = useWorkstation();
  const { autoscale, workersMax, lastDecision } = scaling;
  const { on, minWorkers, maxWorkers } = autoscale;
  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return (
    <div className="setting">
      <label htmlFor="autoscale">
        Autoscale
        <small data-testid="autoscale-decision">
          {on
            ? (lastDecision ?? 'Measuring how busy the workers are\u2026')
            : 'The number follows how busy the workers are, with a pause between two changes.'}
        </small>
      </label>
      <span className="workers-choice">
        <WorkersSelect
          label="Fewest workers"
          value={minWorkers}
          numbers={range(1, Math.min(maxWorkers, workersMax))}
          onChange={(value) => workstation.setAutoscale({ ...autoscale, minWorkers: value })}
        />
        to
        <WorkersSelect
          label="Most workers"
          value={maxWorkers}
          numbers={range(minWorkers, Math.max(workersMax, maxWorkers))}
          onChange={(value) => workstation.setAutoscale({ ...autoscale, maxWorkers: value })}
        />
        <input
          id="autoscale"
          type="checkbox"
          checked={on}
          onChange={(event) => workstation.setAutoscale({ ...autoscale, on: event.target.checked })}
        />
      </span>
    </div>
  );
}

function WorkersSelect(props: {
  readonly label: string;
  readonly value: number;
  readonly numbers: readonly number[];
  readonly onChange: (value: number) => void;
}) {
  return (
    <select
      className="select"
      aria-label={props.label}
      value={props.value}
      onChange={(event) => props.onChange(Number(event.target.value))}
    >
      {props.numbers.map((number) => (
        <option key={number} value={number}>
          {countText(number)}
        </option>
      ))}
    </select>
  );
}
