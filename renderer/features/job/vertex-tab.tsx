import { useState } from 'react';
import type {
  JobPage,
  KeyGroupLoad,
  LatencyPage,
  OperatorNumbers,
  OperatorPage,
  SubtaskPage,
  TaskNumbers,
  TaskTimes,
  VertexPage,
} from '../../../engine/contract/job-page.ts';
import { countText, NOTHING, bytesText } from '../../format/decimal-text.ts';
import { durationText } from '../../format/time-text.ts';
import {
  latencyText,
  LEVEL_TONES,
  nameText,
  numberText,
  perSecondText,
  shareText,
  shortTimeText,
  usageText,
  watermarkText,
} from './job-text.ts';

/** One vertex: what each of its subtasks does, and each of its operators. Titles of columns are Flink's names. */
export function VertexTab(props: { readonly page: JobPage; readonly vertex: VertexPage; readonly zone: string }) {
  const { page, vertex, zone } = props;
  const load = page.keyGroups.find((one) => one.vertex === vertex.id) ?? null;
  return (
    <>
      <p className="tone-quiet">{threadsText(vertex)}</p>
      <h3 className="section-label">Subtasks</h3>
      <table className="numbers-table" data-testid="subtasks">
        <thead>
          <tr>
            <th className="words">Subtask</th>
            {load === null ? null : <th>Key groups</th>}
            <th title="numRecordsIn">In</th>
            <th title="numRecordsInPerSecond">In/s</th>
            <th title="numRecordsOut">Out</th>
            <th title="numRecordsOutPerSecond">Out/s</th>
            <th title="numBytesOutPerSecond; in all: numBytesOut">Bytes out/s</th>
            <th title="busyTimeMsPerSecond">Busy</th>
            <th title="idleTimeMsPerSecond">Idle</th>
            <th title="backPressuredTimeMsPerSecond">Back-pressured</th>
            <th title="inPoolUsage, outPoolUsage: how full the queues are that lead here, and those it writes into">
              Queues
            </th>
            <th title="currentInputWatermark">Watermark in</th>
            <th title="currentOutputWatermark">Watermark out</th>
          </tr>
        </thead>
        <tbody>
          {vertex.subtasks.map((subtask) => (
            <SubtaskRow key={subtask.index} subtask={subtask} load={load} zone={zone} />
          ))}
        </tbody>
      </table>
      <Operators vertex={vertex} zone={zone} />
    </>
  );
}

function threadsText({ name, threads, parallelism }: VertexPage): string {
  const what = `${nameText(name)}: `;
  if (threads === 'source') return `${what}on the source thread.`;
  if (threads === 'coordinator')
    return `${what}on the coordinator's thread. Busy is the time that all sinks took of it.`;
  const workers = parallelism === 1 ? 'the one worker thread' : `${parallelism} worker threads`;
  return `${what}on ${workers}. Busy, idle and back-pressured are the thread's, with all that runs on it.`;
}

function SubtaskRow(props: {
  readonly subtask: SubtaskPage;
  readonly load: KeyGroupLoad | null;
  readonly zone: string;
}) {
  const { subtask, load, zone } = props;
  const { index, numbers, times, backPressureLevel } = subtask;
  const range = load?.subtasks[index];
  return (
    <tr>
      <td className="words">{index}</td>
      {load === null ? null : (
        <td>{range === undefined ? NOTHING : `${range.firstKeyGroup}\u2013${range.lastKeyGroup}`}</td>
      )}
      <td>{numberText(numbers.numRecordsIn)}</td>
      <td>{perSecondText(numbers.numRecordsInPerSecond)}</td>
      <td>{numberText(numbers.numRecordsOut)}</td>
      <td>{perSecondText(numbers.numRecordsOutPerSecond)}</td>
      <td title={numbers.numBytesOut === null ? '' : `${bytesText(numbers.numBytesOut)} in all`}>
        {numbers.numBytesOutPerSecond === null ? NOTHING : bytesText(Math.round(numbers.numBytesOutPerSecond))}
      </td>
      <td>{timeOf(times, 'busyTimeMsPerSecond')}</td>
      <td>{timeOf(times, 'idleTimeMsPerSecond')}</td>
      <td className={LEVEL_TONES[backPressureLevel]}>
        {backPressureLevel === 'ok' ? '' : `${backPressureLevel} `}
        {timeOf(times, 'backPressuredTimeMsPerSecond')}
      </td>
      <td title={queuesTitle(numbers)}>
        {usageText(numbers.inPoolUsage)}, {usageText(numbers.outPoolUsage)}
      </td>
      <td>{watermarkText(numbers.currentInputWatermark, zone)}</td>
      <td>{watermarkText(numbers.currentOutputWatermark, zone)}</td>
    </tr>
  );
}

function queuesTitle({ inputQueueLength, outputQueueLength }: TaskNumbers): string {
  return `in ${numberText(inputQueueLength)}, out ${numberText(outputQueueLength)} records, or parts of their text`;
}

function timeOf(times: TaskTimes | null, name: keyof TaskTimes): string {
  return shareText(times === null ? null : times[name]);
}

