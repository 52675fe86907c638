import { createConnection } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  FeedPlayer,
  NO_FAULTS,
  type FeedFaults,
  type FeedPlayerOptions,
} from '../../engine/connectors/live/feed-player.ts';
import { FeedServer } from '../../engine/connectors/live/feed-server.node.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import { machineClock } from '../../engine/core/machine.node.ts';
import { decode, quotesAt } from './session-kit.ts';

interface Served {
  readonly server: FeedServer;
  readonly running: Promise<void>;
}

async function serve(
  count: number,
  faults: Partial<FeedFaults> = {},
  options: Partial<FeedPlayerOptions> = {},
): Promise<Served> {
  const symbols = new SymbolTable();
  const at = Array.from({ length: count }, (_, index) => [`S${index % 3}`, 1000 + index] as const);
  const player = new FeedPlayer({
    inputs: [quotesAt(symbols, 'made up', at)],
    nameOf: (symbol) => symbols.name(symbol),
    combined: false,
    clock: machineClock,
    speed: { kind: 'max' },
    stamp: 'recorded',
    faults: { ...NO_FAULTS, ...faults },
    ...options,
  });
  const server = await FeedServer.listen({ host: '127.0.0.1', port: 0, player, waitsForReaders: true });
  onTestFinished(() => server.close());
  return { server, running: server.run().then(() => server.close()) };
}

/** All messages until the connection ends. */
function listen(url: string): Promise<{ readonly messages: string[]; readonly code: number }> {
  return new Promise((resolve, reject) => {
    const messages: string[] = [];
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on('message', (data: Buffer) => messages.push(data.toString()));
    socket.on('error', reject);
    socket.on('close', (code) => resolve({ messages, code }));
  });
}

function refused(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { headers });
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.on('open', () => {
      resolve(101);
      socket.terminate();
    });
    socket.on('error', () => undefined);
  });
}

describe('a served session', () => {
  test('arrives as book tickers that the Binance profile reads back, quote by quote', async () => {
    const { server, running } = await serve(500);

    const { messages, code } = await listen(server.url);
    await running;

    expect(code).toBe(1000);
    expect(messages).toHaveLength(500);
    const { quotes, quarantined } = await decode(`${messages.join('\n')}\n`, 'binance-book-ticker', {
      path: 'live.jsonl',
    });
    expect(quarantined).toEqual([]);
    expect(quotes.map(({ symbol, time, bidSize }) => [symbol, time, bidSize])).toEqual(
      Array.from({ length: 500 }, (_, index) => [`S${index % 3}`, 1000 + index, '100']),
    );
    expect([quotes[0].bid, quotes[499].bid, quotes[499].ask]).toEqual(['10.00', '10.00000499', '10.01000499']);
  });

  test('in combined streams is the same', async () => {
    const { server, running } = await serve(20, {}, { combined: true });

    const { messages } = await listen(server.url);
    await running;

    expect(messages[0]).toContain('{"stream":"s0@bookTicker","data":{');
    const { quotes } = await decode(`${messages.join('\n')}\n`, 'binance-book-ticker', { path: 'live.jsonl' });
    expect(quotes.map(({ time }) => time)).toEqual(Array.from({ length: 20 }, (_, index) => 1000 + index));
  });

  test('goes to every client alike, and its numbers rise by one', async () => {
    const { server, running } = await serve(300, {}, { speed: { kind: 'times', factor: 0.1 } });

    const [first, second] = await Promise.all([listen(server.url), listen(server.url)]);
    await running;

    const numbers = first.messages.map((message) => (JSON.parse(message) as { n: number }).n);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => numbers[0] + index));
    expect(first.messages.slice(-100)).toEqual(second.messages.slice(-100));
  });

  test('leaves out, repeats and spoils messages where it was told to', async () => {
    const { server, running } = await serve(30, { gapEvery: 10, repeatEvery: 7, garbageEvery: 6 });

    const { messages } = await listen(server.url);
    await running;

    const parsed = messages
      .filter((message) => message.includes('"n":'))
      .map((message) => (JSON.parse(message) as { n: number }).n);
    expect(parsed).not.toContain(10);
    expect(parsed.filter((number) => number === 7)).toHaveLength(2);
    expect(messages).toHaveLength(27 + 4 + 5);
  });

  test('is cut off without a word where it was told to, and goes on for who comes again', async () => {
    const { server, running } = await serve(30, { dropAfter: 12 }, { speed: { kind: 'times', factor: 0.01 } });

    const first = await listen(server.url);
    const second = await listen(server.url);
    const third = await listen(server.url);
    await running;

    expect([first.code, second.code, third.code]).toEqual([1006, 1006, 1000]);
    expect(first.messages.length + second.messages.length + third.messages.length).toBeLessThanOrEqual(30);
    expect(JSON.parse(third.messages.at(-1) ?? '{}')).toMatchObject({ n: 30 });
  });
});

describe('a feed on this machine', () => {
  test('refuses pages of browsers, names that only resolve here, and more than its connections', async () => {
    const { server } = await serve(2, {}, { speed: { kind: 'times', factor: 0.0001 } });
    const { port } = new URL(server.url);

    expect(await refused(server.url, { origin: 'https://evil.example' })).toBe(403);
    expect(await refused(server.url, { host: `evil.example:${port}` })).toBe(421);
    expect(await refused(server.url, { host: `localhost:${port}` })).toBe(101);
  });

  test('answers a plain request with what it is, and survives bytes that are no request', async () => {
    const { server } = await serve(2, {}, { speed: { kind: 'times', factor: 0.0001 } });
    const response = await fetch(server.url.replace('ws:', 'http:'));
    await new Promise<void>((resolve) => {
      const socket = createConnection(Number(new URL(server.url).port), '127.0.0.1', () =>
        socket.write('\u0000\u0001 nonsense\r\n\r\n'),
      );
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
      socket.resume();
    });

    expect(response.status).toBe(426);
    expect(await refused(server.url, {})).toBe(101);
  });

  test('closes on a client that sends a book', async () => {
    const { server } = await serve(2, {}, { speed: { kind: 'times', factor: 0.0001 } });
    const code = await new Promise<number>((resolve) => {
      const socket = new WebSocket(server.url);
      socket.on('open', () => socket.send('x'.repeat(100_000)));
      socket.on('error', () => undefined);
      socket.on('close', resolve);
    });

    expect(code).toBe(1009);
  });
});
