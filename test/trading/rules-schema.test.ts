import { describe, expect, test } from 'vitest';
import { PRICE_MAX, SHARES_MAX, formatPrice, formatShares } from '../../engine/core/decimal.ts';
import {
  LIMIT_FIELDS,
  PRICE_MAX_TEXT,
  SESSION_FIELDS,
  SHARES_MAX_TEXT,
  SYMBOL_FIELDS,
  allowedText,
} from '../../engine/contract/rules-fields.ts';
import { PRESETS, preset } from '../../engine/contract/rules-presets.ts';
import { PROBLEMS_SHOWN_MAX, checkRules, readRules } from '../../engine/contract/rules-schema.ts';
import { checkValue } from '../../engine/contract/rules-values.ts';

/** The problems of a rules text, as `path | found | allowed`. */
function problemsOf(text: string): string[] {
  const read = readRules(text);
  return read.ok ? [] : read.problem.map(({ path, found, allowed }) => `${path} | ${found} | ${allowed}`);
}
const defaults = (rules: object): string => JSON.stringify({ version: 1, defaults: rules });

describe('a rules document', () => {
  test('with every rule set is read as it is', () => {
    const document = {
      version: 1,
      defaults: {
        priceStep: '0.01',
        tradeWhen: 'at-or-above',
        askOffset: '0.10',
        askIncrease: { from: 'ask', amount: { percent: '0.5' } },
        fill: 'all-or-none',
        maxSharesPerTrade: '100.5',
        ttlMs: 0,
        decayEveryMs: 1,
        decayAmount: '0.10',
        askFloor: { price: '140.00' },
        tradeResetsTtl: true,
        ignoreCrossedQuotes: false,
        time: 'processing',
        lateQuotes: 'process',
        outOfOrdernessMs: 5,
        maxFutureMs: 1000,
        idleMs: 10,
      },
      symbols: { AAPL: { askFloor: 'none', maxSharesPerTrade: null }, toString: { ttlMs: 1 } },
      limits: {
        timeZone: 'America/New_York',
        maxTradesPerSecond: 1,
        maxTradesPerDay: null,
        maxNotionalPerTrade: 'none',
        maxNotionalPerDay: '1000000',
        maxLossPerDay: '0',
      },
    };

    expect(readRules(JSON.stringify(document))).toEqual({ ok: true, value: document });
  });

  test('needs nothing but its version', () => {
    expect(readRules('{"version": 1}')).toEqual({ ok: true, value: { version: 1 } });
    expect(readRules('\ufeff{"version": 1}\n').ok).toBe(true);
  });

  test('without or with another version is refused', () => {
    expect(problemsOf('{}')).toEqual(['version | nothing | 1']);
    expect(problemsOf('{"version": "1"}')).toEqual(['version | "1" | 1']);
    expect(problemsOf('[]')).toEqual([' | [] | an object with "version": 1']);
  });

  test('with an unknown key names its path and the nearest known one', () => {
    expect(problemsOf('{"version": 1, "symbols": {"AAPL": {"decayEvryMs": 1}}}')[0]).toMatch(
      /^symbols\.AAPL\.decayEvryMs \| the unknown key "decayEvryMs" \| .*did you mean "decayEveryMs"\?\)$/,
    );
    expect(problemsOf('{"version": 1, "limit": {}}')[0]).toContain('did you mean "limits"?');
    expect(problemsOf('{"version": 1, "limits": {"maxTradePerSecond": 1}}')[0]).toContain(
      'did you mean "maxTradesPerSecond"?',
    );
    expect(problemsOf(defaults({ zebra: 1 }))[0]).not.toContain('did you mean');
  });

  test('says all its problems at once, each with path, found and allowed', () => {
    const problems = problemsOf(
      JSON.stringify({
        version: 1,
        defaults: { ttlMs: -1, fill: 'half', ignoreCrossedQuotes: 'no' },
        symbols: { IBM: { decayEveryMs: 0 } },
        limits: { timeZone: 'Mars/Olympus' },
      }),
    );

    expect(problems).toEqual([
      'defaults.fill | "half" | "partial" or "all-or-none"',
      'defaults.ttlMs | -1 | a whole number from 0 to 3155760000000',
      'defaults.ignoreCrossedQuotes | "no" | true or false',
      'symbols.IBM.decayEveryMs | 0 | a whole number from 1 to 3155760000000',
      'limits.timeZone | "Mars/Olympus" | an IANA time zone name such as "UTC" or "America/New_York"',
    ]);
  });

  test('with a decimal as a number is told to put it in quotes', () => {
    expect(problemsOf(defaults({ askOffset: 0.1 }))[0]).toContain('decimals are written in quotes, "0.1"');
    expect(problemsOf(defaults({ askIncrease: { from: 'ask', amount: { percent: 0.5 } } }))[0]).toMatch(
      /^defaults\.askIncrease\.amount\.percent \| 0\.5 \|/,
    );
  });

  test.each([
    ['askOffset', '-0.10'],
    ['askOffset', '0.123456789'],
    ['askOffset', '45035996.27370496'],
    ['askOffset', '1e3'],
    ['askOffset', ' 1'],
    ['askOffset', '1,5'],
    ['askOffset', 'NaN'],
    ['askOffset', ''],
    ['priceStep', '0'],
    ['priceStep', '1000.01'],
    ['maxSharesPerTrade', '0'],
    ['maxSharesPerTrade', '0.0000001'],
    ['ttlMs', 1.5],
    ['ttlMs', '60000'],
    ['decayEveryMs', 0],
    ['decayEveryMs', null],
    ['decayAmount', { percent: '0' }],
    ['decayAmount', { percent: '100.1' }],
    ['decayAmount', { percent: '5', of: 'buy' }],
    ['decayAmount', 'none'],
    ['askFloor', '140'],
    ['askFloor', null],
    ['askFloor', { price: '-1' }],
    ['askFloor', { percentOfBuy: '95', price: '1' }],
    ['askIncrease', '0.10'],
    ['askIncrease', { from: 'ask' }],
    ['askIncrease', { from: 'bid', amount: '1' }],
    ['time', 'Event'],
    ['outOfOrdernessMs', -1],
    ['maxFutureMs', 0],
    ['tradeWhen', null],
  ])('refuses %s %j', (rule, value) => {
    expect(problemsOf(defaults({ [rule]: value }))).toHaveLength(1);
  });

  test('takes the rules of the session under defaults only', () => {
    expect(problemsOf('{"version": 1, "symbols": {"IBM": {"idleMs": 5}}}')).toEqual([
      'symbols.IBM.idleMs | a rule of the whole session | "idleMs" under "defaults" only',
    ]);
  });

  test('trims symbols and refuses what is none', () => {
    const read = readRules('{"version": 1, "symbols": {" IBM ": {}}}');

    expect(read).toEqual({ ok: true, value: { version: 1, symbols: { IBM: {} } } });
    expect(problemsOf('{"version": 1, "symbols": {" IBM": {}, "IBM": {}}}')).toEqual([
      'symbols.IBM | the symbol twice, with and without blanks | each symbol once',
    ]);
    expect(problemsOf('{"version": 1, "symbols": {"  ": {}}}')).toHaveLength(1);
    expect(problemsOf(JSON.stringify({ version: 1, symbols: { ['X'.repeat(65)]: {} } }))).toHaveLength(1);
  });

  test('with thousands of overrides is read', () => {
    const symbols = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, index) => [`S${index}`, { ttlMs: index, askFloor: { percentOfBuy: '90' } }]),
    );

    expect(readRules(JSON.stringify({ version: 1, symbols })).ok).toBe(true);
  });

  test('with very many problems shows the first and counts the rest', () => {
    const symbols = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`S${index}`, { ttl: 1 }]));
    const read = readRules(JSON.stringify({ version: 1, symbols }));

    expect(read.ok).toBe(false);
    expect(!read.ok && read.problem).toHaveLength(PROBLEMS_SHOWN_MAX + 1);
    expect(!read.ok && read.problem.at(-1)?.message).toBe('... and 150 more problems.');
  });
});

