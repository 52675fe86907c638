import { describe, expect, test } from 'vitest';
import { gridOf, POINTS_MAX, sampleOf } from '../../renderer/features/chart/chart-points.ts';
import { ChartStore, SAMPLES_MAX } from '../../renderer/stores/chart-store.ts';

function samples(fromMs: number, count: number, everyMs = 100): Float64Array {
  return Float64Array.from({ length: count * 4 }, (_, at) =>
    at % 4 === 0 ? fromMs + Math.floor(at / 4) * everyMs : at,
  );
}

describe('the chart store', () => {
  test('shows nothing of another symbol than the chosen one', () => {
    const chart = new ChartStore();
    chart.choose('AAPL');

    chart.setHistory('MSFT', samples(0, 3), []);
    expect(chart.phase.kind).toBe('loading');

    chart.setHistory('AAPL', samples(0, 3), []);
    chart.add('MSFT', samples(1000, 3));
    expect(chart.count).toBe(3);
  });

  test('a symbol that is not quoted yet waits, and is shown from its first quote on', () => {
    const chart = new ChartStore();
    chart.choose('AAPL');

    chart.setHistory('AAPL', new Float64Array(0), []);
    expect(chart.phase.kind).toBe('loading');

    chart.add('AAPL', samples(0, 1));
    expect(chart.phase.kind).toBe('showing');
  });

  test('knows how many decimals its prices need, whatever the price step of the rules', () => {
    const chart = new ChartStore();
    chart.choose('1000SHIB');
    chart.setHistory('1000SHIB', Float64Array.of(0, 12_300, 12_400, 0), []);
    expect(chart.decimals).toBe(6);

    chart.add('1000SHIB', Float64Array.of(100, 12_301, 12_400, 10_012_345));
    expect(chart.decimals).toBe(8);

    chart.choose('AAPL');
    expect(chart.decimals).toBe(0);
  });

  test('finds the sample that held at a time', () => {
    const chart = new ChartStore();
    chart.choose('AAPL');
    chart.setHistory('AAPL', samples(1000, 3), []);

    expect(chart.indexAt(999)).toBe(-1);
    expect(chart.indexAt(1000)).toBe(0);
    expect(chart.indexAt(1199)).toBe(1);
    expect(chart.indexAt(9999)).toBe(2);
  });

  test('thins the older half when full, and keeps the newest tick by tick', () => {
    const chart = new ChartStore();
    chart.choose('AAPL');
    chart.setHistory('AAPL', samples(0, SAMPLES_MAX), []);

    chart.add('AAPL', samples(SAMPLES_MAX * 100, 1));

    expect(chart.count).toBeLessThan(SAMPLES_MAX);
    expect(chart.timeMs(0)).toBe(0);
    expect(chart.timeMs(1)).toBe(200);
    expect(chart.timeMs(chart.count - 1) - chart.timeMs(chart.count - 2)).toBe(100);
  });

  test('never asks for more points than the chart can draw, however long the session', () => {
    for (const hours of [0.01, 1, 8, 48, 24 * 365]) {
      const chart = new ChartStore();
      chart.choose('AAPL');
      chart.setHistory('AAPL', samples(0, 1000, hours * 3600), []);

      const grid = gridOf(chart, 'all', NaN);

      expect((grid?.last ?? 0) - (grid?.first ?? 0)).toBeLessThanOrEqual(POINTS_MAX);
    }
  });

  test('a quiet symbol goes on with its last sample', () => {
    const chart = new ChartStore();
    chart.choose('AAPL');
    chart.setHistory('AAPL', samples(0, 2), []);

    const grid = gridOf(chart, '1m', 30_000);

    expect(grid).not.toBeNull();
    if (grid !== null) expect(sampleOf(chart, grid, grid.last)).toBe(1);
  });
});
