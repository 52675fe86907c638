import { tmpdir } from 'node:os';
import { mkdtempSync, rmSync, mkdirSync, statSync, writeFileSync, chmodSync, readFileSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import * as z from 'zod';
import { SYMBOL_WORD } from '../../engine/connectors/sinks/trade-run.ts';
import { tradeMessage } from '../../engine/connectors/sinks/trades-csv.ts';
import type { SymbolExplanation, WatermarkExplanation } from '../../engine/contract/explanations.ts';
import type { TradeMessage } from '../../engine/contract/window.ts';
import { startMachineTimer, waitMs } from '../../engine/core/machine.node.ts';
import { runJob, type RunningJob } from '../../engine/entry/job-runner.node.ts';
import { announceInstance, findInstances } from '../../engine/entry/serve/instance-file.node.ts';
import type { JobPage } from '../../engine/contract/job-page.ts';
import { openTokenFile, TokenCheck } from '../../engine/entry/serve/query-token.node.ts';
import { ROUTES } from '../../engine/entry/serve/routes.ts';
import { queryClient, serveQueries, type Serving } from '../../engine/entry/serve/serving.node.ts';
import { servedSession, sessionJobs } from '../../engine/entry/serve/trading-queries.ts';
import { sha256Of } from '../../engine/entry/session/session-identity.node.ts';
import { flinkTradeJob } from '../../engine/entry/session/flinktrade-job.node.ts';
import { samplePositions } from '../../engine/entry/session/sample.node.ts';
import type { SessionEvent, SessionParameters } from '../../engine/entry/session/session-parameters.ts';
import { TradeCollector } from '../../engine/entry/session/trade-collector.node.ts';
import { SessionExplainer } from '../../engine/entry/session/session-explainer.ts';
import { CheckpointStorage } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import type { JobMetrics } from '../../engine/runtime/metrics/job-metrics.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SEED = 11;
/** Threads start as fast as the machine lets them. */
const STARTED_MS_MAX = 30_000;
let job: RunningJob<SessionParameters>;
let serving: Serving;
let trades: TradeCollector;
let root: string;
let folder: string;

/** A whole session, and what came of it. */
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'flinktrade-query-server-'));
  folder = join(root, 'data');
  const parameters: SessionParameters = {
    inputs: { kind: 'sample', seed: SEED, seconds: 60 },
    positions: samplePositions(SEED),
    rules: { version: 1, defaults: { askOffset: '0.02' } },
    speed: { kind: 'times', factor: 30 },
    startPaused: false,
    outOfOrdernessMs: null,
    maxFutureMs: null,
    historySampleMs: null,
  };
  trades = new TradeCollector(true);
  const explainer = new SessionExplainer(startMachineTimer, trades.latest, parameters.rules, null);
  const storage = new CheckpointStorage(new MemoryStore(), sha256Of, 2);
  job = runJob<SessionParameters>({
    job: flinkTradeJob,
    jobName: 'flinktrade',
    parameters,
    workerScript: new URL('../../dist/engine/flinktrade-worker.js', import.meta.url),
    parallelism: 2,
    lingers: true,
    sinks: { trades, 'late-quotes': { write: () => undefined } },
    checkpoints: { storage, firstId: 1, intervalMs: 300 },
    onSourceEvent: (event) => explainer.take(event as SessionEvent),
  });
  const served = servedSession(job, storage, parameters.rules, explainer);
  const client = queryClient(sessionJobs(() => served));
  serving = await serveQueries(client, { port: 0, folder, kind: 'replay', version: '0.0.0' });
  await job.finished;
}, STARTED_MS_MAX);

