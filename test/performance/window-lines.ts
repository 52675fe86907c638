import { prepareDesktop } from '../support/desktop.ts';
import { launchOn } from '../support/electron-launch.ts';
import { spreadOf, type BenchLine } from './measure.ts';
import { writeRecording } from './replay-lines.ts';

const SYMBOLS = 5_000;
const QUOTES_PER_SECOND = 100_000;
/** Some of the simulated symbols stop quoting for a while: with so many more, all of them together stay above the rate. */
const QUOTES_MADE_PER_SECOND = 1.05 * QUOTES_PER_SECOND;
/** The table has to fill and the code to warm up before frames count. */
const SETTLE_SECONDS = 6;
const SAMPLE_MS = 1_000;
const TWO_FRAMES_MS = 2_000 / 60;

/** What the window says of its own last second: it measures from the cut of a frame in the engine to its drawn cells. */
interface WindowSample {
  readonly framesPerSecond: number;
  readonly latencyMsMedian: number;
  readonly latencyMsP99: number;
  /** Counted here, by the page's own animation frames, as a check of the window's figure. */
  readonly countedFrames: number;
  /** What the engine took in its last second, by the status line. */
  readonly quotesPerSecond: number;
}

/** The real application on the Electron at hand, playing a recording at its own speed. */
export async function windowLines(folder: string, quick: boolean): Promise<BenchLine[]> {
  const seconds = quick ? 6 : 15;
  const session = await writeRecording(folder, QUOTES_MADE_PER_SECOND * (SETTLE_SECONDS + seconds + 20), {
    symbols: SYMBOLS,
    quotesPerSecond: QUOTES_MADE_PER_SECOND,
    steady: true,
  });
  const { desktop, stop } = await prepareDesktop((message) => process.stderr.write(`window: ${message}\n`));
  try {
    await using app = await launchOn(desktop, {
      args: [`--session=${session.input}`, `--positions=${session.positions}`],
    });
    const page = await app.window('index.html');
    await page.locator('.session-bar').waitFor();
    await page.locator('.positions-grid .grid-row').first().waitFor();
    await page.waitForTimeout(SETTLE_SECONDS * SAMPLE_MS);
    const samples: WindowSample[] = [];
    for (let second = 0; second < seconds; second += 1) {
      const sample = await page.evaluate(async (lastsMs) => {
        let countedFrames = 0;
        const untilMs = performance.now() + lastsMs;
        while (performance.now() < untilMs) {
          await new Promise((resolve) => requestAnimationFrame(resolve));
          countedFrames += 1;
        }
        const shown = document.querySelector<HTMLElement>('[data-frames-per-second]')?.dataset ?? {};
        return {
          framesPerSecond: Number(shown['framesPerSecond'] ?? NaN),
          latencyMsMedian: Number(shown['latencyMsMedian'] || NaN),
          latencyMsP99: Number(shown['latencyMsP99'] || NaN),
          countedFrames: (countedFrames * 1000) / lastsMs,
          quotesPerSecond: Number(
            document.querySelector<HTMLElement>('[data-quotes-per-second]')?.dataset['quotesPerSecond'] ?? NaN,
          ),
        };
      }, SAMPLE_MS);
      samples.push(sample);
    }
    return linesOf(samples, `Electron ${desktop.electronVersion}, ${seconds} s`);
  } finally {
    await stop();
  }
}

function linesOf(samples: readonly WindowSample[], note: string): BenchLine[] {
  const base = { line: 'e', note };
  const column = (pick: (sample: WindowSample) => number): BenchLine['value'] =>
    spreadOf(samples.map(pick).filter((value) => Number.isFinite(value)));
  return [
    {
      ...base,
      name: `quotes a second over ${SYMBOLS} symbols, by the window`,
      unit: 'quotes/s',
      value: column((sample) => sample.quotesPerSecond),
      aim: QUOTES_PER_SECOND,
    },
    {
      ...base,
      name: 'frames a second, by the window',
      unit: 'fps',
      value: column((sample) => sample.framesPerSecond),
      aim: 60,
    },
    {
      ...base,
      name: 'frames a second, counted',
      unit: 'fps',
      value: column((sample) => sample.countedFrames),
      aim: 60,
    },
    {
      ...base,
      name: 'engine to cell, median of each second',
      unit: 'ms',
      value: column((sample) => sample.latencyMsMedian),
      aim: null,
    },
    {
      ...base,
      name: 'engine to cell, p99 of each second',
      unit: 'ms',
      value: column((sample) => sample.latencyMsP99),
      aim: TWO_FRAMES_MS,
    },
  ];
}
