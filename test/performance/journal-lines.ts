import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execPath } from 'node:process';
import { spreadOf, type BenchLine } from './measure.ts';

const CLI = resolve('dist', 'engine', 'cli.js');
/** Journaled, durable in two copies, from a real socket. */
const QUOTES_PER_SECOND_AIM = 50_000;
/** What a live session may grow by after it has warmed up. */
const GROWTH_MB_AIM = 30;
const SAMPLE_EVERY_MS = 500;
const KB_PER_MB = 1024;

interface LiveRun {
  readonly quotesPerSecond: number;
  /** Resident memory of the live process, sampled. */
  readonly megabytes: readonly number[];
}

/**
 * `flinktrade feed` and `flinktrade live` as they are, each in a process of its own, joined by a WebSocket: one message a
 * quote. At full speed the feed goes as fast as the session takes, and the session as fast as its journal is durable.
 */
export async function journalLines(folder: string, quick: boolean): Promise<BenchLine[]> {
  const runs: LiveRun[] = [];
  for (let run = 0; run < 3; run += 1)
    runs.push(await liveRun(mkdtempSync(join(folder, 'live-')), 'max', quick ? 4 : 8));
  const paced = await liveRun(mkdtempSync(join(folder, 'live-')), 'x1', quick ? 16 : 40);
  const growth = growthOf(paced.megabytes);
  return [
    {
      line: 'journal',
      name: 'live session from a WebSocket, every quote journaled in two copies before its trade is final',
      unit: 'quotes/s',
      value: spreadOf(runs.map(({ quotesPerSecond }) => quotesPerSecond)),
      aim: QUOTES_PER_SECOND_AIM,
      note: 'one message a quote, feed and session on this machine',
    },
    {
      line: 'journal',
      name: `memory of that process at ${Math.round(paced.quotesPerSecond / 1000)},000 quotes/s: growth in its second half`,
      unit: 'MB',
      value: spreadOf([growth]),
      aim: GROWTH_MB_AIM,
      note: `resident ${Math.round(Math.max(...paced.megabytes))} MB at most`,
    },
  ];
}

async function liveRun(folder: string, speed: string, seconds: number): Promise<LiveRun> {
  const feed = start(
    folder,
    [
      'feed',
      '--port',
      '0',
      '--positions-out',
      'p.csv',
      '--quotes-per-second',
      String(QUOTES_PER_SECOND_AIM),
      '--speed',
      speed,
    ],
    'pipe',
  );
  try {
    const [line] = (await once(feed.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const words = [
      'live',
      line.toString().trim(),
      '--positions',
      'p.csv',
      '--state',
      'state',
      '--for',
      String(seconds),
    ];
    const live = start(folder, [...words, '--trades', 'trades.csv', '--report', 'report.json'], 'ignore');
    const megabytes: number[] = [];
    const sampler = setInterval(() => {
      const resident = residentMegabytes(live.pid as number);
      if (resident !== null) megabytes.push(resident);
    }, SAMPLE_EVERY_MS);
    const [code] = (await once(live, 'exit')) as [number];
    clearInterval(sampler);
    if (code !== 0) throw new Error(`flinktrade live left with ${code}.`);
    const { engine } = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as {
      engine: { quotesPerSecond: number };
    };
    return { quotesPerSecond: engine.quotesPerSecond, megabytes };
  } finally {
    feed.kill('SIGKILL');
  }
}

function start(folder: string, words: readonly string[], stdout: 'pipe' | 'ignore'): ChildProcess {
  return spawn(execPath, [CLI, ...words], { cwd: folder, stdio: ['ignore', stdout, 'ignore'] });
}

function residentMegabytes(pid: number): number | null {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return null;
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) / KB_PER_MB;
}

/** From half time on, when everything has been compiled and every buffer has its size. */
function growthOf(megabytes: readonly number[]): number {
  const half = Math.floor(megabytes.length / 2);
  if (half === 0) return 0;
  const warm = Math.max(...megabytes.slice(0, half));
  return Math.max(0, Math.max(...megabytes.slice(half)) - warm);
}
