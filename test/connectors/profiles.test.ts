import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NameTemplate } from '../../engine/connectors/decode/name-template.ts';
import { isTimeZone, TimeZone } from '../../engine/connectors/decode/time-zone.ts';
import { detectProfile } from '../../engine/connectors/profiles/detect-profile.ts';
import { checkProfile, readProfile } from '../../engine/connectors/profiles/read-profile.ts';
import { readyProfiles } from '../../engine/connectors/profiles/ready-profiles.ts';
import { decode, profileWith } from './session-kit.ts';

const GOOD = {
  version: 1,
  name: 'mine',
  format: 'csv',
  symbol: { field: 'sym' },
  time: { field: 'ts', unit: 'us' },
  bid: { price: 'b', size: 'bs' },
  ask: { price: 'a' },
};

function problems(document: unknown): string {
  try {
    checkProfile(document, 'mine.json');
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a profile', () => {
  test('of our own passes its own schema, each with a description', () => {
    expect(readyProfiles().length).toBeGreaterThan(10);
    for (const profile of readyProfiles()) {
      expect(profile.description).toBeTruthy();
      expect(checkProfile(profile, profile.name)).toEqual(profile);
    }
    expect(problems(GOOD)).toBe('');
  });

  test.each([
    [{ delimeter: ',' }, /delimeter: this key is not known; found ","/],
    [{ version: 2 }, /version: found 2; allowed is 1/],
    [{ name: 'My Vendor' }, /name: found "My Vendor"; allowed is small letters/],
    [{ format: 'xml' }, /format: found "xml"; allowed is .*csv/],
    [{ delimiter: ';;' }, /delimiter: found ";;"; allowed is one ASCII character/],
    [{ time: { field: 'ts', unit: 'min' } }, /time\.unit: found "min"; allowed is "s", "ms", "us", "ns"/],
    [{ time: { field: 'ts', unit: 'ms', zoone: 'UTC' } }, /time\.zoone: this key is not known/],
    [
      { time: { field: 't', unit: 'ms', since: 'midnight', zone: '+05:00', date: { constant: '2013-10-07' } } },
      /time\.zone: found "\+05:00"; allowed is an IANA time zone/,
    ],
    [
      { time: { field: 't', unit: 'ms', since: 'midnight', zone: 'UTC', date: { constant: '2013-02-30' } } },
      /time\.date\.constant: found "2013-02-30"; allowed is a calendar date/,
    ],
    [
      { time: { field: 't', pattern: 'HH:mm', zone: 'UTC' } },
      /time\.date: found nothing; allowed is where the date comes from/,
    ],
    [
      { time: { field: 't', pattern: 'QQ:mm', zone: 'UTC' } },
      /time\.pattern: found "QQ:mm"; allowed is a date pattern; unknown letter "Q"/,
    ],
    [{ symbol: { fileName: '{sym}_x' } }, /symbol\.fileName: found "\{sym\}_x"/],
    [{ symbol: { fileName: 'quotes' } }, /a template with \{symbol\}/],
    [{ priceUnit: '0' }, /priceUnit: found "0"; allowed is a decimal above 0/],
    [{ priceUnit: 0.01 }, /priceUnit: found 0.01; allowed is a string/],
    [{ bid: { size: 'x' } }, /bid\.price: found nothing/],
    [{ bid: undefined, ask: undefined }, /bid: found nothing; allowed is a bid or an ask/],
    [{ header: false }, /symbol\.field: found "sym"; allowed is a column index from 0/],
    [{ outOfOrdernessMs: -1 }, /outOfOrdernessMs: found -1; allowed is 0 or more/],
    [{ maxFutureMs: 1.5 }, /maxFutureMs: found 1.5; allowed is a whole number/],
    [{ where: [{ field: 'x' }] }, /where\[0\]/],
    [{ pairSides: 'yes' }, /pairSides: found "yes"; allowed is a boolean/],
  ])('with %j is refused with the path, what was found and what is allowed', (change, message) => {
    expect(problems({ ...GOOD, ...change })).toMatch(message);
  });

  test('shown in the README reads the rows shown there', async () => {
    const readme = readFileSync(join(import.meta.dirname, '../../engine/connectors/README.md'), 'utf8');
    const chapter = readme.slice(readme.indexOf('## Writing a profile'));
    const [rows = '', document = ''] = [...chapter.matchAll(/```(?:json)?\n(.*?)```/gs)].map((match) => match[1] ?? '');
    const { quotes, quarantined } = await decode(rows, readProfile(document, 'README.md'));

    expect(quarantined).toEqual([]);
    expect(quotes).toEqual([
      {
        symbol: 'ES',
        time: Date.UTC(2013, 9, 7, 13, 30, 0, 125),
        bid: '1688.50',
        bidSize: '120',
        ask: '1688.75',
        askSize: '70',
        rows: 1,
      },
    ]);
  });

  test('that is no JSON, or no object, is refused in words', () => {
    expect(() => readProfile('{', 'mine.json')).toThrow(
      /mine\.json cannot be used:\n {2}line 1, column 2: found the end/,
    );
    expect(() => readProfile('{"bid": {"price": 1, "price": 2}}', 'mine.json')).toThrow(
      /line 1, column 22 \(in bid\): found the key "price" a second time; allowed is each key once/,
    );
    expect(problems([])).toMatch(/the document: found \[\]/);
    expect(() => readProfile('{"__proto__": {"x": 1}}', 'mine.json')).toThrow(/cannot be used/);
  });

  test('that takes the symbol from the name says which names fit when the file has another', async () => {
    const profile = profileWith({ symbol: { fileName: 'q_{symbol}_{date:yyyyMMdd}' } });

    await expect(decode('time,bid,bidSize,ask,askSize\n', profile, { path: 'x.csv' })).rejects.toThrow(
      /takes the symbol from the file's name, but x\.csv fits none of "q_\{symbol\}_\{date:yyyyMMdd\}"/,
    );
  });
});

