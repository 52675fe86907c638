import { describe, expect, test } from 'vitest';
import type { CheckpointRecord } from '../../engine/contract/checkpoint-record.ts';
import type { JobPage, OperatorNumbers, VertexPage } from '../../engine/contract/job-page.ts';
import { CheckpointCoordinator } from '../../engine/runtime/checkpoint/checkpoint-coordinator.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { JobMeter, type MeteredJob } from '../../engine/runtime/metrics/job-metrics.ts';
import { inArrivalOrder, tollRoad, TOLL_ROAD_SINKS } from '../examples/toll-road.ts';
import { tollRoadInput } from '../examples/example-inputs.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { seededRandom } from '../support/seeded-random.ts';

const PARALLELISMS = [1, 2, 3, 5, 8] as const;
const clock = { monotonicMs: () => 0, wallMs: () => 0 };

/** The job page of a job in one thread, whose threads' times nobody measures. */
function pageOf(executor: LocalExecutor<never>, checkpointHistory: readonly CheckpointRecord[] = []): JobPage {
  const job: MeteredJob = {
    clock,
    memory: executor.memory,
    graph: executor.graph,
    queryState: executor.queryState,
    uptimeMs: 0,
    metrics: () => [],
    sinkTimes: () => ({ busyMs: 0, idleMs: 0, backPressuredMs: 0 }),
    checkpointHistory,
    checkpointCounts: { completed: 0, failed: 0 },
    rescaleHistory: [],
  };
  return new JobMeter(job).page('job');
}

const vertexOf = ({ vertices }: JobPage, id: string): VertexPage =>
  vertices.find((vertex) => vertex.id === id) as VertexPage;