function Operators({ vertex, zone }: { readonly vertex: VertexPage; readonly zone: string }) {
  const [chosen, setChosen] = useState<number | null>(null);
  // The number of subtasks may have fallen below the chosen one.
  const subtask = chosen === null || chosen < vertex.parallelism ? chosen : null;
  const numbersOf = ({ total, subtasks }: OperatorPage): OperatorNumbers | undefined =>
    subtask === null ? total : subtasks[subtask];
  return (
    <>
      <h3 className="section-label job-operators-label">
        Operators
        {vertex.parallelism === 1 ? null : (
          <select
            className="select"
            aria-label="Operators of which subtask"
            value={subtask ?? ''}
            onChange={(event) => setChosen(event.target.value === '' ? null : Number(event.target.value))}
          >
            <option value="">all subtasks</option>
            {vertex.subtasks.map(({ index }) => (
              <option key={index} value={index}>
                subtask {index}
              </option>
            ))}
          </select>
        )}
      </h3>
      <table className="numbers-table" data-testid="operators">
        <thead>
          <tr>
            <th className="words">Operator</th>
            <th title="numRecordsIn">In</th>
            <th title="numRecordsInPerSecond">In/s</th>
            <th title="numRecordsOut, main and side outputs">Out</th>
            <th title="numRecordsOutPerSecond">Out/s</th>
            <th title="numLateRecordsDropped: came behind the watermark and were left out">Late</th>
            <th title="Set and not fired yet, by event time and by processing time">Timers pending</th>
            <th title="numFiredTimers">Timers fired</th>
            <th title="numFiredTimersPerSecond">Fired/s</th>
            <th title="Different keys it ever saw">Keys</th>
            <th title="latency: from the source until it is taken here; the median and what 99 of 100 stay under, of the latest 128 markers">
              Latency
            </th>
            <th title="currentInputWatermark">Watermark in</th>
            <th title="currentOutputWatermark">Watermark out</th>
          </tr>
        </thead>
        <tbody>
          {vertex.operators.map((operator) => (
            <OperatorRow key={operator.uid} operator={operator} numbers={numbersOf(operator)} zone={zone} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function latencyTitle({ source, count, minMs, p95Ms, maxMs }: LatencyPage): string {
  const [least, most, high] = [minMs, maxMs, p95Ms].map(shortTimeText);
  return `from ${source}: ${least} to ${most}, 95 of 100 under ${high}; ${countText(count)} markers so far`;
}

/** Of an operator with two inputs: it goes by the lower one. */
function inputsTitle(numbers: OperatorNumbers, zone: string): string {
  const { currentInput1Watermark: first, currentInput2Watermark: second } = numbers;
  if (first === null && second === null) return '';
  return `first input ${watermarkText(first, zone)}, second input ${watermarkText(second, zone)}`;
}

function OperatorRow(props: {
  readonly operator: OperatorPage;
  readonly numbers: OperatorNumbers | undefined;
  readonly zone: string;
}) {
  const { operator, numbers, zone } = props;
  if (numbers === undefined) return null;
  const late = numbers.numLateRecordsDropped;
  return (
    <tr>
      <td className="words selectable" title={`uid ${operator.uid}`}>
        {operator.name} <span className="tone-quiet">{operator.kind}</span>
        {numbers.async === null ? null : <div className="tone-quiet">{asyncText(numbers.async)}</div>}
      </td>
      <td>{numberText(numbers.numRecordsIn)}</td>
      <td>{perSecondText(numbers.numRecordsInPerSecond)}</td>
      <td>{numberText(numbers.numRecordsOut)}</td>
      <td>{perSecondText(numbers.numRecordsOutPerSecond)}</td>
      <td className={late !== null && late > 0 ? 'tone-warning' : ''}>{numberText(late)}</td>
      <td>{timersText(numbers)}</td>
      <td>{numberText(numbers.numFiredTimers)}</td>
      <td>{perSecondText(numbers.numFiredTimersPerSecond)}</td>
      <td>{numberText(numbers.numKeys)}</td>
      <td title={operator.latency.map(latencyTitle).join('\n')}>{latencyText(operator.latency)}</td>
      <td title={inputsTitle(numbers, zone)}>{watermarkText(numbers.currentInputWatermark, zone)}</td>
      <td>{watermarkText(numbers.currentOutputWatermark, zone)}</td>
    </tr>
  );
}

function timersText({ numPendingEventTimers, numPendingProcessingTimers }: OperatorNumbers): string {
  if (numPendingEventTimers === null && numPendingProcessingTimers === null) return NOTHING;
  const processing = numPendingProcessingTimers ?? 0;
  const event = countText(numPendingEventTimers ?? 0);
  return processing === 0 ? event : `${event} + ${countText(processing)} processing`;
}

function asyncText(numbers: NonNullable<OperatorNumbers['async']>): string {
  const { inFlight, capacity, occupancy, throughputPerSecond, latencyMs, retries, timeouts } = numbers;
  const law = `${occupancy.toFixed(2)} in flight = ${throughputPerSecond.toFixed(1)}/s \u00d7 ${latencyMs === null ? NOTHING : durationText(latencyMs)}`;
  return `${law}; now ${inFlight} of ${capacity}, ${countText(retries)} retries, ${countText(timeouts)} timed out`;
}