describe('times of a profile', () => {
  async function timeOf(
    time: unknown,
    row: string,
    header = 'symbol,time,date,bid,bidSize,ask,askSize',
    path = 'd/20131007_x.csv',
  ): Promise<string | undefined> {
    const { quotes, quarantined } = await decode(`${header}\nA,${row},1,1,2,1\n`, profileWith({ time }), { path });
    return quotes[0] === undefined ? quarantined[0]?.reason : new Date(quotes[0].time).toISOString();
  }

  test.each([
    ['s', '1381132800.0549', '2013-10-07T08:00:00.054Z'],
    ['s', '1381132800', '2013-10-07T08:00:00.000Z'],
    ['us', '1381132800054999', '2013-10-07T08:00:00.054Z'],
    ['ns', '1723161255030314667', '2024-08-08T23:54:15.030Z'],
    ['ns', '-1500000', '1969-12-31T23:59:59.998Z'],
  ])('count %s since 1970', async (unit, text, expected) => {
    expect(await timeOf({ field: 'time', unit }, `${text},`)).toBe(expected);
  });

  test.each([
    ['27-DEC-2005', '06:16:53.068', '2005-12-27T06:16:53.068Z'],
    ['27-dec-2005', '06:16:53', '2005-12-27T06:16:53.000Z'],
    ['27-Dec-2005', '06:16:53.0689', '2005-12-27T06:16:53.068Z'],
    ['30-FEB-2005', '06:16:53', 'bad-time'],
    ['27-XXX-2005', '06:16:53', 'bad-time'],
    ['27-DEC-2005', '24:00:00', 'bad-time'],
    ['27-DEC-2005', '06:16', 'bad-time'],
    ['27-DEC-2005', '06:16:53123', 'bad-time'],
    ['', '06:16:53', 'bad-time'],
  ])('stand in two columns: %s %s', async (date, time, expected) => {
    const times = {
      field: 'time',
      pattern: 'HH:mm:ss.S',
      date: { field: 'date', pattern: 'dd-MMM-yyyy' },
      zone: 'UTC',
    };

    expect(await timeOf(times, `${time},${date}`)).toBe(expected);
  });

  test.each([
    ['2013-10-07T08:00:00.054Z', '2013-10-07T08:00:00.054Z'],
    ['2013-10-07T08:00:00.054+02:00', '2013-10-07T06:00:00.054Z'],
    ['2013-10-07 08:00:00', '2013-10-07T12:00:00.000Z'],
    ['2013-10-07T08:00:00-0330', '2013-10-07T11:30:00.000Z'],
    ['2013-10-07', 'bad-time'],
  ])('stand as ISO text: %s', async (text, expected) => {
    expect(await timeOf({ field: 'time', pattern: 'iso', zone: 'America/New_York' }, `${text},`)).toBe(expected);
  });

  test.each([
    ['2013-10-07', '14400152', '2013-10-07T08:00:00.152Z'],
    ['2013-12-02', '14400152', '2013-12-02T09:00:00.152Z'],
    ['2026-03-08', '9000000', '2026-03-08T07:30:00.000Z'],
    ['2026-03-08', '10800000', '2026-03-08T07:00:00.000Z'],
    ['2026-11-01', '5400000', '2026-11-01T05:30:00.000Z'],
    ['2026-11-01', '10800000', '2026-11-01T08:00:00.000Z'],
    ['2013-10-07', '86400000', 'bad-time'],
    ['2013-10-07', '-1', 'bad-time'],
  ])('count ms since midnight New York of %s: %s', async (day, ms, expected) => {
    const time = {
      field: 'time',
      unit: 'ms',
      since: 'midnight',
      zone: 'America/New_York',
      date: { constant: day },
      addMs: 0,
    };

    expect(await timeOf(time, `${ms},`)).toBe(expected);
  });

  test('take the date from the file name, and add the length of a bar', async () => {
    const time = {
      field: 'time',
      unit: 's',
      since: 'midnight',
      zone: 'Europe/Berlin',
      date: { fileName: '{date:yyyyMMdd}_*' },
      addMs: 60_000,
    };

    expect(await timeOf(time, '0.5,')).toBe('2013-10-06T22:01:00.500Z');
  });

  test('of any instant come back through any zone', () => {
    const zones = [
      'America/New_York',
      'Europe/London',
      'Asia/Kolkata',
      'Australia/Lord_Howe',
      'America/St_Johns',
      'Pacific/Apia',
      'UTC',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: Date.UTC(1980, 0, 1), max: Date.UTC(2035, 0, 1) }),
        (name, utcMs) => {
          const shown = new Intl.DateTimeFormat('sv-SE', { timeZone: name, dateStyle: 'short', timeStyle: 'medium' });
          const second = Math.floor(utcMs / 1000) * 1000;
          const wallMs = Date.parse(`${shown.format(second).replace(' ', 'T')}Z`);
          const back = new TimeZone(name).toUtc(wallMs);
          // A repeated hour means its first occurrence; what the clock shows is the same in any case.
          expect(shown.format(back)).toBe(shown.format(second));
          expect(back).toBeLessThanOrEqual(second);
        },
      ),
      { numRuns: 300 },
    );
    expect(['UTC+5', 'GMT+1', '5', 'Nowhere/Land', ''].map(isTimeZone)).toEqual([false, false, false, false, false]);
  });
});

