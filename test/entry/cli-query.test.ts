import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { flinktrade, GOOD, POSITIONS, put, row } from './cli-kit.ts';

/** Twenty programs are started one after the other. */
const MANY_STARTS_MS = 120_000;
/** And a position that its quote does not touch. */
const LONG = GOOD + row('MSFT', 2_000, '9', '1', '9.10');
const TWO = `${POSITIONS}MSFT,7,10\n`;

test(
  'query, explain, positions and its watch read a session that runs headless, find it by themselves, and say what is not there',
  async () => {
    const folder = temporaryFolder('cli-query');
    put(folder, { 's.csv': LONG, 'p.csv': TWO });
    const env = { XDG_CONFIG_HOME: folder };
    const ask = (...words: string[]): ReturnType<typeof flinktrade> => flinktrade(words, { folder, env });

    const nobody = await ask('query', 'position', 'AAPL');
    expect(nobody.code).toBe(3);
    expect(nobody.stderr).toContain('No program runs that can be asked');

    let tellServing = (): void => undefined;
    const isServing = new Promise<void>((resolve) => (tellServing = resolve));
    let interrupt = (): void => undefined;
    const replay = flinktrade(
      [
        'replay',
        's.csv',
        '--positions',
        'p.csv',
        '--speed',
        'x100',
        '--serve',
        '0',
        '--state',
        'state',
        '--report',
        'r.json',
      ],
      {
        folder,
        env,
        onStderr: (text, end) => {
          interrupt = end;
          if (text.includes('State can be asked at')) tellServing();
        },
      },
    );
    await isServing;
    let sold = await ask('query', 'position', 'AAPL', '--json');
    for (let tries = 0; tries < 30 && !sold.stdout.includes('"trades": 2'); tries += 1)
      sold = await ask('query', 'position', 'AAPL', '--json');
    expect((JSON.parse(sold.stdout) as { value: unknown }).value).toMatchObject({
      symbol: 'AAPL',
      shares: '80',
      lastTradePrice: '150.40',
      profit: '6.00',
      trades: 2,
    });
    expect((await ask('query', 'position', 'MSFT')).stdout).toContain('shares          7\n');
    expect((await ask('query', 'list')).stdout).toContain('position        computed, of trade\n');
    expect((await ask('query', 'list', 'position', '--sort', 'profit', '--descending', '--csv')).stdout).toMatch(
      /^key,symbol,shares,.*\r\nAAPL,AAPL,80,/,
    );

    expect((await ask('explain', 'AAPL')).stdout).toMatch(
      /^AAPL: The last quote traded, at 150\.40\.\nlast quote {3}bid 150\.40 x 10, ask 150\.50, at 2023-11-14T22:13:21\.000Z\nour ask {6}150\.50, never below 142\.50; 80 shares\n/,
    );
    expect((await ask('explain', 'MSFT')).stdout).toContain(
      'MSFT: The last quote did not trade: the bid 9.00 is not above our ask price 10.10.\n',
    );
    const because = (await ask('explain', 'MSFT')).stdout;
    expect(because).toContain('no trade     bid-not-above-ask 1\n');
    // Two quotes a second apart at a hundred times the speed, and a third: by now it is over.
    expect(because).toMatch(/^watermark {4}2023-11-14T22:13:22\.000Z\n {2}The session is over/m);
    expect((await ask('explain', 'TWTR')).code).toBe(4);

    const trade = await ask('explain', '--trade', '0-AAPL');
    expect(trade.stdout).toMatch(
      /^0-AAPL: The bid 150\.20 was above our ask price 150\.10: 10 of 100 shares were sold at it, as many as the bid was for\. Our ask price went from 150\.10 to 150\.30: the trade price and 0\.10\.\ntrade +10 shares at 150\.20, profit 2\.00\nquote +number 0: bid 150\.20 x 10, ask 150\.30 x 100, at 2023-11-14T22:13:20\.000Z\nour ask +150\.10 -> 150\.30\nshares +100 -> 90\n/,
    );
    expect((await ask('explain', '--trade', '7-AAPL')).code).toBe(4);
    expect((await ask('explain', '--trade', 'AAPL')).code).toBe(2);

    const table = await ask('positions', '--symbols', 'MSFT,AAPL,TWTR');
    expect(table.stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['SYMBOL', 'SHARES', 'BUY PRICE', 'ASK PRICE', 'LAST TRADE PRICE', 'PROFIT'],
      ['MSFT', '7', '10.00', expect.any(String), '10.00', '0.00'],
      ['AAPL', '80', '150.00', expect.any(String), '150.40', '6.00'],
      [''],
    ]);
    expect(table.stderr).toBe('No position: TWTR.\n');

    const watched = await flinktrade(['positions', '--watch'], {
      folder,
      env,
      onStdout: (text, end) => {
        if (text.includes('MSFT')) end();
      },
    });
    expect(watched.code).toBe(0);
    expect(watched.stdout).toContain('LAST TRADE PRICE');

    const none = await ask('query', 'position', 'TWTR');
    expect([none.code, none.stderr]).toEqual([4, 'No state for the specified key/namespace.\n']);
    expect((await ask('query', 'nonsense', 'AAPL')).code).toBe(2);
    expect((await ask('query', 'position', 'AAPL', '--as-of', '99999')).code).toBe(4);
    expect((await ask('query', 'position', 'AAPL', '--url', 'http://127.0.0.1:1')).code).toBe(3);
    expect((await ask('query', 'position', 'AAPL', '--url', 'http://192.0.2.1:80')).code).toBe(2);
    expect((await ask('query', 'position')).code).toBe(2);

    // The session is over after two seconds of its time; the program answers until it is told to end.
    interrupt();
    expect((await replay).code).toBe(0);

    // Nobody runs any more; the audit trail still tells the same.
    const told = await ask('explain', '--trade', '0-AAPL', '--state', 'state');
    expect(told).toMatchObject({ code: 0, stdout: trade.stdout });
    const unknown = await ask('explain', '--trade', '7-AAPL', '--state', 'state');
    expect([unknown.code, unknown.stderr]).toEqual([
      4,
      'The audit trail of state tells of no trade 7-AAPL. All of them: flinktrade audit export state -o -\n',
    ]);
    expect((await ask('explain', '--trade', '0-AAPL', '--state', 'elsewhere')).code).toBe(3);
    expect((await ask('explain', '--trade', '0-AAPL', '--state', 'state', '--url', 'http://127.0.0.1:1')).code).toBe(2);
    expect((await ask('explain', 'AAPL', '--state', 'state')).code).toBe(2);
  },
  MANY_STARTS_MS,
);
