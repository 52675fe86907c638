import { describe, expect, test } from 'vitest';
import { EngineClock } from '../../renderer/bridge/engine-clock.ts';
import { readSettings } from '../../renderer/persistence/stored-settings.ts';
import { SETTINGS_DEFAULT } from '../../renderer/stores/settings-store.ts';

describe('stored settings', () => {
  test('come back as they were', () => {
    const stored = {
      ...SETTINGS_DEFAULT,
      theme: 'light',
      zone: 'Asia/Tokyo',
      columnWidths: { symbol: 120 },
      sort: { column: 'profit', direction: 'descending' },
    };

    expect(readSettings(structuredClone(stored))).toEqual(stored);
  });

  test('what is damaged or unknown falls back alone', () => {
    const read = readSettings({
      theme: 'neon',
      flash: false,
      zone: 'Mars/Olympus',
      workers: 4000,
      tableShare: NaN,
      sort: { column: 'luck' },
    });

    expect(read).toEqual({ ...SETTINGS_DEFAULT, flash: false });
    expect(readSettings(null)).toEqual(SETTINGS_DEFAULT);
    expect(readSettings('nonsense')).toEqual(SETTINGS_DEFAULT);
  });
});

describe('the engine clock', () => {
  test('trusts the quickest answer', () => {
    const clock = new EngineClock();

    clock.answered(100, 1105, 110);
    clock.answered(200, 9999, 300);

    expect(clock.toEngineMs(200)).toBe(1200);
  });

  test('knows nothing before the first answer', () => {
    expect(new EngineClock().toEngineMs(5)).toBeNull();
  });
});
