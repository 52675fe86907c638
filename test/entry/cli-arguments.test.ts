import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../engine/entry/cli/arguments.ts';
import { usage } from '../../engine/entry/cli/messages.ts';
import { positionTable, reportPieces, type PositionRow, type ReplayReport } from '../../engine/entry/cli/report.ts';

const replay = (...words: string[]) => parseArguments(['replay', ...words]);

describe('the command line', () => {
  it('reads a replay with everything said', () => {
    const parsed = replay(
      'day.csv.gz',
      'b.zip',
      '--positions',
      'p.csv',
      '--rules=r.json',
      '--profile',
      'nbbo',
      '--workers',
      '3',
      '--speed',
      'x2.5',
      '--report',
      '-',
      '--trades',
      't.csv',
    );
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        kind: 'replay',
        inputs: ['day.csv.gz', 'b.zip'],
        positions: 'p.csv',
        rules: 'r.json',
        profile: 'nbbo',
        workers: 3,
        speed: 2.5,
        report: '-',
        trades: 't.csv',
      },
    });
  });

  it('takes a file whose name starts with a dash after --', () => {
    expect(replay('--positions', 'p.csv', '--', '-odd.csv')).toMatchObject({
      ok: true,
      value: { inputs: ['-odd.csv'] },
    });
    expect(replay('--positions=--odd', '--', '-h')).toMatchObject({
      ok: true,
      value: { inputs: ['-h'], positions: '--odd' },
    });
  });

  it('helps with one command, and with all when it knows none of that name', () => {
    expect(parseArguments(['record', '-h'])).toEqual({ ok: true, value: { kind: 'help', topic: 'record' } });
    expect(usage('bars')).toContain('flinktrade bars INPUT');
    expect(usage('bars')).not.toContain('flinktrade query');
    expect(usage('bars')).toContain('Exit codes:');
    expect(usage('live')).toContain('--gateway URL');
    expect(usage('nonsense')).toBe(usage(null));
  });

  it.each([
    [['replay'], 'at least one session file'],
    [['replay', 'a.csv'], 'needs --positions FILE'],
    [['replay', 'a.csv', '--positions'], '--positions needs a value'],
    [['replay', 'a.csv', '--positions', 'p', '--positions', 'q'], 'given twice'],
    [['replay', 'a.csv', '--positions', 'p', '--wrokers', '2'], 'no option "--wrokers"'],
    [['replay', 'a.csv', '--positions', 'p', '--workers', '0'], 'whole number from 1 to 32; found "0"'],
    [['replay', 'a.csv', '--positions', 'p', '--workers', '33'], 'whole number from 1 to 32; found "33"'],
    [['replay', 'a.csv', '--positions', 'p', '--workers', '2.5'], 'found "2.5"'],
    [
      ['replay', 'a.csv', '--positions', 'p', '--workers', '4', '--max-parallelism', '3'],
      'more than --max-parallelism 3',
    ],
    [['replay', 'a.csv', '--positions', 'p', '--speed', 'fast'], 'found "fast"'],
    [['replay', 'a.csv', '--positions', 'p', '--speed', 'x0'], 'found "x0"'],
    [['replay', 'a.csv', '--positions', 'p', '--report', '-', '--trades', '-'], 'cannot both write to standard output'],
    [['replay', 'a.csv', '--trades', '--report', 'r.json'], '--trades needs a value after it; found "--report"'],
    [['replay', 'a.csv', '--positions', 'p', '--trade', 't'], 'has no option "--trade". Did you mean "--trades"?'],
    [['replay', 'a.csv', '--positions', 'p', '-o', 't'], 'has no option "-o".'],
    [['profiles', '--json'], 'has no option "--json". It takes none.'],
    [['reply'], 'no command "reply". Did you mean "replay"?'],
    [['record', 'a.csv'], 'where to write'],
    [['inspect', 'a', 'b'], 'one file'],
    [['sample', '--seed', '-1'], 'found "-1"'],
  ])('%j is refused with a sentence', (words, sentence) => {
    const parsed = parseArguments(words);
    expect(parsed.ok).toBe(false);
    expect(!parsed.ok && parsed.problem).toContain(sentence);
  });
});

describe('the position table', () => {
  it('lines up and never lets a symbol steer the terminal', () => {
    const row: PositionRow = {
      symbol: 'A\u001b[31mB',
      shares: '90',
      buyPrice: '150.00',
      askPrice: null,
      lastTradePrice: '150.10',
      profit: '-1.00',
      status: 'open',
      openedAt: 0,
      expiresAt: null,
      nextDecayAt: null,
      trades: 1,
    };
    const lines = positionTable([row]).split('\n');
    expect(lines[0]).toBe('SYMBOL   SHARES  BUY PRICE  ASK PRICE  LAST TRADE PRICE  PROFIT  STATUS');
    expect(lines[2]).toBe('A\u{fffd}[31mB      90     150.00          -            150.10   -1.00  open');
  });
});

describe('the report as text', () => {
  it('is what JSON makes of it, whatever stands in it', () => {
    const position = { symbol: '\n  "positions": []', shares: '1' } as PositionRow;
    for (const positions of [[], [position], [position, position]]) {
      const report = {
        session: { inputs: ['\n  "positions": []'] },
        rules: { positions: [] },
        positions,
        reasons: {},
      } as unknown as ReplayReport;

      expect([...reportPieces(report)].join('')).toBe(`${JSON.stringify(report, null, 2)}\n`);
    }
  });
});
