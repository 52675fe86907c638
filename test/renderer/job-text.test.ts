import { expect, test } from 'vitest';
import { lateDropped, vertexInWords, watermarkText, worstTimes } from '../../renderer/features/job/job-text.ts';
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
