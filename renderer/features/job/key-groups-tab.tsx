import type { JobPage, KeyGroupLoad } from '../../../engine/contract/job-page.ts';
import { countText, rateText } from '../../format/decimal-text.ts';
import { nameOf } from './job-text.ts';

/** More bars than this are thinner than a pixel: neighbours then share one. */
const BARS_MAX = 256;
const BAR_HEIGHT = 100;

/** How records spread over key groups and the workers that own them; whether that is even, in words. */
export function KeyGroupsTab(props: { readonly page: JobPage; readonly selected: string | null }) {
  const { page, selected } = props;
  const load = page.keyGroups.find(({ vertex }) => vertex === selected) ?? page.keyGroups[0];
  if (load === undefined) return <p className="tone-quiet">No vertex of this job takes records by key.</p>;
  const warning = page.warnings.find(({ kind, vertex }) => kind === 'key-skew' && vertex === load.vertex);
  return (
    <>
      <p data-testid="skew" className={warning === undefined ? '' : 'tone-warning'}>
        {warning?.message ?? `${nameOf(page, load.vertex)}: ${evenText(load)}`}
      </p>
      <KeyGroupBars load={load} />
      <p className="tone-quiet">
        Records per second of key groups 0 to {load.recordsPerSecond.length - 1}, the workers' by turns in two colours,
        the busiest of all in a third. Sampled: good to a few in a hundred.
      </p>
      <table className="numbers-table" data-testid="key-group-shares">
        <thead>
          <tr>
            <th className="words">Subtask</th>
            <th>Key groups</th>
            <th>Keys</th>
            <th>Records</th>
            <th>Records/s</th>
            <th className="wide">Share</th>
          </tr>
        </thead>
        <tbody>
          {load.subtasks.map(({ firstKeyGroup, lastKeyGroup, share }, index) => {
            const sum = (values: readonly number[]): number => sumOf(values, firstKeyGroup, lastKeyGroup + 1);
            return (
              <tr key={firstKeyGroup}>
                <td className="words">{index}</td>
                <td>
                  {firstKeyGroup}
                  {'\u2013'}
                  {lastKeyGroup}
                </td>
                <td>{countText(sum(load.keys))}</td>
                <td>{countText(sum(load.records))}</td>
                <td>{rateText(sum(load.recordsPerSecond))}</td>
                <td className="wide">
                  <span className={`share-track ${index % 2 === 0 ? 'even' : 'odd'}`}>
                    <span style={{ width: `${share * 100}%` }} />
                  </span>{' '}
                  {Math.round(share * 100)} %
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}

function evenText({ skew, hottest, subtasks }: KeyGroupLoad): string {
  if (skew === null || hottest === null) return 'no records in the last seconds.';
  const group = `The busiest key group, ${hottest.keyGroup}, has ${(hottest.share * 100).toFixed(1)} % of all records.`;
  if (subtasks.length === 1) return `one worker has all key groups. ${group}`;
  return `the busiest worker takes ${skew.toFixed(2)} times as many records as the average one. ${group}`;
}

function KeyGroupBars({ load }: { readonly load: KeyGroupLoad }) {
  const { recordsPerSecond, keys, subtasks, hottest } = load;
  const span = Math.ceil(recordsPerSecond.length / BARS_MAX);
  const bars = Array.from({ length: Math.ceil(recordsPerSecond.length / span) }, (_, index) => {
    const [first, end] = [index * span, Math.min((index + 1) * span, recordsPerSecond.length)];
    return { first, end, rate: sumOf(recordsPerSecond, first, end), keys: sumOf(keys, first, end) };
  });
  const most = Math.max(1e-9, ...bars.map(({ rate }) => rate));
  const ownerOf = (keyGroup: number): number =>
    subtasks.findIndex(({ firstKeyGroup, lastKeyGroup }) => keyGroup >= firstKeyGroup && keyGroup <= lastKeyGroup);
  return (
    <svg
      className="key-group-bars"
      role="img"
      aria-label={`Records per second of ${recordsPerSecond.length} key groups. ${evenText(load)}`}
      viewBox={`0 0 ${bars.length} ${BAR_HEIGHT}`}
      preserveAspectRatio="none"
      data-testid="key-group-bars"
    >
      {bars.map(({ first, end, rate, keys: keyCount }, index) => {
        const owner = ownerOf(first);
        const isHottest = hottest !== null && hottest.keyGroup >= first && hottest.keyGroup < end;
        const height = (rate / most) * BAR_HEIGHT;
        return (
          <g key={first} className={`${owner % 2 === 0 ? 'even' : 'odd'}${isHottest ? ' hottest' : ''}`}>
            <title>
              {`Key group ${end - first === 1 ? first : `${first}\u2013${end - 1}`}, subtask ${owner}: ${rateText(rate)} records/s, ${countText(keyCount)} keys`}
            </title>
            <rect className="track" x={index} y={0} width={1} height={BAR_HEIGHT} />
            <rect x={index + 0.1} y={BAR_HEIGHT - height} width={0.8} height={height} />
          </g>
        );
      })}
    </svg>
  );
}

function sumOf(values: readonly number[], from: number, end: number): number {
  let sum = 0;
  for (let index = from; index < end; index += 1) sum += values[index] ?? 0;
  return sum;
}
