import { seededRandom } from '../support/seeded-random.ts';
import type { ClickParameters } from './click-sessions.ts';
import type { ParcelParameters } from './parcel-regions.ts';
import type { SensorAlarmParameters, SensorEvent } from './sensor-alarm.ts';
import type { Limit, Passage, TollRoadParameters } from './toll-road.ts';
import type { WordCountParameters } from './word-count.ts';

/** Made-up inputs, large enough that every ring wraps and every subtask gets keys. */
export function wordCountInput(seed: number, lineCount = 400): WordCountParameters {
  const random = seededRandom(seed);
  const word = (): string => `w${Math.floor(random() ** 2 * 120)}`;
  let timeMs = 0;
  const lines = Array.from({ length: lineCount }, () => {
    timeMs += Math.floor(random() * 20);
    return {
      text: Array.from({ length: Math.floor(random() * 6) }, word).join(' '),
      timeMs: Math.max(0, timeMs - Math.floor(random() * 10)),
    };
  });
  return { lines, silenceMs: 150 };
}

export function sensorInput(seed: number, eventCount = 800): SensorAlarmParameters {
  const random = seededRandom(seed);
  const kinds = ['heat', 'smoke', 'noise'];
  const events = Array.from({ length: eventCount }, (_, index): SensorEvent => {
    const kindOf = kinds[Math.floor(random() * kinds.length)];
    const value = Math.floor(random() * 100);
    if (random() < 0.03) return { event: 'threshold', kindOf, value, timeMs: index };
    const sensor = Math.floor(random() * 30);
    return { event: 'reading', site: `site-${sensor % 4}`, sensor, kindOf: kinds[sensor % 3], value, timeMs: index };
  });
  return { events };
}

export function clickInput(seed: number, clickCount = 600): ClickParameters {
  const random = seededRandom(seed);
  let timeMs = 0;
  const clicks = Array.from({ length: clickCount }, () => {
    timeMs += Math.floor(random() * 10);
    const lateMs = random() < 0.05 ? 60 : Math.floor(random() * 15);
    return {
      user: `user-${Math.floor(random() * 25)}`,
      page: `/p${Math.floor(random() * 12)}`,
      timeMs: timeMs - lateMs,
    };
  });
  return { clicks, gapMs: 80, outOfOrdernessMs: 20 };
}

export function tollRoadInput(seed: number, passageCount = 500): TollRoadParameters {
  const random = seededRandom(seed);
  const road = (): string => `road-${Math.floor(random() * 6)}`;
  let timeMs = 0;
  const passages = Array.from({ length: passageCount }, (): Passage => {
    timeMs += Math.floor(random() * 10);
    const lateMs = random() < 0.06 ? 300 : Math.floor(random() * 20);
    const car = `car-${Math.floor(random() * 25)}`;
    const speed = 40 + Math.floor(random() * 120);
    return { kind: 'passage', car, road: road(), speed, isEntry: random() < 0.5 ? 1 : 0, timeMs: timeMs - lateMs };
  });
  const limits = Array.from({ length: 40 }, (): Limit => ({
    kind: 'limit',
    road: road(),
    speed: 50 + Math.floor(random() * 8) * 10,
    timeMs: Math.floor(random() * timeMs),
  }));
  return { passages, limits, outOfOrdernessMs: 25 };
}

export function parcelInput(seed: number, parcelCount = 300): ParcelParameters {
  const random = seededRandom(seed);
  let timeMs = 0;
  const parcels = Array.from({ length: parcelCount }, (_, id) => {
    timeMs += Math.floor(random() * 40);
    return {
      id,
      postcode: `${10 + Math.floor(random() * 9)}${100 + Math.floor(random() * 40)}`,
      grams: 1 + Math.floor(random() * 1000),
      timeMs: timeMs - Math.floor(random() * 50),
    };
  });
  return { parcels, outOfOrdernessMs: 60, capacity: 3 };
}