describe('the text of a rules document', () => {
  test.each(['__proto__', 'constructor', 'prototype'])('may not have the key %s, at any depth', (key) => {
    expect(problemsOf(`{"version": 1, "${key}": {}}`)[0]).toContain(`the key "${key}"`);
    expect(problemsOf(`{"version": 1, "symbols": {"${key}": {}}}`)[0]).toMatch(/^symbols \|/);
    expect(problemsOf(`{"version": 1, "defaults": {"askFloor": {"\\u005f${key.slice(1)}": "1"}}}`)).toHaveLength(1);
    expect(checkRules(JSON.parse(`{"version": 1, "symbols": {"${key}": {}}}`)).ok).toBe(false);
    expect(({} as { ttlMs?: number }).ttlMs).toBeUndefined();
  });

  test('may not give a key twice, however it is written', () => {
    expect(problemsOf('{"version": 1, "defaults": {"ttlMs": 1, "ttl\\u004ds": 2}}')).toEqual([
      'defaults | the key "ttlMs" a second time | each key once',
    ]);
  });

  test('is refused with line and column where it is not JSON', () => {
    const read = readRules('{\n  "version": 1,\n  "defaults": {,}\n}');

    expect(!read.ok && read.problem[0].message).toBe(
      'line 3, column 16 (in defaults): found ","; allowed: a key in double quotes.',
    );
  });

  test.each([
    '',
    '   ',
    '{',
    '{"version": 1} x',
    '{"version": 1,}',
    '{"version": 01}',
    "{'version': 1}",
    '{"version": 1, "a": "\\x"}',
    '{"version": 1, "a": "',
    '{"version": NaN}',
    '{"version": 1 "a": 2}',
    '[1 2]',
    '\u0000',
  ])('%j is refused', (text) => {
    expect(problemsOf(text)).toHaveLength(1);
  });

  test('that nests without end is refused, not overflowed', () => {
    expect(problemsOf('['.repeat(100_000))[0]).toContain('nesting deeper than 32');
    expect(problemsOf(`{"version": 1, "x": "${'a'.repeat(5_000_000)}`)[0]).toContain('a text that is not closed');
    expect(problemsOf(' '.repeat(17 * 1024 * 1024))[0]).toContain('characters');
  });
});