describe('the numbers of a job of windows and joins', () => {
  const parameters = tollRoadInput(5);

  interface Run {
    readonly executor: LocalExecutor<never>;
    readonly page: JobPage;
    readonly sinks: Record<string, CollectingSink<unknown>>;
  }

  async function run(parallelism: number): Promise<Run> {
    const sinks = Object.fromEntries(TOLL_ROAD_SINKS.map((name) => [name, new CollectingSink<unknown>()]));
    const executor = new LocalExecutor(tollRoad, {
      parameters,
      parallelism,
      random: seededRandom(parallelism),
      clock,
      ringSlots: 32,
      sinks,
    });
    await executor.run();
    return { executor: executor as LocalExecutor<never>, page: pageOf(executor as LocalExecutor<never>), sinks };
  }

  test.each(PARALLELISMS)('add up along every edge, with %i workers', async (parallelism) => {
    const { page, sinks } = await run(parallelism);
    const { passages, limits } = parameters;
    expect(vertexOf(page, 'gates').operators[0].total.numRecordsOut).toBe(passages.length + limits.length);
    for (const vertex of page.vertices) {
      const { total, subtasks, operators, id } = vertex;
      const incoming = page.edges.filter(({ to }) => to === id);
      const leaving = page.edges.filter(({ from }) => from === id);
      if (vertex.kind !== 'source')
        expect(total.numRecordsIn, id).toBe(sum(incoming.map(({ numRecords }) => numRecords)));
      // Every ring is empty at the end: what was written was read.
      if (vertex.kind !== 'sink')
        expect(total.numRecordsOut, id).toBe(sum(leaving.map(({ numRecords }) => numRecords)));
      expect(sum(subtasks.map(({ numbers }) => numbers.numRecordsIn)), id).toBe(total.numRecordsIn ?? 0);
      expect(sum(subtasks.map(({ numbers }) => numbers.numRecordsOut)), id).toBe(total.numRecordsOut ?? 0);
      for (const operator of operators)
        for (const name of ['numRecordsOut', 'numFiredTimers', 'numLateRecordsDropped', 'numKeys'] as const)
          expect(sum(operator.subtasks.map((one) => one[name])), `${operator.uid} ${name}`).toBe(
            operator.total[name] ?? 0,
          );
    }
    for (const { name, total } of page.vertices.filter(({ kind }) => kind === 'sink'))
      expect(total.numRecordsIn, name).toBe(sinks[name].records.length);
  });

  test('warn of a checkpoint that failed, not of one that the end of the job came before', async () => {
    const { executor } = await run(1);
    const failed = (id: number, problem: string): CheckpointRecord => ({
      ...{ id, problem, kind: 'checkpoint', status: 'failed', triggeredAtMs: 0, durationMs: 1 },
      ...{ bytes: 0, newBytes: 0, keys: 0, alignmentMs: 0, pauseMs: 0 },
    });
    const tooLate = failed(8, CheckpointCoordinator.JOB_ENDED);

    expect(pageOf(executor, [tooLate]).warnings).toEqual([]);
    expect(pageOf(executor, [failed(7, 'The disk is full.'), tooLate]).warnings).toEqual([
      { kind: 'checkpoint-failed', vertex: null, message: 'Checkpoint 7 failed: The disk is full.' },
    ]);
  });

  test('tell of two inputs what each has reached, of which the operator goes by the lower one', async () => {
    const reached: OperatorNumbers[] = [];
    const sinks = Object.fromEntries(TOLL_ROAD_SINKS.map((name) => [name, new CollectingSink<unknown>()]));
    let nowMs = 0;
    const ticking = { monotonicMs: () => (nowMs += 10), wallMs: () => nowMs };
    const random = seededRandom(2);
    const executor: LocalExecutor<typeof parameters> = new LocalExecutor(tollRoad, {
      parameters,
      parallelism: 2,
      random,
      clock: ticking,
      pollRecords: 4,
      sinks,
      onStep: () => {
        const { vertices } = pageOf(executor as LocalExecutor<never>);
        reached.push(...vertices.flatMap(({ operators }) => operators.flatMap(({ subtasks }) => subtasks)));
        return null;
      },
    });
    await executor.run();
    const both = reached.filter(
      ({ currentInput1Watermark: first, currentInput2Watermark: second }) => first !== null && second !== null,
    );
    expect(both.length).toBeGreaterThan(100);
    for (const { currentInputWatermark, currentInput1Watermark, currentInput2Watermark } of both)
      expect(currentInputWatermark).toBe(Math.min(currentInput1Watermark ?? NaN, currentInput2Watermark ?? NaN));
  });

  test('tell how long records are under way to every operator, and markers change no result', async () => {
    const plain = (await run(2)).sinks;
    const sinks = Object.fromEntries(TOLL_ROAD_SINKS.map((name) => [name, new CollectingSink<unknown>()]));
    let nowMs = 0;
    const ticking = { monotonicMs: () => (nowMs += 1), wallMs: () => nowMs };
    const executor = new LocalExecutor(tollRoad, {
      parameters,
      parallelism: 2,
      random: seededRandom(2),
      clock: ticking,
      ringSlots: 32,
      pollRecords: 4,
      latencyIntervalMs: 20,
      sinks,
    });
    await executor.run();
    for (const { id, kind, operators } of pageOf(executor as LocalExecutor<never>).vertices) {
      const { latency } = operators[0];
      if (kind === 'source') {
        expect(latency, id).toEqual([]);
        continue;
      }
      expect(latency.length, id).toBe(1);
      const [{ source, count, minMs, p50Ms, p95Ms, p99Ms, maxMs }] = latency;
      expect(source).toBe('gates');
      expect(count, id).toBeGreaterThan(20);
      expect(minMs, id).toBeGreaterThan(0);
      const quantiles = [minMs, p50Ms, p95Ms, p99Ms, maxMs];
      expect(quantiles, id).toEqual(quantiles.toSorted((left, right) => left - right));
    }
    for (const name of TOLL_ROAD_SINKS) expect(sinks[name].sorted(), name).toEqual(plain[name].sorted());
  });

  test('show empty rings once all is read, and nothing for rings that there are none of', async () => {
    const { page } = await run(3);
    for (const { kind, total, id } of page.vertices) {
      expect([total.inputQueueLength, total.inPoolUsage], id).toEqual(kind === 'source' ? [null, null] : [0, 0]);
      expect([total.outputQueueLength, total.outPoolUsage], id).toEqual(kind === 'sink' ? [null, null] : [0, 0]);
    }
  });

  test('are those of the operators in a chain, each in what the one before it gave', async () => {
    const { page } = await run(2);
    const [gates, ...chained] = vertexOf(page, 'gates').operators;
    const passedOn = chained.filter(
      ({ kind, total }) => kind === 'filter' && total.numRecordsIn === gates.total.numRecordsOut,
    );
    expect(passedOn).toHaveLength(2);
    expect(sum(passedOn.map(({ total }) => total.numRecordsOut))).toBe(gates.total.numRecordsOut);
    for (const { total } of chained.filter(({ kind }) => kind === 'map'))
      expect(total.numRecordsIn).toBe(total.numRecordsOut);
  });

  test('count a late record once, with any number of workers', async () => {
    const late = { all: lateFor(500, parameters), fired: 0 };
    expect(late.all).toBeGreaterThan(3);
    const expected = lateDrops((await run(1)).page);
    expect(expected['all']).toBe(late.all);
    expect(Object.values(expected).filter((count) => count > 0).length).toBeGreaterThan(2);
    // Its late records have a side output: they are not dropped.
    expect(expected['speeds']).toBe(0);
    for (const parallelism of PARALLELISMS.slice(1))
      expect(lateDrops((await run(parallelism)).page), `${parallelism} workers`).toEqual(expected);
  });

  test('leave no timer pending and no window open at the end of the input', async () => {
    const { page } = await run(3);
    for (const { operators, kind } of page.vertices) {
      if (kind !== 'keyed') continue;
      const { numPendingEventTimers, numFiredTimers } = operators[0].total;
      expect(numPendingEventTimers).toBe(0);
      expect(numFiredTimers).toBeGreaterThan(0);
    }
  });
});

function lateDrops({ vertices }: JobPage): Record<string, number> {
  const dropped = ({ numLateRecordsDropped }: OperatorNumbers): number => numLateRecordsDropped ?? 0;
  return Object.fromEntries(
    vertices.filter(({ kind }) => kind === 'keyed').map(({ id, operators }) => [id, dropped(operators[0].total)]),
  );
}

/** By hand: records whose tumbling window was over when they came. */
function lateFor(sizeMs: number, { passages, limits, outOfOrdernessMs }: ReturnType<typeof tollRoadInput>): number {
  let watermark = -Infinity;
  let late = 0;
  for (const one of inArrivalOrder(passages, limits)) {
    const end = Math.floor(one.timeMs / sizeMs) * sizeMs + sizeMs - 1;
    if (one.kind === 'passage' && end <= watermark) late += 1;
    watermark = Math.max(watermark, one.timeMs - outOfOrdernessMs - 1);
  }
  return late;
}

function sum(numbers: readonly (number | null)[]): number {
  return numbers.reduce<number>((total, number) => total + (number ?? 0), 0);
}
