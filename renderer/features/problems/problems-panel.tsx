import type { QuarantinedRow, SessionCounts } from '../../../engine/contract/window.ts';
import { countText } from '../../format/decimal-text.ts';
import { secondText } from '../../format/time-text.ts';
import { baseName } from '../../stores/open-draft-store.ts';
import { QUARANTINED_MAX } from '../../stores/session-store.ts';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

/** Rows shown in the page; the rest is counted. A person reads the first ones and mends the file. */
const ROWS_SHOWN_MAX = 200;

/** What went wrong: failures in sentences, set-aside rows by reason, and where each of them is. */
export function ProblemsPanel() {
  const { session, settings } = useWorkstation();
  const problems = useStore(session, (state) => state.problems);
  const counts = useStore(session, (state) => state.progress?.counts ?? null);
  const rows = useStore(session, (state) => state.quarantined);
  const zone = useStore(settings, (state) => state.zone);
  const setAside = counts === null ? 0 : counts.quarantined + counts.late + counts.ignored;
  if (problems.length === 0 && setAside === 0 && rows.length === 0) {
    return (
      <div className="empty">
        <strong>No problems</strong>
        <span>Every row of the session was read and applied.</span>
      </div>
    );
  }
  return (
    <div className="problems selectable">
      {problems.map(({ number, problem, wallMs }) => (
        <article key={number} className="problem">
          <strong>{problem.code}</strong>
          <time className="number">{secondText(wallMs, zone)}</time>
          <div className="message">{problem.message}</div>
          {problem.where === null ? null : <div className="where">{problem.where}</div>}
        </article>
      ))}
      {counts === null || setAside === 0 ? null : <SetAside counts={counts} />}
      {rows.length === 0 ? null : <LocatedRows rows={rows} />}
    </div>
  );
}

function SetAside({ counts }: { readonly counts: SessionCounts }) {
  const lines: (readonly [string, number])[] = Object.entries(counts.quarantinedByReason).map(([reason, count]) => [
    `Quarantined: ${reason}`,
    count,
  ]);
  if (counts.late > 0) lines.push(['Late: behind event time when they came', counts.late]);
  if (counts.ignored > 0) lines.push(['Ignored: rows that the format says are no quotes', counts.ignored]);
  return (
    <>
      <h3 className="section-label">Rows set aside</h3>
      <table className="reasons">
        <tbody>
          {lines.map(([what, count]) => (
            <tr key={what}>
              <td>{what}</td>
              <td>{countText(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function LocatedRows({ rows }: { readonly rows: readonly QuarantinedRow[] }) {
  const kept = rows.length === QUARANTINED_MAX ? ' kept' : '';
  const part = rows.length > ROWS_SHOWN_MAX ? ` (first ${ROWS_SHOWN_MAX} of ${countText(rows.length)}${kept})` : '';
  return (
    <>
      <h3 className="section-label">Where{part}</h3>
      <table className="located">
        <thead>
          <tr>
            <th style={{ width: '24%' }}>FILE</th>
            <th className="line" style={{ width: 64 }}>
              LINE
            </th>
            <th style={{ width: '26%' }}>REASON</th>
            <th>TEXT</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS_SHOWN_MAX).map((row) => (
            <tr key={`${row.input}:${row.line}:${row.reason}`}>
              <td title={row.input}>{baseName(row.input)}</td>
              <td className="line">{countText(row.line)}</td>
              <td title={row.reason}>{row.reason}</td>
              <td title={row.text}>
                <code>{row.text}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
