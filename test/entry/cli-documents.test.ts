import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { flinktrade, GOOD, POSITIONS, put } from './cli-kit.ts';

/** Everything is looked at before the session, so that a typing mistake costs no replay. */
async function refused(files: Readonly<Record<string, string | Uint8Array>>, ...words: string[]): Promise<string> {
  const folder = temporaryFolder('cli');
  put(folder, { 's.csv': GOOD, 'p.csv': POSITIONS, ...files });
  const run = await flinktrade(['replay', 's.csv', '--positions', 'p.csv', ...words], { folder });
  expect(run).toMatchObject({ code: 2, stdout: '' });
  expect(run.stderr).not.toMatch(/ {4}at |internal failure/);
  return run.stderr;
}

describe('rules that do not hold name the path, what was found and what is allowed', () => {
  it('in one file with many mistakes, all at once', async () => {
    const rules = {
      version: 1,
      defaults: { askOfset: '0.10', ttlMs: -5, priceStep: '0', askOffset: 0.1, tradeWhen: 'abvoe' },
      symbols: { AAPL: { fill: 3 } },
      limits: { maxLossPerDay: '-1', timeZone: 'Mars/Base' },
    };

    const text = await refused({ 'r.json': JSON.stringify(rules) }, '--rules', 'r.json');

    expect(text.split('\n')[0]).toBe('The rules file r.json cannot be used:');
    expect(text).toMatch(
      /^ {2}defaults\.askOfset: found the unknown key "askOfset"; allowed: .* \(did you mean "askOffset"\?\)\.$/m,
    );
    expect(text).toContain('  defaults.ttlMs: found -5; allowed: a whole number from 0 to ');
    expect(text).toContain('  defaults.priceStep: found "0"; allowed: a decimal in quotes, above 0');
    expect(text).toMatch(/ {2}defaults\.askOffset: found 0\.1; allowed: .*decimals are written in quotes/);
    expect(text).toContain('  defaults.tradeWhen: found "abvoe"; allowed: "above" or "at-or-above".');
    expect(text).toContain('  symbols.AAPL.fill: found 3; allowed: "partial" or "all-or-none".');
    expect(text).toContain('  limits.maxLossPerDay: found "-1"; allowed: ');
    expect(text).toContain('  limits.timeZone: found "Mars/Base"; allowed: an IANA time zone name');
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['no JSON', 'hello', /line 1, column 1: found "h"/],
    ['nothing', '', /found the end of the text/],
    ['a list', '[]', /the rules document: found \[\]; allowed: an object with "version": 1/],
    ['another version', '{"version":2}', /version: found 2; allowed: 1/],
    [
      'a key twice',
      '{"version":1,"defaults":{"ttlMs":1,"ttlMs":2}}',
      /in defaults\): found the key "ttlMs" a second time/,
    ],
    ['__proto__', '{"version":1,"symbols":{"__proto__":{"ttlMs":1}}}', /found the key "__proto__"/],
    ['nesting without end', '['.repeat(100_000), /nesting deeper than 32/],
    ['text that is not UTF-8', Buffer.from('7b22ff227d', 'hex'), /is not UTF-8 text; save it as UTF-8/],
  ])('as %s', async (_, content, message) => {
    expect(await refused({ 'r.json': content }, '--rules', 'r.json')).toMatch(message);
  });

  it.each([
    ['nope.json', /The rules file nope\.json cannot be read: there is no such file\.$/m],
    ['orginal-demo', /Did you mean the preset "original-demo"\?/],
    ['.', /it is a directory/],
    ['/dev/zero', /more than 67108864 bytes/],
  ])('of a file that is none: %s', async (name, message) => {
    expect(await refused({}, '--rules', name)).toMatch(message);
  });
});

