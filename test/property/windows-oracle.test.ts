import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KeyedStream, SingleOutputStreamOperator } from '../../engine/api/data-stream.ts';
import type { Collector } from '../../engine/api/functions.ts';
import { AsOfJoinFunction, type AsOfContext } from '../../engine/api/joins/as-of-join.ts';
import { ProcessJoinFunction, type JoinContext } from '../../engine/api/joins/interval-join.ts';
import { OutputTag } from '../../engine/api/output-tag.ts';
import type { AggregateFunction } from '../../engine/api/state.ts';
import { ProcessWindowFunction, type WindowContext } from '../../engine/api/windows/process-window-function.ts';
import { EventTimeSessionWindows } from '../../engine/api/windows/session-windows.ts';
import { SlidingEventTimeWindows } from '../../engine/api/windows/sliding-windows.ts';
import type { TimeWindow } from '../../engine/api/windows/window.ts';
import { KeyedStreamTestHarness, KeyedTwoStreamsTestHarness } from '../../engine/runtime/harness/stream-harnesses.ts';
import { WindowOracle, type OracleRecord, type OracleStep, type OracleWindows } from '../support/oracle/windows.ts';

/** Not seeded: a failure prints seed and path, with which fast-check repeats it. */
const RUNS = 300;
const LATE = new OutputTag<OracleRecord>('late');
const LATE_RIGHT = new OutputTag<OracleRecord>('late-right');
const KEYS = ['a', 'b', 'c'];

const record = fc.record({
  op: fc.constant('element' as const),
  key: fc.constantFrom(...KEYS),
  value: fc.integer({ min: 1, max: 9 }),
  ts: fc.integer({ min: -10, max: 60 }),
});
const watermark = fc.record({ op: fc.constant('watermark' as const), ts: fc.integer({ min: -10, max: 70 }) });
const steps: fc.Arbitrary<OracleStep[]> = fc.array(
  fc.oneof({ weight: 4, arbitrary: record }, { weight: 1, arbitrary: watermark }),
  { maxLength: 50 },
);
const windows: fc.Arbitrary<OracleWindows> = fc.oneof(
  fc
    .record({
      kind: fc.constant('sliding' as const),
      size: fc.integer({ min: 1, max: 12 }),
      slide: fc.integer({ min: 2, max: 14 }),
      offset: fc.integer({ min: -1, max: 1 }),
    })
    .filter(({ slide, offset }) => Math.abs(offset) < slide),
  fc.record({ kind: fc.constant('session' as const), gap: fc.integer({ min: 1, max: 8 }) }),
);

type Firing = readonly [string, number, number, readonly number[]];

class Values extends ProcessWindowFunction<readonly number[], Firing, string, TimeWindow> {
  process(
    key: string,
    { window }: WindowContext<TimeWindow>,
    [values]: readonly (readonly number[])[],
    out: Collector<Firing>,
  ): void {
    out.collect([key, window.start, window.end, [...values].sort()]);
  }
}
/** The whole list as an accumulator, so that incremental windows can be compared with full ones. */
const COLLECT: AggregateFunction<OracleRecord, number[], readonly number[]> = {
  createAccumulator: () => [],
  add: ({ value }, values) => [...values, value],
  getResult: (values) => values,
  merge: (left, right) => [...left, ...right],
};
class RecordValues extends ProcessWindowFunction<OracleRecord, Firing, string, TimeWindow> {
  process(
    key: string,
    { window }: WindowContext<TimeWindow>,
    records: readonly OracleRecord[],
    out: Collector<Firing>,
  ): void {
    out.collect([key, window.start, window.end, records.map(({ value }) => value).sort()]);
  }
}

const text = (values: readonly unknown[]): string[] => values.map((value) => JSON.stringify(value)).sort();

test.each(['incremental', 'full'] as const)('%s windows fire what the oracle works out', (computation) => {
  fc.assert(
    fc.property(windows, fc.integer({ min: 0, max: 15 }), steps, (assigned, lateness, taken) => {
      const assigner =
        assigned.kind === 'session'
          ? EventTimeSessionWindows.withGap(assigned.gap)
          : SlidingEventTimeWindows.of(assigned.size, assigned.slide, assigned.offset);
      const describe = (stream: KeyedStream<string, OracleRecord>): SingleOutputStreamOperator<Firing> => {
        const windowed = stream.window(assigner).allowedLateness(lateness).sideOutputLateData(LATE);
        return computation === 'full'
          ? windowed.process(new RecordValues())
          : windowed.aggregate(COLLECT, new Values());
      };
      const harness = new KeyedStreamTestHarness<string, OracleRecord, Firing>(describe, 'key');
      const oracle = new WindowOracle(assigned, lateness);
      let reached = -Infinity;
      let lateCount = 0;
      for (const step of [...taken, { op: 'watermark', ts: 1000 } as const]) {
        if (step.op === 'watermark' && step.ts < reached) continue;
        const expected = oracle.step(step);
        if (step.op === 'watermark') harness.processWatermark((reached = step.ts));
        else harness.processElement({ key: step.key, value: step.value, ts: step.ts }, step.ts);
        const found = harness.takeOutput().flatMap((one) => (one.kind === 'record' ? [one.value] : []));
        expect(text(found), JSON.stringify(step)).toEqual(
          text(expected.firings.map(({ key, start, end, values }) => [key, start, end, [...values].sort()])),
        );
        const late = harness.getSideOutput(LATE).slice(lateCount);
        lateCount += late.length;
        expect(late.map(({ value }) => [value.key, value.value, value.ts])).toEqual(
          expected.late.map(({ key, value, ts }) => [key, value, ts]),
        );
      }
      expect(harness.numEventTimeTimers()).toBe(0);
      expect(harness.numKeyedStateEntries()).toBe(0);
    }),
    { numRuns: RUNS },
  );
});

