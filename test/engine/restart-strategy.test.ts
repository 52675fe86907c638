import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ExponentialDelayRestartStrategy,
  FailureRateRestartStrategy,
  FixedDelayRestartStrategy,
  type ExponentialDelayOptions,
} from '../../engine/runtime/checkpoint/restart-strategy.ts';

class Clock {
  ms = 0;
  readonly now = (): number => this.ms;
}
const NO_JITTER = 0.5;

function exponential(options: Partial<ExponentialDelayOptions> = {}, random: () => number = () => NO_JITTER) {
  const clock = new Clock();
  return { clock, strategy: new ExponentialDelayRestartStrategy(clock.now, random, options) };
}

describe('exponential delay', () => {
  test('waits 1 s after the first failure, half as long again after each next one, 1 min at most, for ever', () => {
    const { clock, strategy } = exponential({ jitterFactor: 0 });
    const delays: number[] = [];
    for (let failure = 0; failure < 13; failure += 1) {
      expect(strategy.notifyFailure()).toBe(true);
      expect(strategy.canRestart()).toBe(true);
      delays.push(strategy.backoffMs());
      clock.ms += strategy.backoffMs() + 1;
    }
    expect(delays).toEqual([
      1_000, 1_500, 2_250, 3_375, 5_062, 7_593, 11_390, 17_085, 25_628, 38_443, 57_665, 60_000, 60_000,
    ]);
  });

  test('begins anew after an hour without a failure, counted from the restart', () => {
    const { clock, strategy } = exponential({ jitterFactor: 0 });
    strategy.notifyFailure();
    clock.ms += 1_000 + 3_599_999;
    strategy.notifyFailure();
    expect(strategy.backoffMs()).toBe(1_500);
    clock.ms += 1_500 + 3_600_000;
    strategy.notifyFailure();
    expect(strategy.backoffMs()).toBe(1_000);
  });

  test('a failure while a restart is still to come is part of the one before', () => {
    const { clock, strategy } = exponential({ jitterFactor: 0 });
    expect(strategy.notifyFailure()).toBe(true);
    clock.ms += 400;
    expect(strategy.notifyFailure()).toBe(false);
    expect(strategy.backoffMs()).toBe(600);
    clock.ms += 600;
    expect(strategy.notifyFailure()).toBe(false);
    expect(strategy.backoffMs()).toBe(0);
    clock.ms += 1;
    expect(strategy.notifyFailure()).toBe(true);
    expect(strategy.backoffMs()).toBe(1_500);
  });

  test('can be told to give up after so many restarts in a row', () => {
    const { clock, strategy } = exponential({ attemptsBeforeResetBackoff: 2, resetBackoffThresholdMs: 10_000 });
    const fail = (): boolean => {
      clock.ms += 5_000;
      strategy.notifyFailure();
      return strategy.canRestart();
    };
    expect([fail(), fail(), fail()]).toEqual([true, true, false]);
    clock.ms += 60_000;
    expect(fail(), 'a quiet time in between').toBe(true);
  });

  test('jitter keeps every delay within a tenth of its own, the first and the last bound', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 30 }),
        (chances) => {
          const left = [...chances];
          const { clock, strategy } = exponential({}, () => left.shift() ?? NO_JITTER);
          for (let failure = 0; failure < 30; failure += 1) {
            strategy.notifyFailure();
            const ideal = 1_000 * 1.5 ** failure;
            expect(strategy.backoffMs()).toBeGreaterThanOrEqual(Math.min(60_000, Math.max(1_000, ideal * 0.9 - 1)));
            expect(strategy.backoffMs()).toBeLessThanOrEqual(Math.min(60_000, ideal * 1.1));
            clock.ms += strategy.backoffMs() + 1;
          }
        },
      ),
    );
  });

  test('stays at its bound however many failures there were', () => {
    const { clock, strategy } = exponential();
    for (let failure = 0; failure < 5_000; failure += 1) {
      strategy.notifyFailure();
      clock.ms += strategy.backoffMs() + 1;
    }
    strategy.notifyFailure();
    expect(strategy.backoffMs()).toBe(60_000);
  });

  test('refuses options that make no sense, with what was found', () => {
    expect(() => exponential({ initialBackoffMs: 0 })).toThrow('Initial backoff must be at least 1. Found 0.');
    expect(() => exponential({ maxBackoffMs: 10 })).toThrow('Initial backoff cannot be higher than maximum backoff.');
    expect(() => exponential({ backoffMultiplier: 1 })).toThrow('must be greater than 1. Found 1.');
    expect(() => exponential({ jitterFactor: 1.5 })).toThrow('Jitter factor must be >= 0 and <= 1. Found 1.5.');
    expect(() => exponential({ attemptsBeforeResetBackoff: 0 })).toThrow('must be at least 1. Found 0.');
    expect(() => exponential().strategy.backoffMs()).toThrow('Please call notifyFailure first.');
  });
});

describe('fixed delay', () => {
  test('restarts so many times in the life of the job, always after the same time', () => {
    const strategy = new FixedDelayRestartStrategy(2, 700);
    const outcomes = [1, 2, 3].map(() => strategy.notifyFailure() && strategy.canRestart());
    expect(outcomes).toEqual([true, true, false]);
    expect(strategy.backoffMs()).toBe(700);
    expect(() => new FixedDelayRestartStrategy(-1, 0)).toThrow('Found -1.');
  });
});

describe('failure rate', () => {
  test('gives up at the third failure within the interval, and not when they are further apart', () => {
    const clock = new Clock();
    const strategy = new FailureRateRestartStrategy(clock.now, 3, 10_000, 50);
    const failAt = (ms: number): boolean => {
      clock.ms = ms;
      strategy.notifyFailure();
      return strategy.canRestart();
    };
    expect([failAt(0), failAt(5_000), failAt(10_001), failAt(15_002)]).toEqual([true, true, true, true]);
    expect(failAt(15_003), 'three since 10,001').toBe(false);
    expect(strategy.backoffMs()).toBe(50);
  });
});
