import { appendFileSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { gatewayUrlProblem } from '../../engine/connectors/gateway/gateway-address.ts';
import {
  findInstrument,
  GatewayUnreachableError,
  placeOrder,
} from '../../engine/connectors/gateway/gateway-client.node.ts';
import { GatewayServer } from '../../engine/connectors/gateway/gateway-server.node.ts';
import type { VenueBehaviour } from '../../engine/connectors/gateway/simulated-venue.ts';
import type { OrderRequest } from '../../engine/contract/orders.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CALM: VenueBehaviour = {
  seed: 1,
  latencyMs: 0,
  latency: 'fixed',
  errorRate: 0,
  partialRate: 0,
  rejectRate: 0,
  hangRate: 0,
};
const ORDER: OrderRequest = {
  id: '7-AAPL',
  session: 's',
  symbol: 'AAPL',
  side: 'sell',
  shares: '100',
  price: '140.50',
};
const TIMEOUT_MS = 5_000;

const servers = new Set<GatewayServer>();
afterEach(async () => {
  for (const server of servers) await server.close();
  servers.clear();
});

async function serve(behaviour: Partial<VenueBehaviour> = {}, ledger: string | null = null): Promise<GatewayServer> {
  const server = await GatewayServer.listen({ port: 0, behaviour: { ...CALM, ...behaviour }, ledger });
  servers.add(server);
  return server;
}

/** A request as a page or a stranger would make it. */
function raw(url: string, headers: Record<string, string>, method = 'GET', body = ''): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

const many = (count: number): OrderRequest[] =>
  Array.from({ length: count }, (_, index) => ({ ...ORDER, id: `${index}-AAPL` }));

