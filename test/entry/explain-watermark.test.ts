import { describe, expect, test } from 'vitest';
import type { FeedTime, SourceTime, SourceWait } from '../../engine/contract/explanations.ts';
import { explainWatermark } from '../../engine/entry/session/explain-watermark.ts';
import { WatermarkWatch } from '../../engine/entry/session/watermark-watch.ts';
import type { SessionCommand, SessionProgress } from '../../engine/entry/session/session-parameters.ts';

const GREATEST = Date.UTC(2024, 0, 2, 3, 4, 5, 6);

function source(waitsFor: SourceWait, more: Partial<SourceTime> = {}): SourceTime {
  return {
    watermarkMs: GREATEST - 11,
    greatestEventTimeMs: GREATEST,
    outOfOrdernessMs: 10,
    maxFutureMs: 2_000,
    idleMs: null,
    clockMs: null,
    heldQuotes: 0,
    waitsFor,
    inputs: [{ name: 'a.csv', state: 'ready', lastEventTimeMs: GREATEST, nextEventTimeMs: null }],
    ...more,
  };
}

const TASKS = [0, 1].map((subtask) => ({ subtask, watermarkMs: GREATEST - 11 }));
const FEED: FeedTime = { state: 'live', silentMs: 40, retryInMs: null, isHeld: false };
const STAND =
  'The source stands at 2024-01-02T03:04:04.995Z: the greatest event time seen, 2024-01-02T03:04:05.006Z, less 10 ms out-of-orderness and 1 ms.';

function whyOf(waitsFor: SourceWait, more: Partial<SourceTime> = {}, feed: FeedTime | null = null): [string, string] {
  const { heldBackBy, why } = explainWatermark({ source: source(waitsFor, more), feed, tasks: TASKS, isStale: false });
  return [heldBackBy, why];
}

describe('what holds the watermark back', () => {
  test('is the task that is furthest behind the source, with both times', () => {
    const tasks = [
      { subtask: 0, watermarkMs: GREATEST - 11 },
      { subtask: 1, watermarkMs: GREATEST - 511 },
      { subtask: 2, watermarkMs: GREATEST - 111 },
    ];
    const found = explainWatermark({ source: source({ kind: 'nothing' }), feed: null, tasks, isStale: false });

    expect(found).toMatchObject({ heldBackBy: 'task', watermarkMs: GREATEST - 511, behindGreatestMs: 511 });
    expect(found.why).toContain(
      'Task 1 holds it back: it stands at 2024-01-02T03:04:04.495Z, 500 ms of event time behind the source (2024-01-02T03:04:04.995Z)',
    );
    expect(found.tasks.map(({ behindSourceMs }) => behindSourceMs)).toEqual([0, 500, 100]);
  });

  test('is a task that has none yet, before all others', () => {
    const tasks = [TASKS[0], { subtask: 1, watermarkMs: null }];
    const found = explainWatermark({ source: source({ kind: 'nothing' }), feed: null, tasks, isStale: false });

    expect([found.heldBackBy, found.watermarkMs]).toEqual(['task', null]);
    expect(found.why).toContain('Task 1 holds it back: it has no watermark yet');
  });

  test.each<[SourceWait, string, string]>([
    [{ kind: 'nothing' }, 'order', `${STAND} It reads on, and the next quote that is later moves it.`],
    [{ kind: 'paused' }, 'paused', `${STAND} The session is paused.`],
    [
      { kind: 'pace', nextEventTimeMs: GREATEST + 5_000, inMs: 99.2 },
      'pace',
      `${STAND} The next quote is of 2024-01-02T03:04:10.006Z, and due in 100 ms at the speed asked for.`,
    ],
    [
      { kind: 'input', inputs: ['b.csv', 'c.csv'] },
      'input',
      `${STAND} It waits for the next quote of b.csv, c.csv: nothing goes ahead of it.`,
    ],
    [{ kind: 'failed' }, 'failed', `${STAND} An input cannot be read any further.`],
    [
      { kind: 'ended' },
      'ended',
      'The session is over: the watermark is the greatest event time seen, 2024-01-02T03:04:05.006Z.',
    ],
  ])('is at the source what it waits for: %j', (wait, heldBackBy, why) => {
    expect(whyOf(wait)).toEqual([heldBackBy, why]);
  });

  test('is the feed of a live session: silent, gone, held, or still behind its journal', () => {
    const live = { idleMs: 1_000, clockMs: GREATEST + 389 };
    const waits: SourceWait = { kind: 'input', inputs: ['feed'] };

    expect(whyOf(waits, live, FEED)).toEqual([
      'feed',
      `${STAND} The feed is live; its last quote came 40 ms ago; after 1000 ms of silence event time goes on with the clock.`,
    ]);
    expect(whyOf(waits, live, { ...FEED, state: 'reconnecting', silentMs: 1_200, retryInMs: 800 })[1]).toBe(
      `${STAND} The feed is reconnecting; its last quote came 1200 ms ago, and since 1000 ms of silence event time goes on with the clock. The next attempt to connect comes in 800 ms.`,
    );
    expect(whyOf(waits, live, { ...FEED, isHeld: true })[1]).toContain('its journal is behind, or has no room');
    expect(whyOf(waits, live, { ...FEED, state: 'recovering' })[1]).toContain('The journal is being played');
    const found = explainWatermark({ source: source(waits, live), feed: FEED, tasks: TASKS, isStale: false });
    expect([found.behindGreatestMs, found.behindClockMs]).toEqual([11, 400]);
  });

  test('names quotes that are held back, and says when there is no time at all', () => {
    expect(whyOf({ kind: 'nothing' }, { heldQuotes: 2 })[1]).toContain(
      '2 quotes are held back: they are stamped more than 2000 ms ahead',
    );
    const none = { watermarkMs: null, greatestEventTimeMs: null };
    expect(whyOf({ kind: 'input', inputs: ['a.csv'] }, none)[1]).toBe(
      'No quote has come: there is no event time yet. It waits for the next quote of a.csv: nothing goes ahead of it.',
    );
  });
});

test('the source is asked when somebody asks; one that does not answer in time is said to be stale', async () => {
  const sent: SessionCommand[] = [];
  let timeOut = (): void => undefined;
  const watch = new WatermarkWatch((_delayMs, wake) => {
    timeOut = wake;
    return () => undefined;
  });
  const job = {
    metrics: () => [
      { taskIndex: null, watermarkMs: GREATEST - 11 },
      { taskIndex: 0, watermarkMs: GREATEST + 7 },
    ],
    sendSourceEvent: (command: SessionCommand) => sent.push(command),
  };
  const early = watch.explain(job);
  timeOut();
  await expect(early).rejects.toThrow('The inputs of the session are not open yet');

  const progress = { time: source({ kind: 'paused' }) } as SessionProgress;
  const asked = watch.explain(job);
  watch.take({ kind: 'progress', progress });
  // A task that came further since counts as far as the source had come.
  expect(await asked).toMatchObject({ isStale: false, heldBackBy: 'paused', watermarkMs: GREATEST - 11 });
  const late = watch.explain(job);
  timeOut();
  expect(await late).toMatchObject({ isStale: true, heldBackBy: 'paused' });
  expect(sent).toEqual([{ kind: 'tell-progress' }, { kind: 'tell-progress' }, { kind: 'tell-progress' }]);
});
