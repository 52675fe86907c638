import { describe, expect, test } from 'vitest';
import { BACK_OFF_FIRST_MS, BACK_OFF_MAX_MS, DEAD_AFTER_MS } from '../../engine/connectors/live/feed-link.ts';
import { RecordedOutput } from './session-kit.ts';
import { LIVE_START_MS, liveRig, ticker, type LiveRig } from './live-kit.ts';

async function connected(
  options: Parameters<typeof liveRig>[0] = {},
): Promise<{ rig: LiveRig; output: RecordedOutput }> {
  const rig = await liveRig(options);
  const output = new RecordedOutput();
  rig.network.open();
  rig.poll(output);
  return { rig, output };
}

const now = (rig: LiveRig): number => rig.clock.wallMs();

describe('a live feed', () => {
  test('gives its quotes in the order they came, each numbered', async () => {
    const { rig, output } = await connected();
    rig.network.say(ticker('AAPL', now(rig)));
    rig.network.say(`${ticker('BAC', now(rig))}\n${ticker('AAPL', now(rig) + 1)}`);
    rig.poll(output);

    expect(output.quotes.map(({ symbol, sequence }) => `${sequence}${symbol}`)).toEqual(['0AAPL', '1BAC', '2AAPL']);
    expect(rig.feed.status().state).toEqual({ kind: 'live' });
  });

  test('drops what a symbol was sent before, and tells gaps of the feed', async () => {
    const { rig, output } = await connected();
    for (const [u, n] of [
      [100, 1],
      [101, 2],
      [101, 3],
      [99, 4],
      [105, 9],
      [106, 10],
    ])
      rig.network.say(ticker('AAPL', now(rig), { u, n }));
    rig.network.say(ticker('BAC', now(rig), { u: 100, n: 11 }));
    rig.poll(output);

    expect(output.quotes).toHaveLength(5);
    expect(rig.feed.status()).toMatchObject({ duplicates: 2, gaps: 1, missed: 4 });
    expect(rig.reader.totals()).toMatchObject({ rows: 7, appliedRows: 5, ignored: 2 });
  });

  test('may count anew after a reconnection, and nowhere else', async () => {
    const { rig, output } = await connected();
    rig.network.say(ticker('AAPL', now(rig), { u: 1, n: 500 }));
    rig.network.say(ticker('AAPL', now(rig), { u: 2, n: 3 }));
    rig.poll(output);
    expect(rig.gate.gaps).toBe(0);
    rig.network.break();
    rig.pass(500, output);
    rig.network.open();
    rig.network.say(ticker('AAPL', now(rig), { u: 3, n: 1 }));
    rig.network.say(ticker('AAPL', now(rig), { u: 4, n: 4 }));
    rig.poll(output);

    expect(rig.feed.status()).toMatchObject({ gaps: 1, missed: 2, duplicates: 0, connects: 2 });
  });

  test.each([
    ['hello', 'bad-json'],
    ['{"e":"bookTicker","s":"A', 'bad-json'],
    ['\u0000\u0000', 'nul-byte'],
    [ticker('', 1), 'missing-symbol'],
    [ticker('A\u0007B', 1), 'bad-symbol'],
    [ticker('A', 1, { T: 'yesterday' }), 'bad-time'],
    [ticker('A', 1, { T: 1_795_360_000 }), 'time-unit'],
    [ticker('A', LIVE_START_MS, { b: 'NaN' }), 'bad-number'],
    [ticker('A', LIVE_START_MS, { b: { x: 1 } }), 'bad-number'],
    [ticker('A', LIVE_START_MS, { a: '1e999' }), 'out-of-range'],
    [ticker('A', LIVE_START_MS, { B: '-5' }), 'negative-size'],
    [ticker('A', LIVE_START_MS, { b: '99999999999.5' }), 'out-of-range'],
  ])('puts %j into quarantine as %s', async (message, reason) => {
    const { rig, output } = await connected();
    for (let count = 0; count < 30; count += 1) rig.network.say(message);
    rig.network.say(ticker('AAPL', now(rig)));
    rig.poll(output);

    expect(output.quotes.map(({ symbol }) => symbol)).toEqual(['AAPL']);
    expect(rig.feed.ledger.kept[0]).toMatchObject({ reason, line: 1 });
    const { rows, quarantined } = rig.reader.totals();
    expect(rows).toBe(quarantined + 1);
  });

  test('survives a message as large as one may be, and tells of one that was larger', async () => {
    const { rig, output } = await connected();
    rig.network.say(`"${'x'.repeat(1_000_000)}`);
    rig.network.say(ticker('AAPL', now(rig)));
    rig.poll(output);
    rig.network.break('Max payload size exceeded', true);
    rig.poll(output);

    expect(output.quotes).toHaveLength(1);
    expect(rig.feed.ledger.kept.map(({ reason, text }) => [reason, text.length <= 200])).toEqual([
      ['bad-json', true],
      ['line-too-long', true],
    ]);
  });

  test('puts a quote aside that was too old when it came, with its number', async () => {
    const { rig, output } = await connected();
    rig.network.say(ticker('AAPL', now(rig) - 2_001));
    rig.network.say(ticker('AAPL', now(rig) - 2_000));
    rig.poll(output);

    expect(output.quotes.map(({ sequence }) => sequence)).toEqual([1]);
    expect(rig.feed.ledger.kept[0]).toMatchObject({
      reason: 'stale',
      text: expect.stringContaining('AAPL,') as string,
    });
    expect(rig.reader.totals()).toMatchObject({ staleQuotes: 1, quotes: 2, rows: 2, quarantined: 1, openRows: 0 });
  });

  test('finds a quote stale that waited here, as one that was long on its way', async () => {
    const { rig, output } = await connected();
    rig.network.say(ticker('AAPL', now(rig)));
    rig.clock.nowMs += 1_999;
    rig.network.say(ticker('BAC', now(rig)));
    rig.clock.nowMs += 2;
    rig.poll(output);

    expect(output.quotes.map(({ symbol }) => symbol)).toEqual(['BAC']);
    expect(rig.feed.ledger.kept.map(({ reason }) => reason)).toEqual(['stale']);
  });

  test('never finds a quote stale where that is switched off', async () => {
    const { rig, output } = await connected({ settings: { staleMs: 0 } });
    rig.network.say(ticker('AAPL', 1_381_132_800_000));
    rig.poll(output);

    expect(output.quotes).toHaveLength(1);
  });
});