describe('the simulated gateway', () => {
  test('executes an id once and gives the first answer to every repeat, also at the same time', async () => {
    const server = await serve({ latencyMs: 5, latency: 'exponential', partialRate: 1 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => placeOrder(server.url, ORDER, TIMEOUT_MS)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0].state).toBe('partly-confirmed');
    expect(server.counts).toEqual({ requests: 20, orders: 1, repeats: 19 });
  });

  test('refuses an id that comes back as another order, and says so', async () => {
    const server = await serve();
    await placeOrder(server.url, ORDER, TIMEOUT_MS);
    expect(await placeOrder(server.url, { ...ORDER, shares: '99' }, TIMEOUT_MS)).toEqual({
      id: ORDER.id,
      state: 'refused',
      shares: null,
      reason: 'This id was used for another order.',
    });
    // Another session's trade of the same id is another order.
    expect(await placeOrder(server.url, { ...ORDER, session: 't', shares: '99' }, TIMEOUT_MS)).toMatchObject({
      state: 'confirmed',
      shares: '99',
    });
  });

  test('decides by seed and id alone, in the shares it was told', async () => {
    const behaviour = { partialRate: 0.3, rejectRate: 0.3 };
    const [one, other] = [await serve(behaviour), await serve(behaviour)];
    const ask = async (server: GatewayServer, orders: readonly OrderRequest[]): Promise<string[]> => {
      const outcomes = await Promise.all(orders.map((order) => placeOrder(server.url, order, TIMEOUT_MS)));
      return outcomes.map((outcome) => JSON.stringify(outcome)).sort();
    };
    const expected = await ask(one, many(200));
    expect(await ask(other, many(200).reverse())).toEqual(expected);
    const count = (state: string): number => expected.filter((text) => text.includes(`"${state}"`)).length;
    for (const state of ['confirmed', 'partly-confirmed', 'rejected']) expect(count(state)).toBeGreaterThan(30);
  });

  test('executes an order whose answer hangs: asked again, it is known', async () => {
    const server = await serve({ hangRate: 1 });
    await expect(placeOrder(server.url, ORDER, 100)).rejects.toThrow(GatewayUnreachableError);
    expect(await placeOrder(server.url, ORDER, TIMEOUT_MS)).toMatchObject({ state: 'confirmed' });
    expect(server.counts.orders).toBe(1);
  });

  test('keeps its ledger over a kill, without the line that was cut off', async () => {
    const ledger = join(temporaryFolder('ledger'), 'ledger');
    const first = await serve({ partialRate: 0.5 }, ledger);
    const answers = await Promise.all(many(20).map((order) => placeOrder(first.url, order, TIMEOUT_MS)));
    appendFileSync(ledger, '{"order":{"id":"20-AA');
    const second = await serve({ seed: 99, rejectRate: 1 }, ledger);
    expect(await Promise.all(many(20).map((order) => placeOrder(second.url, order, TIMEOUT_MS)))).toEqual(answers);
    await placeOrder(second.url, { ...ORDER, id: '21-AAPL' }, TIMEOUT_MS);
    const lines = readFileSync(ledger, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { order: OrderRequest }).order.id)).toContain('21-AAPL');
    expect(lines).toHaveLength(21);
  });

  test('errors are told as such, and pass', async () => {
    const server = await serve({ errorRate: 0.5 });
    let failed = 0;
    for (const order of many(40)) {
      for (;;) {
        try {
          expect((await placeOrder(server.url, order, TIMEOUT_MS)).state).toBe('confirmed');
          break;
        } catch (error) {
          expect((error as Error).message).toBe('The venue is not reachable at the moment.');
          failed += 1;
        }
      }
    }
    expect(failed).toBeGreaterThan(10);
    expect(server.counts.orders).toBe(40);
  });

  test('knows reference data, and says when it knows none', async () => {
    const server = await serve();
    expect(await findInstrument(server.url, 'GOOG', TIMEOUT_MS)).toEqual({
      kind: 'known',
      symbol: 'GOOG',
      name: 'Alphabet Inc.',
      sector: 'Communication Services',
      currency: 'USD',
      tickSize: '0.01',
    });
    expect(await findInstrument(server.url, 'A/B ÄÖ', TIMEOUT_MS)).toMatchObject({ kind: 'known', symbol: 'A/B ÄÖ' });
    expect(await findInstrument(server.url, 'NONE', TIMEOUT_MS)).toEqual({ kind: 'unknown', symbol: 'NONE' });
  });

  test('does not talk to web pages, to other names, to anything but orders, and not at length', async () => {
    const server = await serve();
    const json = { 'content-type': 'application/json' };
    expect(await raw(`${server.url}/instruments/GOOG`, { origin: 'https://example.com' })).toBe(403);
    expect(await raw(`${server.url}/instruments/GOOG`, { host: 'rebound.example.com' })).toBe(421);
    expect(await raw(`${server.url}/orders`, { 'content-type': 'text/plain' }, 'POST', JSON.stringify(ORDER))).toBe(
      400,
    );
    expect(await raw(`${server.url}/orders`, json, 'POST', '{"id":')).toBe(400);
    expect(await raw(`${server.url}/orders`, json, 'POST', JSON.stringify({ ...ORDER, more: 1 }))).toBe(400);
    expect(await raw(`${server.url}/orders`, json, 'POST', JSON.stringify({ ...ORDER, id: 'x'.repeat(20_000) }))).toBe(
      400,
    );
    expect(await raw(`${server.url}/orders/s/${ORDER.id}`, {})).toBe(404);
    expect(await raw(`${server.url}/..%2f..%2fetc/passwd`, {})).toBe(404);
    expect(await raw(`${server.url}/orders`, json, 'DELETE')).toBe(404);
    expect(server.counts.orders).toBe(0);
  });

  test.each([
    ['http://127.0.0.1:8788', true],
    ['http://localhost:1', true],
    ['https://broker.example.com/api', true],
    ['http://broker.example.com', false],
    ['ws://127.0.0.1:8788', false],
    ['https://user:secret@broker.example.com', false],
    ['https://broker.example.com/?token=1', false],
    ['127.0.0.1:8788', false],
  ])('takes %s for the address of a gateway: %s', (address, isOne) => {
    expect(gatewayUrlProblem(address) === null).toBe(isOne);
  });
});