describe('a name template', () => {
  test.each([
    ['{symbol}_tick_quote', '/x/20131007/aig_tick_quote.zip', 'aig', null],
    ['{date:yyyyMMdd}_{symbol}_Quote_Tick', '20131007_aig_quote_tick.csv', 'aig', '2013-10-07'],
    ['{date:yyyy-MM-dd}/{symbol}', 'a/2013-10-07/BRK.B.csv.gz', 'BRK.B', '2013-10-07'],
    ['*_{symbol}', 'a_b_c.csv', 'b_c', null],
    ['{symbol}', 'IBM', 'IBM', null],
  ])('%s on %s', (text, path, symbol, day) => {
    const match = new NameTemplate(text).match(path);

    expect(match?.symbol).toBe(symbol);
    expect(match?.dateMs ?? null).toBe(day === null ? null : Date.parse(day));
  });

  test.each([
    ['{date:yyyyMMdd}_x', '20131340_x.csv'],
    ['{symbol}_tick', '_tick.csv'],
    ['{symbol}_tick', 'a_tock.csv'],
  ])('%s does not fit %s', (text, path) => {
    expect(new NameTemplate(text).match(path)).toBeNull();
  });

  test('made to be slow is not', () => {
    expect(new NameTemplate(`${'*'.repeat(60)}{symbol}${'*a'.repeat(60)}!`).match('a'.repeat(500))).toBeNull();
  });
});