test('while there is no room for a journal nothing is taken, and what waited too long does not trade', async () => {
  let isHeld = false;
  const { rig, output } = await connected({ isHeld: () => isHeld });
  rig.network.say(ticker('AAPL', now(rig)));
  rig.poll(output);
  isHeld = true;
  rig.network.say(ticker('AAPL', now(rig)));
  rig.pass(5_000, output);
  // Time stood still, too: that it did is believed of four quotes.
  for (let count = 0; count < 4; count += 1) rig.network.say(ticker('BAC', now(rig)));
  rig.poll(output);
  expect(output.quotes).toHaveLength(1);
  isHeld = false;
  rig.poll(output);

  expect(output.quotes.map(({ symbol }) => symbol)).toEqual(['AAPL', 'BAC', 'BAC', 'BAC', 'BAC']);
  expect(rig.reader.totals().staleQuotes).toBe(1);
});

describe('the connection', () => {
  test('is tried again after longer and longer waits, never longer than half a minute', async () => {
    const rig = await liveRig();
    const output = new RecordedOutput();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) {
      rig.network.break('refused');
      const { state } = rig.link;
      if (state.kind !== 'waiting') throw new Error('it should wait');
      waits.push(state.atMs - rig.clock.nowMs);
      rig.clock.advanceTo(state.atMs);
    }
    rig.poll(output);

    // Chance is 0.5 here: three quarters of the full wait.
    expect(waits.slice(0, 3)).toEqual([1, 2, 4].map((factor) => BACK_OFF_FIRST_MS * factor * 0.75));
    expect(Math.max(...waits)).toBe(BACK_OFF_MAX_MS * 0.75);
    expect(rig.network.attempts).toBe(13);
  });

  test('that says nothing is asked for a sign of life, and given up when none comes', async () => {
    const { rig, output } = await connected();
    rig.network.say(ticker('AAPL', now(rig)));
    rig.pass(6_000, output);
    expect(rig.network.pings).toBe(1);
    expect(rig.feed.status().state).toEqual({ kind: 'stale' });
    rig.network.handlers?.alive();
    rig.pass(DEAD_AFTER_MS - 1_000, output);
    expect(rig.link.state.kind).toBe('connected');
    rig.pass(2_000, output);

    expect(rig.link.state.kind).not.toBe('connected');
    expect(rig.network.attempts).toBeGreaterThan(1);
  });

  test('is not read while too much waits, and read again', async () => {
    const { rig, output } = await connected();
    const message = ticker('AAPL', now(rig), { pad: 'x'.repeat(1000) });
    while (!rig.network.paused) rig.network.say(message);
    expect(rig.feed.status()).toMatchObject({ pauses: 1 });
    expect(rig.link.queued).toBeLessThan(16_400);
    rig.poll(output);

    expect(rig.network.paused).toBe(false);
    expect(output.quotes.length).toBeGreaterThan(3_000);
  });

  test('is not trusted after the machine slept, and made anew', async () => {
    const { rig, output } = await connected();
    rig.network.say(ticker('AAPL', now(rig)));
    rig.poll(output);
    expect(rig.feed.status().state.kind).toBe('live');
    rig.clock.nowMs += 3_600_000;
    rig.feed.tick();
    rig.poll(output);

    expect(rig.feed.status().state.kind).toBe('reconnecting');
    rig.pass(500, output);
    rig.network.open();
    rig.network.say(ticker('AAPL', now(rig)));
    rig.poll(output);
    expect(rig.feed.status().state.kind).toBe('live');
  });

  test('is stale after the wall clock was set, until a fresh quote comes; the processing clock goes on', async () => {
    const { rig, output } = await connected();
    rig.network.say(ticker('AAPL', now(rig)));
    rig.pass(250, output);
    rig.clock.offsetMs -= 7_200_000;
    rig.pass(500, output);
    expect(rig.feed.status().state.kind).toBe('stale');
    const clocks = output.log.filter((line) => line.startsWith('clock')).map((line) => Number(line.slice(6)));

    expect(clocks).toEqual([...clocks].sort((left, right) => left - right));
    expect(clocks.at(-1)).toBe(LIVE_START_MS + 750);
  });
});

