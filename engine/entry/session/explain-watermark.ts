import type { FeedTime, SourceTime, SourceWait, TaskTime, WatermarkExplanation } from '../../contract/explanations.ts';
import { assertNever } from '../../core/assert.ts';

export interface WatermarkFacts {
  readonly source: SourceTime;
  readonly feed: FeedTime | null;
  readonly tasks: readonly { readonly subtask: number; readonly watermarkMs: number | null }[];
  readonly isStale: boolean;
}

/** What holds the watermark back: a task that trails the source, or what the source itself waits for. */
export function explainWatermark({ source, feed, tasks: found, isStale }: WatermarkFacts): WatermarkExplanation {
  const tasks = found.map(({ subtask, watermarkMs }) => taskTime(subtask, watermarkMs, source.watermarkMs));
  const watermarkMs = lowestOf(tasks);
  const slowest = slowestOf(tasks, source);
  const ofSource = sourceReason(source, feed);
  const [heldBackBy, why] =
    slowest === null ? ofSource : (['task', `${taskText(slowest, source)} ${ofSource[1]}`] as const);
  return {
    watermarkMs,
    why,
    heldBackBy,
    behindGreatestMs: difference(source.greatestEventTimeMs, watermarkMs),
    behindClockMs: difference(source.clockMs, watermarkMs),
    source,
    feed,
    tasks,
    isStale,
  };
}

/** As of the source's answer: since then a task may have come further. */
function taskTime(subtask: number, taskMs: number | null, sourceMs: number | null): TaskTime {
  const watermarkMs = taskMs === null || sourceMs === null ? taskMs : Math.min(taskMs, sourceMs);
  return { subtask, watermarkMs, behindSourceMs: difference(sourceMs, watermarkMs) };
}

function difference(later: number | null, earlier: number | null): number | null {
  return later === null || earlier === null ? null : Math.max(0, later - earlier);
}

function lowestOf(tasks: readonly TaskTime[]): number | null {
  const known = tasks.flatMap(({ watermarkMs }) => (watermarkMs === null ? [] : [watermarkMs]));
  return known.length < tasks.length || known.length === 0 ? null : Math.min(...known);
}

/** The task that is furthest behind the source; null: none is. */
function slowestOf(tasks: readonly TaskTime[], { watermarkMs }: SourceTime): TaskTime | null {
  if (watermarkMs === null) return null;
  const behind = tasks.filter((task) => task.watermarkMs === null || task.watermarkMs < watermarkMs);
  const order = (task: TaskTime): number => task.watermarkMs ?? -Infinity;
  return behind.reduce<TaskTime | null>(
    (last, task) => (last === null || order(task) < order(last) ? task : last),
    null,
  );
}

function taskText({ subtask, watermarkMs, behindSourceMs }: TaskTime, source: SourceTime): string {
  const stands =
    watermarkMs === null
      ? 'has no watermark yet'
      : `stands at ${timeOf(watermarkMs)}, ${behindSourceMs} ms of event time behind the source (${timeOf(source.watermarkMs)})`;
  return `Task ${subtask} holds it back: it ${stands}, with records to work on.`;
}

type Reason = readonly [WatermarkExplanation['heldBackBy'], string];

function sourceReason(source: SourceTime, feed: FeedTime | null): Reason {
  const [kind, waits] = feed === null ? waitReason(source.waitsFor) : feedReason(source, feed);
  return [kind, [standText(source), waits, heldText(source)].filter((sentence) => sentence !== '').join(' ')];
}

function standText({ watermarkMs, greatestEventTimeMs, outOfOrdernessMs, waitsFor }: SourceTime): string {
  if (greatestEventTimeMs === null || watermarkMs === null) return 'No quote has come: there is no event time yet.';
  const greatest = `the greatest event time seen, ${timeOf(greatestEventTimeMs)}`;
  if (waitsFor.kind === 'ended') return `The session is over: the watermark is ${greatest}.`;
  return `The source stands at ${timeOf(watermarkMs)}: ${greatest}, less ${outOfOrdernessMs} ms out-of-orderness and 1 ms.`;
}

function waitReason(wait: SourceWait): Reason {
  switch (wait.kind) {
    case 'nothing':
      return ['order', 'It reads on, and the next quote that is later moves it.'];
    case 'paused':
      return ['paused', 'The session is paused.'];
    case 'pace': {
      const { nextEventTimeMs, inMs } = wait;
      return [
        'pace',
        `The next quote is of ${timeOf(nextEventTimeMs)}, and due in ${Math.ceil(inMs)} ms at the speed asked for.`,
      ];
    }
    case 'input':
      return ['input', `It waits for the next quote of ${wait.inputs.join(', ')}: nothing goes ahead of it.`];
    case 'failed':
      return ['failed', 'An input cannot be read any further.'];
    case 'ended':
      return ['ended', ''];
    default:
      return assertNever(wait);
  }
}

function feedReason({ waitsFor, idleMs }: SourceTime, { state, silentMs, retryInMs, isHeld }: FeedTime): Reason {
  if (waitsFor.kind === 'ended' || waitsFor.kind === 'failed') return waitReason(waitsFor);
  if (isHeld) return ['feed', 'Nothing is taken from the feed: its journal is behind, or has no room.'];
  if (state === 'recovering') return ['feed', 'The journal is being played; the feed comes after it.'];
  const silence = `The feed is ${state}; its last quote came ${silentMs} ms ago`;
  const retry = retryInMs === null ? '' : ` The next attempt to connect comes in ${retryInMs} ms.`;
  const idle =
    idleMs === null
      ? '.'
      : silentMs > idleMs
        ? `, and since ${idleMs} ms of silence event time goes on with the clock.`
        : `; after ${idleMs} ms of silence event time goes on with the clock.`;
  return ['feed', `${silence}${idle}${retry}`];
}

function heldText({ heldQuotes, maxFutureMs }: SourceTime): string {
  return heldQuotes === 0
    ? ''
    : `${heldQuotes} quotes are held back: they are stamped more than ${maxFutureMs} ms ahead, and those that follow decide whether they are real.`;
}

function timeOf(timeMs: number | null): string {
  return timeMs === null ? 'no time' : new Date(timeMs).toISOString();
}
