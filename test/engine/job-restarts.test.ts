import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JobRestarts } from '../../engine/runtime/checkpoint/job-restarts.ts';

const NO_JITTER = 0.5;

function restarts(random = (): number => NO_JITTER) {
  const clock = { ms: 0 };
  return { clock, jobs: new JobRestarts(() => clock.ms, random) };
}

describe('restarts of what fails', () => {
  test('come after 1 s, then after 1.5 s, and not after the third failure in a row', () => {
    const { clock, jobs } = restarts();
    const delays: (number | null)[] = [];
    for (let failure = 0; failure < 3; failure += 1) {
      delays.push(jobs.failed());
      clock.ms += 2_000;
    }

    expect(delays).toEqual([1_000, 1_500, null]);
  });

  test('begin anew when something was achieved in between', () => {
    const { clock, jobs } = restarts();
    for (let round = 0; round < 4; round += 1) {
      expect([jobs.failed(), (clock.ms += 2_000) && jobs.failed()]).toEqual([1_000, 1_500]);
      jobs.achieved();
    }
  });

  test('begin anew after two minutes without a failure', () => {
    const { clock, jobs } = restarts();
    jobs.failed();
    clock.ms += 1_000 + 120_000;
    expect(jobs.failed()).toBe(1_000);
  });

  test('are a tenth earlier or later at most, and never earlier than 1 s', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (dice) => {
        const { clock, jobs } = restarts(() => dice);
        const first = jobs.failed() as number;
        clock.ms += 2_000;
        const second = jobs.failed() as number;

        expect(first).toBeGreaterThanOrEqual(1_000);
        expect(first).toBeLessThanOrEqual(1_100);
        expect(second).toBeGreaterThanOrEqual(1_350);
        expect(second).toBeLessThanOrEqual(1_650);
      }),
    );
  });
});