afterAll(async () => {
  await serving.close();
  await job.close();
  trades.dispose();
  rmSync(root, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Headers as they are given: `fetch` decides some of them by itself. */
function ask(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  const { hostname, port } = new URL(serving.url);
  return new Promise((resolve, reject) => {
    const asked = request(
      { hostname, port, path, method, headers: { authorization: `Bearer ${serving.token}`, ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

function lastTrade(): TradeMessage {
  let last: TradeMessage | null = null;
  for (const { words, offset } of trades.sorted())
    last = tradeMessage(words, offset, job.symbolText(words[offset + SYMBOL_WORD]));
  return last ?? expect.fail('nothing traded');
}

const codeOf = ({ status, text }: Answer): string =>
  `${status} ${(JSON.parse(text) as { error: { code: string } }).error.code}`;

interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}
interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** Paths with their names filled in, and what is asked behind them. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  '/v1/overview': ['/v1/overview'],
  '/v1/jobs/{job}': ['/v1/jobs/session'],
  '/v1/jobs/{job}/metrics': ['/v1/jobs/session/metrics'],
  '/metrics': ['/metrics'],
  '/v1/positions': [
    '/v1/positions',
    '/v1/positions?symbols=NOPE',
    '/v1/positions?sort=profit&order=descending&limit=3',
  ],
  '/v1/explain/{symbol}': [
    '/v1/explain/SYMBOL',
    '/v1/explain/SYMBOL?asOf=CHECKPOINT',
    '/v1/explain/SYMBOL?since=CHECKPOINT',
  ],
  '/v1/watermark': ['/v1/watermark'],
  '/v1/trades/{id}': ['/v1/trades/TRADE'],
  '/v1/positions/{symbol}': ['/v1/positions/SYMBOL'],
  '/v1/jobs/{job}/states': ['/v1/jobs/session/states'],
  '/v1/jobs/{job}/checkpoints': ['/v1/jobs/session/checkpoints'],
  '/v1/jobs/{job}/states/{state}/rows': [
    '/v1/jobs/session/states/position/rows?filter=status:eq:open&limit=2',
    '/v1/jobs/session/states/position-state/rows?values=false&keyGroups=0-63',
    '/v1/jobs/session/states/position/rows?asOf=CHECKPOINT',
  ],
  '/v1/jobs/{job}/states/{state}/values': ['/v1/jobs/session/states/position/values?key=SYMBOL&key=NOPE'],
  '/v1/jobs/{job}/states/{state}/values/{key}': ['/v1/jobs/session/states/reasons/values/SYMBOL?asOf=CHECKPOINT'],
};

describe('the query server', () => {
  test('answers every path as its description says, as JSON and as rows for a spreadsheet', async () => {
    const description = JSON.parse((await ask('/v1/openapi.json')).text) as OpenApi;
    expect(description.openapi).toBe('3.1.0');
    expect(Object.keys(description.paths).sort()).toEqual(ROUTES.map(({ path }) => path).sort());
    expect(Object.keys(description.paths).sort()).toEqual(Object.keys(EXAMPLES).sort());
    const { rows } = JSON.parse((await ask('/v1/positions')).text) as { rows: { symbol: string }[] };
    const { checkpoints } = JSON.parse((await ask('/v1/jobs/session/checkpoints')).text) as { checkpoints: number[] };
    expect(rows.length).toBeGreaterThan(2);
    expect(checkpoints.length).toBeGreaterThan(0);
    for (const [path, operations] of Object.entries(description.paths)) {
      expect(Object.keys(operations), path).toEqual(['get']);
      const { content } = operations['get'].responses['200'];
      for (const example of EXAMPLES[path]) {
        const asked = example
          .replace('SYMBOL', rows[0].symbol)
          .replace('TRADE', lastTrade().id)
          .replace('CHECKPOINT', String(checkpoints.at(-1)));
        const answer = await ask(asked);
        expect(answer.status, `${asked}: ${answer.text}`).toBe(200);
        const [type] = Object.keys(content ?? {});
        expect(answer.headers['content-type']).toBe(type);
        if (type !== 'application/json') continue;
        const schema = content?.['application/json'].schema as Parameters<typeof z.fromJSONSchema>[0];
        const checked = z.fromJSONSchema(schema).safeParse(JSON.parse(answer.text));
        expect(checked.error?.message ?? null, asked).toBe(null);
        if (content?.['text/csv'] === undefined) continue;
        const csv = await ask(asked, { accept: 'text/csv' });
        expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8');
        expect(csv.text.endsWith('\r\n')).toBe(true);
      }
    }
  });

  test('gives metrics under the names of Flink, as JSON and for Prometheus', async () => {
    const metrics = JSON.parse((await ask('/v1/jobs/session/metrics')).text) as JobMetrics;
    expect(metrics.tasks.map(({ subtaskIndex }) => subtaskIndex)).toEqual([0, 1, null]);
    for (const { busyTimeMsPerSecond, idleTimeMsPerSecond, backPressuredTimeMsPerSecond } of metrics.tasks)
      expect(busyTimeMsPerSecond + idleTimeMsPerSecond + backPressuredTimeMsPerSecond).toBeCloseTo(1000, 6);
    const tasks = metrics.tasks.slice(0, 2);
    // Every task gets its own symbols' quotes, and what is told to all.
    expect(tasks.reduce((sum, { numRecordsIn }) => sum + numRecordsIn, 0)).toBeGreaterThan(1_000);
    expect(metrics.tasks[2].task).toBe('source');
    expect(metrics.checkpoints.numberOfCompletedCheckpoints).toBeGreaterThan(0);
    expect(metrics.checkpoints.lastCheckpointFullSize).toBeGreaterThan(0);

    const { text } = await ask('/metrics');
    const page = JSON.parse((await ask('/v1/jobs/session')).text) as JobPage;
    const trade = page.vertices.find(({ id }) => id === 'trade') ?? expect.unreachable();
    // The threads of two tasks take what the two subtasks of the one operator take.
    expect(trade.subtasks.map(({ numbers }) => numbers.numRecordsIn)).toEqual(tasks.map((one) => one.numRecordsIn));
    const lines = text.split('\n');
    const task = 'job_name="session",task_name="trade",task_id="trade"';
    expect(lines).toContain(
      `flink_taskmanager_job_task_numRecordsIn{${task},subtask_index="1"} ${tasks[1].numRecordsIn}`,
    );
    const operator = `${task},operator_name="trade",operator_id="trade",subtask_index="0"`;
    const { numPendingEventTimers } = trade.operators[0].subtasks[0];
    expect(lines).toContain(
      `flink_taskmanager_job_task_operator_numPendingEventTimers{${operator}} ${numPendingEventTimers}`,
    );
    expect(lines.filter((line) => line.startsWith('flink_jobmanager_job_lastCheckpointDuration{'))).toHaveLength(1);
  });

  test('gives the page of a job: its graph with times that add up, its checkpoints', async () => {
    const page = JSON.parse((await ask('/v1/jobs/session')).text) as JobPage;
    expect(page.vertices.map(({ id, kind, parallelism }) => [id, kind, parallelism])).toEqual([
      ['session', 'source', 1],
      ['trade', 'keyed', 2],
      ['trades', 'sink', 1],
      ['late-quotes', 'sink', 1],
    ]);
    const ids = page.vertices.map(({ id }) => id);
    for (const { from, to } of page.edges) expect(ids.indexOf(from)).toBeLessThan(ids.indexOf(to));
    for (const { times } of page.vertices)
      expect(Object.values(times ?? {}).reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(1000, 6);
    const complete = page.checkpoints.history.findLast(({ status }) => status === 'completed');
    expect(complete?.id).toBe(page.checkpoints.lastCompletedCheckpointId);
    expect(page).toMatchObject({ job: 'session', state: 'ended', parallelism: 2, maxParallelism: 128 });
  });

  test('explains a trade by its id, and says where it is to be found when it is none', async () => {
    const { id, price, askBefore, askAfter, symbol } = lastTrade();
    expect(JSON.parse((await ask(`/v1/trades/${id}`)).text)).toMatchObject({
      id,
      symbol,
      why: expect.stringContaining(`The bid ${price} was above our ask price ${askBefore}`) as string,
      quote: { bid: price },
      rulesVersion: 1,
      rules: { askOffset: '0.02' },
      askPrice: { before: askBefore, after: askAfter },
    });
    expect(codeOf(await ask(`/v1/trades/0-NOPE`))).toBe('404 no-state');
    expect(codeOf(await ask('/v1/trades/nonsense'))).toBe('404 no-state');
  });

  test('explains a symbol, as it is and as of a checkpoint, with what is different', async () => {
    const { checkpoints } = JSON.parse((await ask('/v1/jobs/session/checkpoints')).text) as { checkpoints: number[] };
    const { symbol } = lastTrade();
    const now = JSON.parse((await ask(`/v1/explain/${symbol}?since=${checkpoints[0]}`)).text) as SymbolExplanation;
    const then = JSON.parse((await ask(`/v1/explain/${symbol}?asOf=${checkpoints[0]}`)).text) as SymbolExplanation;

    expect(now.explanation.why).toMatch(/last quote|closed/);
    expect(now.lastTrades[0]).toEqual(lastTrade());
    expect(now.changes?.['trades']).toEqual([then.position?.['trades'], now.position?.['trades']]);
    for (const [name, [was, is]] of Object.entries(now.changes ?? {})) expect(was, name).not.toBe(is);
    expect([then.watermark, then.changes, then.asOf]).toEqual([null, null, checkpoints[0]]);
    for (const { eventTimeMs } of then.lastTrades)
      expect(eventTimeMs).toBeLessThanOrEqual(then.explanation.quoteTimeMs ?? NaN);
    const between = JSON.parse(
      (await ask(`/v1/explain/${symbol}?asOf=${checkpoints[1]}&since=${checkpoints[0]}`)).text,
    ) as SymbolExplanation;
    expect(between.changes).not.toBe(null);
    expect(codeOf(await ask('/v1/explain/NOPE'))).toBe('404 no-state');
    expect(codeOf(await ask(`/v1/explain/${symbol}?since=99999`))).toBe('404 unknown-checkpoint');
  });

  test('says what holds the watermark back', async () => {
    const watermark = JSON.parse((await ask('/v1/watermark')).text) as WatermarkExplanation;

    expect(watermark).toMatchObject({ heldBackBy: 'ended', behindGreatestMs: 0, isStale: false, feed: null });
    expect(watermark.why).toContain('The session is over: the watermark is the greatest event time seen');
    expect(watermark.tasks.map(({ behindSourceMs }) => behindSourceMs)).toEqual([0, 0]);
    expect(watermark.source.inputs).toMatchObject([{ state: 'ended' }]);
  });

  test('gives position rows with exact decimals, now and as of a checkpoint', async () => {
    const { rows } = JSON.parse((await ask('/v1/positions?sort=profit&order=descending')).text) as {
      rows: Record<string, unknown>[];
    };
    const profits = rows.map(({ profit }) => Number(profit));
    expect(profits).toEqual([...profits].sort((left, right) => right - left));
    expect(rows[0]['profit']).toMatch(/^-?\d+\.\d{2,}$/);
    const { checkpoints } = JSON.parse((await ask('/v1/jobs/session/checkpoints')).text) as { checkpoints: number[] };
    const symbol = String(rows[0]['symbol']);
    const then = JSON.parse((await ask(`/v1/positions/${symbol}?asOf=${checkpoints.at(-1)}`)).text) as {
      trades: number;
    };
    expect(then.trades).toBeLessThanOrEqual(Number(rows[0]['trades']));
  });

  test('refuses who does not know the token, another name, a page, and every verb that could write', async () => {
    expect(codeOf(await ask('/v1/overview', { authorization: 'Bearer wrong' }))).toBe('401 unauthorized');
    expect(codeOf(await ask('/v1/overview', { authorization: '' }))).toBe('401 unauthorized');
    expect(codeOf(await ask(`/v1/overview?token=${serving.token}`, { authorization: '' }))).toBe('401 unauthorized');
    expect(codeOf(await ask('/v1/overview', { host: 'evil.example' }))).toBe('421 wrong-host');
    expect(codeOf(await ask('/v1/overview', { host: '127.0.0.1' }))).toBe('421 wrong-host');
    expect(codeOf(await ask('/v1/overview', { origin: 'http://evil.example' }))).toBe('403 wrong-origin');
    expect(codeOf(await ask('/v1/overview', { origin: 'null' }))).toBe('403 wrong-origin');
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const answer = await ask('/v1/positions', {}, method);
      expect(codeOf(answer)).toBe('405 read-only');
      expect(answer.headers['allow']).toBe('GET, HEAD');
    }
    const { headers } = await ask('/v1/overview');
    expect(headers['access-control-allow-origin']).toBe(undefined);
    expect(headers['cache-control']).toBe('no-store');
  });

  test('says what is wrong with a question', async () => {
    expect(codeOf(await ask('/v1/positions/NOPE'))).toBe('404 no-state');
    expect(codeOf(await ask('/v1/jobs/other/states/position/values/A'))).toBe('404 unknown-job');
    expect(codeOf(await ask('/v1/jobs/session/states/other/values/A'))).toBe('404 unknown-state');
    expect(codeOf(await ask('/v1/positions?asOf=999999'))).toBe('404 unknown-checkpoint');
    expect(codeOf(await ask('/v1/positions?limit=0'))).toBe('400 bad-request');
    expect(codeOf(await ask('/v1/positions?colour=red'))).toBe('400 bad-request');
    expect(codeOf(await ask('/v1/positions?filter=profit'))).toBe('400 bad-request');
    expect(codeOf(await ask('/v1/positions?cursor=00'))).toBe('400 bad-question');
    expect(codeOf(await ask('/v1/overview?format=csv'))).toBe('400 bad-request');
    expect(codeOf(await ask('/v1/positions/%ff'))).toBe('400 bad-request');
    expect(codeOf(await ask('/v1/../../etc/passwd'))).toBe('404 unknown-path');
    expect(codeOf(await ask('//evil.example/v1/overview'))).toBe('404 unknown-path');
    const wide = await ask('/v1/overview', { 'x-filler': 'x'.repeat(20_000) });
    expect(wide.status).toBe(431);
  });

  test('pushes changes to who shows the token, and closes on who says too much', async () => {
    const url = `${serving.url.replace('http', 'ws')}/v1/push`;
    const headers = { authorization: `Bearer ${serving.token}` };
    expect(await refusalOf(new WebSocket(url))).toContain('401');
    expect(await refusalOf(new WebSocket(url, { headers, origin: 'http://evil.example' }))).toContain('403');
    expect(await refusalOf(new WebSocket(url.replace('push', 'other'), { headers }))).toContain('404');

    const { rows } = JSON.parse((await ask('/v1/positions')).text) as { rows: { symbol: string }[] };
    const socket = new WebSocket(url, { headers });
    const messages: { kind: string; id: number | null; changes?: unknown[] }[] = [];
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    socket.on('message', (data) => messages.push(JSON.parse(String(data)) as (typeof messages)[number]));
    await new Promise((resolve) => socket.once('open', resolve));
    const keys = rows.map(({ symbol }) => symbol);
    socket.send(JSON.stringify({ kind: 'subscribe', id: 7, job: 'session', state: 'position', keys }));
    socket.send('{"kind":"open-the-safe"}');
    for (let tries = 0; tries < 300 && messages.length < 2; tries += 1) await waitMs(10);
    expect(messages.map(({ kind, id }) => `${kind} ${id}`).sort()).toEqual(['changes 7', 'problem null']);
    expect(messages.find(({ kind }) => kind === 'changes')?.changes?.length).toBe(keys.length);
    for (let count = 0; count < 30; count += 1) socket.send('{}');
    expect(await closed).toBe(1008);
  });
});

function refusalOf(socket: WebSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.on('error', ({ message }) => resolve(message));
  });
}

describe('the token and the note of a running program', () => {
  test('are for their owner alone', () => {
    const mode = (path: string): number => statSync(path).mode & 0o777;
    expect(mode(serving.tokenPath)).toBe(0o600);
    expect(mode(join(folder, 'instances'))).toBe(0o700);
    const [name] = readdirSync(join(folder, 'instances'));
    expect(mode(join(folder, 'instances', name))).toBe(0o600);
    expect(readFileSync(join(folder, 'instances', name), 'utf8')).not.toContain(serving.token);
  });

  test('a token stays the same, and one that others may read is refused', () => {
    const own = temporaryFolder('token');
    const first = openTokenFile(own);
    expect(openTokenFile(own).token).toBe(first.token);
    expect(Buffer.from(first.token, 'base64url').length).toBe(32);
    expect(new TokenCheck(first.token).accepts(`Bearer ${first.token}`)).toBe(true);
    expect(new TokenCheck(first.token).accepts(first.token)).toBe(false);
    chmodSync(first.path, 0o644);
    expect(() => openTokenFile(own)).toThrow('may be read by others');
  });

  test('a note of a program that is gone, or that is none, is passed over and removed', () => {
    const own = temporaryFolder('instances');
    const alive = {
      pid: process.pid,
      kind: 'live',
      url: 'http://127.0.0.1:9',
      tokenPath: 'x',
      startedAtMs: 1,
    } as const;
    const takeBack = announceInstance(own, alive);
    announceInstance(own, { ...alive, pid: 2 ** 22 - 3 });
    mkdirSync(join(own, 'instances'), { recursive: true });
    writeFileSync(join(own, 'instances', '1-1.json'), '{"pid":1,"url":"http://evil.example"}');
    expect(findInstances(own)).toEqual([alive]);
    expect(readdirSync(join(own, 'instances')).length).toBe(1);
    takeBack();
    expect(findInstances(own)).toEqual([]);
  });
});