describe('while nothing comes', () => {
  test('event time goes on with the clock after idleMs, and positions open as it passes', async () => {
    const position = {
      symbol: 'AAPL',
      shares: 1_000_000,
      buyPrice: 1_000_000_000,
      ttlMs: null,
      openedAt: LIVE_START_MS + 1_600,
    };
    const { rig, output } = await connected({ reader: { positions: [position] } });
    rig.network.say(ticker('AAPL', now(rig)));
    rig.poll(output);
    rig.pass(1_000, output);
    expect(rig.reader.stamper.greatestMs).toBe(LIVE_START_MS);
    rig.pass(1_500, output);
    expect(rig.reader.stamper.greatestMs).toBe(LIVE_START_MS + 1_500);
    expect(output.log.some((line) => line.startsWith('position'))).toBe(false);
    rig.pass(500, output);

    expect(output.log).toContain(`position AAPL@${LIVE_START_MS + 1_600}`);
    rig.network.say(ticker('AAPL', now(rig)));
    rig.poll(output);
    expect(rig.reader.stamper.greatestMs).toBe(now(rig));
    expect(rig.reader.totals().late).toBe(0);
  });

  test('quotes that are all stale are silence', async () => {
    const { rig, output } = await connected();
    rig.network.say(ticker('AAPL', now(rig)));
    for (let second = 0; second < 5; second += 1) {
      rig.pass(1_000, output);
      rig.network.say(ticker('AAPL', now(rig) - 10_000));
    }

    expect(rig.reader.stamper.greatestMs).toBeGreaterThanOrEqual(LIVE_START_MS + 3_750);
    expect(output.quotes).toHaveLength(1);
  });

  test('before the first quote there is no event time', async () => {
    const { rig, output } = await connected();
    rig.pass(5_000, output);

    expect(output.log.filter((line) => !line.startsWith('clock'))).toEqual([]);
  });
});