describe('the table of rules', () => {
  test('has defaults that its own checks accept', () => {
    for (const field of [...SYMBOL_FIELDS, ...SESSION_FIELDS, ...LIMIT_FIELDS])
      expect([field.name, checkValue(field.kind, field.defaultValue)]).toEqual([field.name, []]);
  });

  test('has words for a person on every rule', () => {
    for (const field of [...SYMBOL_FIELDS, ...SESSION_FIELDS, ...LIMIT_FIELDS]) {
      expect(field.label.length).toBeGreaterThan(3);
      expect(field.help).toMatch(/\.$/);
      expect(allowedText(field.kind).length).toBeGreaterThan(3);
    }
  });

  test('has the bounds of exact arithmetic', () => {
    expect(PRICE_MAX_TEXT).toBe(formatPrice(PRICE_MAX));
    expect(SHARES_MAX_TEXT).toBe(formatShares(SHARES_MAX));
  });
});

describe('a preset', () => {
  test('is a rules document', () => {
    for (const rules of Object.values(PRESETS)) expect(checkRules(rules)).toEqual({ ok: true, value: rules });
  });

  test('is found by its name, and another name lists the known ones', () => {
    expect(preset('original-demo')).toEqual({ ok: true, value: PRESETS['original-demo'] });
    expect(preset('toString')).toEqual({ ok: false, problem: ['standard', 'original-demo'] });
  });
});