describe('positions that do not hold name line, field, what was found and what is allowed', () => {
  it.each<[string, string | Uint8Array, string]>([
    [
      'the same symbol twice',
      'symbol,shares,buyPrice\nA,1,1\nB,1,1\nA,2,2\n',
      'p.csv:4: A stands on line 2 already without openedAt; allowed: once, or each with an openedAt of its own.\n',
    ],
    [
      'the same openedAt twice',
      'symbol,shares,buyPrice,openedAt\nA,1,1,1970-01-01T00:00:05Z\nA,1,1,5000\n',
      'p.csv:3: A stands on line 2 already with the same openedAt 5000; allowed: once, or each with an openedAt of its own.\n',
    ],
    [
      'nothing',
      '',
      'p.csv: the file is empty; it must start with the header symbol,shares,buyPrice[,ttlMs][,openedAt].\n',
    ],
    ['no buyPrice', 'symbol,shares\nA,1\n', 'p.csv:1: the header must name buyPrice; found: symbol,shares.\n'],
    [
      'an unknown column',
      'symbol,shares,buyPrice,colour\n',
      'p.csv:1: the unknown column "colour"; allowed: symbol, shares, buyPrice, ttlMs, openedAt.\n',
    ],
    [
      'UTF-16',
      Buffer.from(`\u{feff}${POSITIONS}`, 'utf16le'),
      'p.csv: the file is not UTF-8 text; allowed: CSV saved as UTF-8.\n',
    ],
    [
      'shares below zero',
      'symbol,shares,buyPrice\nA,-1,1\n',
      'p.csv:2: shares: found "-1"; allowed: a decimal above 0 and at most 9007199254.740991, up to 6 places.\n',
    ],
    [
      'a price of zero',
      'symbol,shares,buyPrice\nA,1,0\n',
      'p.csv:2: buyPrice: found "0"; allowed: a decimal above 0 and at most 45035996.27370495, up to 8 places.\n',
    ],
    [
      'a time without a zone',
      'symbol,shares,buyPrice,openedAt\nA,1,1,2023-11-14T22:13:20\n',
      'p.csv:2: openedAt: found "2023-11-14T22:13:20"; allowed: milliseconds since 1970-01-01 UTC such as 1381152600000, a time with its zone such as 2013-10-07T13:30:00.000Z or 2013-10-07T09:30:00-04:00, or nothing for the start of the session.\n',
    ],
  ])('with %s', async (_, content, message) => {
    expect(await refused({ 'p.csv': content })).toBe(message);
  });

  it('in a file that is not there, or is a folder', async () => {
    const folder = temporaryFolder('cli');
    put(folder, { 's.csv': GOOD });

    expect(await flinktrade(['replay', 's.csv', '--positions', 'nope.csv'], { folder })).toMatchObject({
      code: 2,
      stderr: 'The positions file nope.csv cannot be read: there is no such file.\n',
    });
    expect(await flinktrade(['replay', 's.csv', '--positions', '.'], { folder })).toMatchObject({
      code: 2,
      stderr: 'The positions file . cannot be read: it is a directory.\n',
    });
  });
});

describe('a profile that does not hold, or does not fit', () => {
  it.each<[string, string, RegExp]>([
    [
      'nope',
      '',
      /The profile "nope" cannot be used: there is neither a ready profile nor a file of that name\. Ready profiles: csv, /,
    ],
    ['own.json', '{', /The profile own\.json cannot be used:\n {2}line 1, column 2: found the end of the text/],
    ['own.json', '{}', /format: found nothing; allowed is "csv", or "jsonl"/],
    [
      'own.json',
      '{"version":1,"name":"x","format":"csv","symbol":{"feild":"s"},"time":{"field":"t","unit":"h"},"bid":{"price":"b"}}',
      /symbol\.feild: this key is not known[^]*time\.unit: found "h"; allowed is /,
    ],
    ['nbbo', '', /s\.csv does not fit the profile "nbbo": looked for the columns "ts_ms"/],
  ])('%s', async (name, content, message) => {
    expect(await refused({ 'own.json': content }, '--profile', name)).toMatch(message);
  });
});
