import { describe, expect, test } from 'vitest';
import { EventTimeSessionWindows } from '../../engine/api/windows/session-windows.ts';
import { SlidingEventTimeWindows } from '../../engine/api/windows/sliding-windows.ts';
import { TumblingEventTimeWindows } from '../../engine/api/windows/tumbling-windows.ts';
import { mergeTimeWindows, TimeWindow, windowStartOf } from '../../engine/api/windows/window.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { readTraces } from './traces.ts';

type Span = readonly [number, number];
interface Assignment {
  readonly size: number;
  readonly slide?: number;
  readonly gap?: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly 'windows_[start,endExclusive]': readonly Span[];
  readonly 'windows_[start,endExclusive]_inAssignOrder': readonly Span[];
}
interface Vectors {
  readonly windowStart: readonly {
    readonly size: number;
    readonly offset: number;
    readonly timestamp: number;
    readonly start: number;
  }[];
  readonly tumbling: readonly Assignment[];
  readonly sliding: readonly Assignment[];
  readonly session: readonly Assignment[];
  readonly mergeWindows: readonly {
    readonly input: readonly Span[];
    readonly mergeCallbacks: readonly { readonly merged: readonly Span[]; readonly result: Span }[];
  }[];
  readonly errors: readonly {
    readonly assigner: 'tumbling' | 'sliding';
    readonly size: number;
    readonly slide?: number;
    readonly offset?: number;
    readonly timestamp?: number;
    readonly error: string;
  }[];
}

const spanOf = ({ start, end }: TimeWindow): Span => [start, end];
const byStart = (left: Span, right: Span): number => left[0] - right[0];

describeWithSharedData('windows are those of Flink', ['conformance/windows.json'], ([file]) => {
  const vectors = readTraces<Vectors>(file);

  test('a window starts where Flink starts it, before 1970 too', () => {
    for (const { size, offset, timestamp, start } of vectors.windowStart)
      expect(windowStartOf(timestamp, offset, size), `${timestamp} by ${size} from ${offset}`).toBe(start);
  });

  test('tumbling, sliding and session windows are assigned in the same order', () => {
    const windowsOf = ({ size, slide, gap, offset, timestamp }: Assignment): readonly TimeWindow[] => {
      if (gap !== undefined) return EventTimeSessionWindows.withGap(gap).assignWindows(null, timestamp);
      if (slide !== undefined) return SlidingEventTimeWindows.of(size, slide, offset).assignWindows(null, timestamp);
      return TumblingEventTimeWindows.of(size, offset).assignWindows(null, timestamp);
    };
    for (const one of [...vectors.tumbling, ...vectors.sliding, ...vectors.session])
      expect(windowsOf(one).map(spanOf), JSON.stringify(one)).toEqual(
        one['windows_[start,endExclusive]'] ?? one['windows_[start,endExclusive]_inAssignOrder'],
      );
  });

  test('windows that overlap or touch are merged', () => {
    for (const { input, mergeCallbacks } of vectors.mergeWindows) {
      const found: { merged: Span[]; result: Span }[] = [];
      mergeTimeWindows(
        input.map(([start, end]) => new TimeWindow(start, end)),
        (merged, result) => found.push({ merged: merged.map(spanOf).sort(byStart), result: spanOf(result) }),
      );
      const expected = mergeCallbacks.map(({ merged, result }) => ({ merged: [...merged].sort(byStart), result }));
      expect(found, JSON.stringify(input)).toEqual(expected);
    }
  });

  describe('what is wrong is said with the same words', () => {
    test.each(vectors.errors.map((one) => [JSON.stringify(one), one] as const))('%s', (_, one) => {
      const assign = (): unknown => {
        const assigner =
          one.assigner === 'tumbling'
            ? TumblingEventTimeWindows.of(one.size, one.offset)
            : SlidingEventTimeWindows.of(one.size, one.slide as number, one.offset);
        return assigner.assignWindows(null, one.timestamp ?? 0);
      };
      if (one.error === 'none') expect(assign).not.toThrow();
      else expect(assign).toThrow(one.error.slice(one.error.indexOf(': ') + 2));
    });
  });
});
