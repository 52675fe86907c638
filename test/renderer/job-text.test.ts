import { expect, test } from 'vitest';
import type { LatencyPage } from '../../engine/contract/job-page.ts';
import {
  lateDropped,
  latencyText,
  vertexInWords,
  watermarkText,
  worstTimes,
} from '../../renderer/features/job/job-text.ts';
import { pageOf, times, vertex } from './job-page-maker.ts';

test('a vertex is as busy as its busiest subtask, and not measured where none is', () => {
  expect(worstTimes(vertex('a', [times(100, 0), times(900, 50), times(10, 700)], []))).toEqual({
    busyMs: 900,
    backPressuredMs: 700,
  });
  expect(worstTimes(vertex('a', [null], []))).toBeNull();
});

test('late records of all operators of a vertex are added up, those without any left out', () => {
  expect(lateDropped(vertex('a', [null], [3, null, 4]))).toBe(7);
});

test('what is drawn of a vertex is said in words as well', () => {
  const rules = vertex('rules', [times(340, 0), times(100, 670)], [3]);
  const sink = vertex('sink', [null], []);
  const page = pageOf(
    [rules, sink],
    [
      ['rules', 'sink'],
      ['rules', 'sink'],
    ],
  );

  expect(vertexInWords(rules, page)).toBe(
    'rules \u2192 more, 2 subtasks; 24.4 k/s in, 3/s out; busy 34 %, back-pressured 67 % (high); 3 late records dropped; feeds sink \u2192 more',
  );
  expect(vertexInWords(sink, page)).toBe(
    'sink \u2192 more, 1 subtask; 24.4 k/s in, 3/s out; not measured; feeds nothing',
  );
});

test('a watermark that has not come yet is nothing, not the year 1970', () => {
  expect(watermarkText(null, 'UTC')).toBe('\u2013');
  expect(watermarkText(0, 'UTC')).toBe('00:00:00.000');
});

test('the latency told is that from the slowest source, in tenths of a millisecond where it is short', () => {
  const rest = { count: 9, minMs: 0, p95Ms: 1, maxMs: 9_000 };
  const from = (source: string, p50Ms: number, p99Ms: number): LatencyPage => ({ ...rest, source, p50Ms, p99Ms });

  expect(latencyText([])).toBe('\u2013');
  expect(latencyText([from('quotes', 0.44, 12.4), from('rules', 0.3, 2)])).toBe('0.4 ms, 12 ms');
  expect(latencyText([from('quotes', 0.44, 3), from('rules', 1200, 2500)])).toBe('1.2 s, 2.5 s');
});