const sided = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ side: fc.constantFrom(1 as const, 2 as const), record }) },
    { weight: 1, arbitrary: fc.record({ side: fc.constant(null), record: watermark }) },
  ),
  { maxLength: 50 },
);
type Arrived = OracleRecord & { readonly side: 1 | 2; readonly watermark: number; readonly place: number };

/** Drives a join; @returns what it took, with the watermark each record met. */
function drive<OUT>(
  harness: KeyedTwoStreamsTestHarness<string, OracleRecord, OracleRecord, OUT>,
  taken: readonly { readonly side: 1 | 2 | null; readonly record: OracleStep }[],
): Arrived[] {
  const arrived: Arrived[] = [];
  let reached = -Infinity;
  for (const [place, { side, record: step }] of taken.entries()) {
    const { ts } = step;
    if (step.op === 'watermark' || side === null) {
      reached = Math.max(reached, ts);
      harness.processBothWatermarks(reached);
      continue;
    }
    arrived.push({ key: step.key, value: step.value, ts, side, watermark: reached, place });
    if (side === 1) harness.processElement1(step, ts);
    else harness.processElement2(step, ts);
  }
  harness.processBothWatermarks(1000);
  return arrived;
}

class Pairs extends ProcessJoinFunction<OracleRecord, OracleRecord, unknown> {
  processElement(left: OracleRecord, right: OracleRecord, context: JoinContext, out: Collector<unknown>): void {
    out.collect([left.key, left.ts, left.value, right.ts, right.value, context.getTimestamp()]);
  }
}

test('an interval join gives each pair in the interval once, as the oracle finds it', () => {
  const bounds = fc.tuple(fc.integer({ min: -12, max: 12 }), fc.integer({ min: 0, max: 12 }));
  fc.assert(
    fc.property(bounds, sided, ([lower, length], taken) => {
      const upper = lower + length;
      const harness = new KeyedTwoStreamsTestHarness<string, OracleRecord, OracleRecord, unknown>(
        (left, right) =>
          left
            .intervalJoin(right)
            .between(lower, upper)
            .sideOutputLeftLateData(LATE)
            .sideOutputRightLateData(LATE_RIGHT)
            .process(new Pairs()),
        ['key', 'key'],
      );
      const arrived = drive(harness, taken);
      const isLate = ({ ts, watermark: met }: Arrived): boolean => ts < met;
      // A record is kept until the watermark says that its last partner has come.
      const keptUntil = ({ side, ts }: Arrived): number => ts + Math.max(0, side === 1 ? upper : -lower);
      const expected: unknown[] = [];
      for (const left of arrived.filter(({ side }) => side === 1)) {
        for (const right of arrived.filter(({ side }) => side === 2)) {
          if (left.key !== right.key || isLate(left) || isLate(right)) continue;
          if (right.ts < left.ts + lower || right.ts > left.ts + upper) continue;
          const [first, second] = left.place < right.place ? [left, right] : [right, left];
          if (keptUntil(first) <= second.watermark) continue;
          expected.push([left.key, left.ts, left.value, right.ts, right.value, Math.max(left.ts, right.ts)]);
        }
      }
      expect(text(harness.extractOutputValues())).toEqual(text(expected));
      const late = harness.getSideOutput(LATE).length + harness.getSideOutput(LATE_RIGHT).length;
      expect(late).toBe(arrived.filter(isLate).length);
      expect(harness.numKeyedStateEntries()).toBe(0);
    }),
    { numRuns: RUNS },
  );
});

class Versions extends AsOfJoinFunction<OracleRecord, OracleRecord, unknown> {
  processElement(
    value: OracleRecord,
    version: OracleRecord | null,
    context: AsOfContext,
    out: Collector<unknown>,
  ): void {
    out.collect([value.key, context.timestamp(), value.value, context.versionTimestamp(), version?.value ?? null]);
  }
}

test('an as-of join gives each record its newest version, as the oracle finds it', () => {
  const match = fc.constantFrom('at-or-before' as const, 'before' as const);
  const age = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 20 }));
  fc.assert(
    fc.property(match, age, sided, (matches, ageMax, taken) => {
      const harness = new KeyedTwoStreamsTestHarness<string, OracleRecord, OracleRecord, unknown>(
        (left, right) => {
          const join = left.asOfJoin(right).within(ageMax);
          return (matches === 'before' ? join.strictlyBefore() : join).process(new Versions());
        },
        ['key', 'key'],
      );
      const arrived = drive(harness, taken).filter(({ ts, watermark: met }) => ts > met);
      const expected = arrived
        .filter(({ side }) => side === 1)
        .map((left) => {
          let version = null as Arrived | null;
          for (const right of arrived) {
            if (right.side !== 2 || right.key !== left.key || right.ts > left.ts) continue;
            if (matches === 'before' && right.ts === left.ts) continue;
            if (version === null || right.ts >= version.ts) version = right;
          }
          if (version !== null && left.ts - version.ts > ageMax) version = null;
          return [left.key, left.ts, left.value, version?.ts ?? null, version?.value ?? null];
        });
      expect(text(harness.extractOutputValues())).toEqual(text(expected));
      expect(harness.numEventTimeTimers()).toBe(0);
    }),
    { numRuns: RUNS },
  );
});