describe('detection', () => {
  const look = (text: string, path = 'data.csv'): string =>
    detectProfile({ name: path, path, text }, readyProfiles()).profile.name;

  test.each([
    ['symbol,eventTimeMs,bid,bidSize,ask,askSize\n', 'data.csv', 'csv'],
    ['# hello\nask,bid,time,ticker\n', 'data.csv', 'csv-no-sizes'],
    ['{"symbol":"A","eventTimeMs":1,"bid":"1","bidSize":"2","ask":null}\n', 'd.jsonl', 'jsonl'],
    ['symbol,ts_ms,bid,bid_size,bid_ex,ask,ask_size,ask_ex,suspicious\n', 'x', 'nbbo'],
    ['14400152,0,0,494100,300,Q,1,0\n', 'z/20131007/aig_tick_quote.zip!20131007_aig_Quote_Tick.csv', 'lean-tick-quote'],
    ['14400152,0,0,494100,300,Q,1,0\n', 'z/20131007/aig_tick_quote.csv', 'lean-tick-quote'],
    [
      '0,1.38710,1.38711,1.38709,1.38711,0,1.3,1.3,1.3,1.3,0',
      '20140505_second.zip!20140505_eurusd_second_quote.csv',
      'oanda-second-bar',
    ],
    [
      '14400000,491800,491800,481800,488700,2000,1,1,1,1,1',
      '20131007/aig_second_quote.zip!20131007_aig_second_quote.csv',
      'lean-second-quote-bar',
    ],
    ['14400688,491800,300,P,2000,0', '20131007/aig_tick_trade.zip!20131007_aig_Trade_Tick.csv', 'lean-trade'],
    ['1723161255030314667 {"stream":"btcusdt@trade","data":{"e":"trade"}}', 'b.gz', 'binance-book-ticker'],
  ])('of %j in %s', (text, path, name) => {
    expect(look(text, path)).toBe(name);
  });

  test('of an unknown format says what it saw and what there is', () => {
    expect(() => look('a;b;c\n1;2;3\n')).toThrow(/first line is "a;b;c".*--profile: one of csv, /s);
    expect(() => look('\u0000\u0001binary')).toThrow(/is no session file/);
  });

  test('of a misspelt column does not fall back to a profile without it, but names it', () => {
    expect(() => look('symbol,eventTimeMs,bid,bidSize,ask,askSiez\n')).toThrow(
      /The profile "csv" comes nearest, but looks for "askSize" as well/,
    );
  });

  test('of a file that fits two profiles lists both', () => {
    const profile = checkProfile({ ...GOOD, name: 'one', ask: { price: 'a', size: 'as' } }, 'one');

    expect(() =>
      detectProfile({ name: 'x', path: 'x', text: 'sym,ts,b,bs,a,as\n' }, [profile, { ...profile, name: 'two' }]),
    ).toThrow(/fits several profiles: one, two/);
  });
});

