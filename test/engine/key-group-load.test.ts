import { expect, test } from 'vitest';
import type { Collector, KeyedContext } from '../../engine/api/functions.ts';
import { KeyedProcessFunction } from '../../engine/api/functions.ts';
import { defineJob } from '../../engine/api/job.ts';
import type { JobPage } from '../../engine/contract/job-page.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { JobMeter } from '../../engine/runtime/metrics/job-metrics.ts';
import { assignToKeyGroup, computeOperatorIndexForKeyGroup } from '../../engine/state/key-groups.ts';
import { seededRandom } from '../support/seeded-random.ts';

interface Hit {
  readonly page: string;
}
class Pass extends KeyedProcessFunction<string, Hit, Hit> {
  processElement(hit: Hit, _: KeyedContext<string>, out: Collector<Hit>): void {
    out.collect(hit);
  }
}
const hits = defineJob<{ readonly hits: readonly Hit[] }>((env, parameters) => {
  env
    .fromCollection(parameters.hits, () => 0)
    .keyBy('page')
    .process(new Pass())
    .name('pages')
    .uid('pages');
});

const WORKERS = 4;
const KEY_GROUPS = 128;
const RECORDS = 60_000;

/** Ten seconds of the job. */
async function played(pages: readonly string[], parallelism = WORKERS): Promise<JobPage> {
  let nowMs = 0;
  const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs };
  const parameters = { hits: pages.map((page) => ({ page })) };
  const executor = new LocalExecutor(hits, { parameters, parallelism, random: seededRandom(1), clock });
  const { memory, graph } = executor;
  const nothing = {
    metrics: () => [],
    sinkTimes: () => ({ busyMs: 0, idleMs: 0, backPressuredMs: 0 }),
    checkpointHistory: [],
    checkpointCounts: { completed: 0, failed: 0 },
    rescaleHistory: [],
  };
  const meter = new JobMeter({ clock, memory, graph, queryState: 'running', uptimeMs: 0, ...nothing });
  meter.page('job');
  await executor.run();
  nowMs = 10_000;
  return meter.page('job');
}

function pagesOf(count: number, nameOf: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => nameOf(index));
}

test('records are sampled by key group well enough to see where they go, keys are counted', async () => {
  const random = seededRandom(7);
  const pages = pagesOf(RECORDS, () => `page-${Math.floor(random() ** 2 * 40)}`);
  const [load] = (await played(pages)).keyGroups;
  const exact = new Array<number>(KEY_GROUPS).fill(0);
  for (const page of pages) exact[assignToKeyGroup(page, KEY_GROUPS)] += 1;
  for (const [keyGroup, count] of exact.entries()) {
    // Five standard deviations of a sample of one in sixteen.
    expect(Math.abs(load.records[keyGroup] - count), `key group ${keyGroup}`).toBeLessThan(
      5 * Math.sqrt(count * 16) + 1,
    );
    expect(load.recordsPerSecond[keyGroup]).toBeCloseTo(load.records[keyGroup] / 10, 6);
  }
  const keys = new Array<number>(KEY_GROUPS).fill(0);
  for (const page of new Set(pages)) keys[assignToKeyGroup(page, KEY_GROUPS)] += 1;
  expect(load.keys).toEqual(keys);
  expect(load.subtasks.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
});

test('records of keys that take turns are not all seen at the same one', async () => {
  const pages = pagesOf(RECORDS, (index) => `page-${index % 16}`);
  const [load] = (await played(pages)).keyGroups;
  const seen = load.records.filter((count) => count > 0);
  expect(seen.length).toBe(new Set(pages.map((page) => assignToKeyGroup(page, KEY_GROUPS))).size);
});

test('a key that most records have is warned of, with its key group and its worker', async () => {
  const pages = pagesOf(RECORDS, (index) => (index % 10 < 7 ? 'hot' : `page-${index % 97}`));
  const { keyGroups, warnings } = await played(pages);
  const keyGroup = assignToKeyGroup('hot', KEY_GROUPS);
  expect(keyGroups[0].hottest?.keyGroup).toBe(keyGroup);
  expect(keyGroups[0].hottest?.share).toBeCloseTo(0.7, 1);
  expect(keyGroups[0].skew).toBeGreaterThan(2.5);
  const worker = computeOperatorIndexForKeyGroup(KEY_GROUPS, WORKERS, keyGroup);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatchObject({ kind: 'key-skew', vertex: 'pages' });
  expect(warnings[0].message).toMatch(
    new RegExp(
      `^Worker ${worker} takes \\d\\d % of the records of 'pages', where 25 % would be even. Key group ${keyGroup} alone`,
    ),
  );
});

test('many keys alike, or one worker, are no reason for a warning', async () => {
  const even = await played(pagesOf(RECORDS, (index) => `page-${index % 999}`));
  expect(even.keyGroups[0].skew).toBeLessThan(1.3);
  expect(even.warnings).toEqual([]);
  expect(
    (
      await played(
        pagesOf(RECORDS, () => 'one'),
        1,
      )
    ).warnings,
  ).toEqual([]);
  // A handful of records says nothing.
  expect((await played(pagesOf(50, () => 'one'))).warnings).toEqual([]);
});
