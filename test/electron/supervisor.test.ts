import { mkdtemp, readFile, rm, stat, symlink, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readArguments } from '../../electron/main/arguments.ts';
import { CrashBudget, RELOADS_MAX } from '../../electron/main/crash-budget.ts';
import { GrantedPaths } from '../../electron/main/granted-paths.ts';
import { Heartbeat, HUNG_AFTER_MS } from '../../electron/main/heartbeat.ts';
import { BURST_MAX, PER_SECOND, RateLimit } from '../../electron/main/rate-limit.ts';
import { clampToDisplays } from '../../electron/main/window-place.ts';

vi.mock('electron', () => ({ protocol: {} }));
const { locateAsset } = await import('../../electron/main/app-scheme.ts');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flinktrade-main-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the pages of app://workstation', () => {
  const at = (path: string, method = 'GET') => locateAsset(join(folder, 'pages'), method, `app://workstation/${path}`);
  beforeEach(async () => {
    await mkdir(join(folder, 'pages'));
    await writeFile(join(folder, 'pages', 'index.html'), 'page');
    await writeFile(join(folder, 'secret.html'), 'secret');
    await writeFile(join(folder, 'pages', 'notes.txt'), 'no page');
    await symlink(join(folder, 'secret.html'), join(folder, 'pages', 'link.html'));
  });

  test('a page below the root is served', async () => {
    expect(await at('index.html')).toBe(join(folder, 'pages', 'index.html'));
  });

  test.each([
    '..%2fsecret.html',
    '..%2f..%2fetc/passwd',
    '%2e%2e%2fsecret.html',
    '..%5csecret.html',
    'index.html%00.png',
    'link.html',
    'notes.txt',
    '',
    '%',
  ])('nothing is served for %s', async (path) => {
    expect(await at(path)).toBeNull();
  });

  test('another host or method is refused', async () => {
    expect(await locateAsset(join(folder, 'pages'), 'GET', 'app://elsewhere/index.html')).toBeNull();
    expect(await at('index.html', 'POST')).toBeNull();
  });
});

describe('granted paths', () => {
  test('outlive the program, readable by their owner alone', async () => {
    const file = join(folder, 'granted-paths.json');
    const first = new GrantedPaths(file);
    first.grant(['/data/a.csv', '/data/b.csv']);
    await first.settled();

    const second = new GrantedPaths(file);
    await second.load();

    expect(second.has('/data/a.csv')).toBe(true);
    expect(second.has('/data/c.csv')).toBe(false);
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('are bounded, the oldest leave', async () => {
    const grants = new GrantedPaths(join(folder, 'granted-paths.json'));
    grants.grant(Array.from({ length: 600 }, (_, index) => `/data/${index}`));
    await grants.settled();

    expect(grants.has('/data/0')).toBe(false);
    expect(grants.has('/data/599')).toBe(true);
    expect(JSON.parse(await readFile(join(folder, 'granted-paths.json'), 'utf8'))).toHaveLength(500);
  });

  test('a damaged list is an empty one', async () => {
    const file = join(folder, 'granted-paths.json');
    await writeFile(file, '{"x":');
    const grants = new GrantedPaths(file);

    await grants.load();

    expect(grants.has('/data/a.csv')).toBe(false);
  });
});

describe('the place of a window', () => {
  const display = { x: 0, y: 0, width: 1920, height: 1080 };
  const place = { x: 100, y: 50, width: 1440, height: 900, maximized: false };

  test('is kept where it is on a display', () => {
    expect(clampToDisplays(place, [display])).toEqual(place);
  });

  test('comes back onto a display when its monitor is gone', () => {
    expect(clampToDisplays({ ...place, x: 3000 }, [display])).toMatchObject({ x: 240, y: 90 });
  });

  test('is moved and shrunk to lie whole on the display it covers most', () => {
    const small = { x: 0, y: 0, width: 1280, height: 720 };
    expect(clampToDisplays(place, [small])).toMatchObject({ x: 0, y: 0, width: 1280, height: 720 });
    expect(clampToDisplays({ ...place, x: 1900 }, [display, { ...display, x: 1920 }])).toMatchObject({ x: 1920 });
  });
});

describe('a page that dies', () => {
  test('is loaded again three times a minute, then given up', () => {
    const budget = new CrashBudget();
    const verdicts = Array.from({ length: RELOADS_MAX + 1 }, (_, index) => budget.died(index * 1000));

    expect(verdicts).toEqual(['reload', 'reload', 'reload', 'give-up']);
    expect(budget.died(120_000)).toBe('reload');
  });
});

describe('the heartbeat', () => {
  test('a page that is silent hangs, one that was never heard is still loading', () => {
    const heart = new Heartbeat();
    for (let atMs = 0; atMs < 60_000; atMs += 1000) expect(heart.look(atMs)).toBe(false);

    heart.beat(60_000);
    let hungAtMs = 0;
    for (let atMs = 60_000; hungAtMs === 0; atMs += 1000) if (heart.look(atMs)) hungAtMs = atMs;

    expect(hungAtMs).toBeGreaterThan(60_000 + HUNG_AFTER_MS);
  });

  test('a machine that slept does not blame the page', () => {
    const heart = new Heartbeat();
    heart.look(0);
    heart.beat(0);

    expect(heart.look(3_600_000)).toBe(false);
    expect(heart.look(3_601_000)).toBe(false);
  });
});

describe('the rate of requests', () => {
  test('a burst passes, a flood does not, and a second later some pass again', () => {
    const limit = new RateLimit();
    const passed = Array.from({ length: BURST_MAX + 50 }, () => limit.take(0)).filter(Boolean).length;

    expect(passed).toBe(BURST_MAX);
    expect(Array.from({ length: 100 }, () => limit.take(1000)).filter(Boolean)).toHaveLength(PER_SECOND);
  });

  test('a key held down for a minute never runs into it', () => {
    const limit = new RateLimit();
    for (let atMs = 0; atMs < 60_000; atMs += 33) expect(limit.take(atMs)).toBe(true);
  });
});

describe('the command line', () => {
  test('names files from where it was typed', () => {
    const read = readArguments(
      ['--session', 'a.csv', '--session=/b.csv', '--positions', 'p.csv', '--inspect'],
      '/work-folder',
    );

    expect(read.launch).toEqual({
      kind: 'files',
      sessionPaths: ['/work-folder/a.csv', '/b.csv'],
      positionsPath: '/work-folder/p.csv',
    });
  });

  test('asks for the sample, or for nothing', () => {
    expect(readArguments(['--sample', '--user-data-dir=/u'], '/')).toEqual({
      launch: { kind: 'sample' },
      userDataDir: '/u',
    });
    expect(readArguments(['.'], '/')).toEqual({ launch: null, userDataDir: null });
  });
});