describe('a JSON lines session', () => {
  const LINE = { symbol: 'A', eventTimeMs: 1000, bid: '1.5', bidSize: 3, ask: 1.75, askSize: '2' };

  test('has numbers as text or as numbers, with all their digits, and null for what is missing', async () => {
    const { quotes } = await decode(
      [
        JSON.stringify(LINE),
        '{"ask":2e0,"askSize":null,"bid":12345678.12345678,"symbol":"\\u0041\\/B","eventTimeMs":"1001"}',
        '{"symbol":"A","eventTimeMs":1002,"bid":0,"bidSize":1}',
      ].join('\n'),
      'jsonl',
    );

    expect(quotes).toEqual([
      { symbol: 'A', time: 1000, bid: '1.50', bidSize: '3', ask: '1.75', askSize: '2', rows: 1 },
      { symbol: 'A/B', time: 1001, bid: '12345678.12345678', bidSize: null, ask: '2.00', askSize: null, rows: 1 },
      { symbol: 'A', time: 1002, bid: null, bidSize: null, ask: null, askSize: null, rows: 1 },
    ]);
  });

  test.each([
    ['{', 'bad-json'],
    ['{"symbol":"A"} x', 'bad-json'],
    ["{'symbol':'A'}", 'bad-json'],
    ['{"bid":01,"symbol":"A"}', 'bad-json'],
    ['{"bid":NaN}', 'bad-json'],
    ['{"symbol":"A\u0001"}', 'bad-json'],
    [`${'['.repeat(100)}${']'.repeat(100)}`, 'bad-json'],
    ['{"a":"\0"}', 'nul-byte'],
    ['[1,2]', 'missing-symbol'],
    ['{"symbol":"A"}', 'bad-time'],
    ['{"symbol":"A","eventTimeMs":1000,"bid":{"x":1}}', 'bad-number'],
    ['{"symbol":"A","eventTimeMs":1000,"bid":true}', 'bad-number'],
    ['{"symbol":"A","eventTimeMs":1000,"bid":"1e999"}', 'out-of-range'],
    ['{"symbol":"A","eventTimeMs":1000,"bidSize":-1}', 'negative-size'],
  ])('quarantines %j as %s', async (line, reason) => {
    const { quotes, quarantined } = await decode(`${line}\n${JSON.stringify(LINE)}\n`, 'jsonl');

    expect(quarantined[0]?.reason).toBe(reason);
    expect(quotes).toHaveLength(1);
  });

  test('agrees with JSON.parse on what is JSON and what stands at a path', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 4 }), fc.option(fc.nat(30)), async (json, cut) => {
        const text = (cut === null ? json : json.slice(0, cut)).replaceAll(/[\r\n]/g, ' ');
        fc.pre(text.trim().length > 0);
        const { quarantined, ledger } = await decode(text, 'jsonl');
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        expect(ledger.rowsRead).toBe(1);
        expect(quarantined[0]?.reason === 'bad-json').toBe(!valid);
      }),
      { numRuns: 500 },
    );
  });

  test('has a word ahead of each JSON, and other kinds of messages, where the profile says so', async () => {
    const profile = checkProfile(
      {
        version: 1,
        name: 'ws',
        format: 'jsonl',
        linePrefix: true,
        symbol: { field: 'd.s' },
        time: { field: '$prefix', unit: 'ns' },
        bid: { price: 'd.b.0' },
        ask: { price: ['d', 'a.x'] },
        where: [{ field: 'd.e', equals: 'tick' }],
      },
      'ws',
    );
    const { quotes, ledger } = await decode(
      '1723161255030314667 {"d":{"e":"tick","s":"X","b":["1.5","9"],"a.x":"2"}}\n1723161255030314668 {"lastUpdateId":1}\n{"d":1}\n',
      profile,
    );

    expect(quotes).toEqual([
      { symbol: 'X', time: 1723161255030, bid: '1.50', bidSize: null, ask: '2.00', askSize: null, rows: 1 },
    ]);
    expect([ledger.ignoredRows, ledger.quarantinedRows]).toEqual([1, 1]);
  });
});
