import { expect, test } from 'vitest';
import { DurableTrades, readTrades } from '../../engine/connectors/sinks/durable-trades.ts';
import { FILE_TRADE_WORDS, TRADE_WORDS } from '../../engine/connectors/sinks/trade-run.ts';
import { tradeDecision } from '../../engine/connectors/sinks/trade-decision.ts';
import type { RulesDocument } from '../../engine/contract/rules.ts';
import { SessionAudit } from '../../engine/entry/session/session-audit.ts';
import { LatestTrades, TradeDecisions } from '../../engine/entry/session/trade-decisions.ts';
import { AuditDesk } from '../support/audit-desk.ts';
import { MemoryDisk, MemoryStore } from '../support/memory-store.ts';

const FIRST: RulesDocument = { version: 1, defaults: { askOffset: '0.01' } };
const SECOND: RulesDocument = { version: 1, defaults: { askOffset: '0.02' } };
/** More than are kept in memory. */
const MANY = 10_050;
const CENT = 1_000_000;

/** Trade `index` of A: 1 of `MANY - index` shares at 10 and a cent for each before. */
function wordsOf(index: number, rulesVersion = 1): Float64Array {
  const price = 1_000 * CENT + index * CENT;
  const decided = [1e6, price + CENT, -1, (MANY - index) * 1e6, rulesVersion, 60_000, 60_000, 63_000, 63_000];
  return Float64Array.of(index, index, 0, 1e6, price, 900 * CENT, price - CENT, price + CENT, ...decided);
}

test('the latest trades are explained from memory, older ones and older rules from the audit trail', async () => {
  const trail = await new AuditDesk().open();
  const audit = new SessionAudit(trail, 'monday');
  await audit.begin({ inputs: ['s.csv'], workers: 1, rules: FIRST });
  const latest = new LatestTrades();
  const words = new Float64Array(MANY * TRADE_WORDS);
  for (let index = 0; index < MANY; index += 1) {
    words.set(wordsOf(index), index * TRADE_WORDS);
    latest.add(words, index * TRADE_WORDS, 'A');
  }
  audit.complete(1, { words, trades: MANY, nameOf: () => 'A' });

  const whileItRuns = new TradeDecisions(latest, FIRST, audit);
  const forgetful = new TradeDecisions(latest, FIRST, null);
  const afterARestart = new TradeDecisions(new LatestTrades(), SECOND, audit);

  const newest = await whileItRuns.explain(`${MANY - 1}-A`);
  expect(newest).toMatchObject({ sharesHeld: { before: '1', after: '0' }, rules: { askOffset: '0.01' } });
  expect(await forgetful.explain(`${MANY - 1}-A`)).toEqual(newest);
  const oldest = await whileItRuns.explain('0-A');
  expect(oldest).toMatchObject({ price: '10.00', sharesHeld: { before: String(MANY) }, rules: { askOffset: '0.01' } });
  expect(await forgetful.explain('0-A')).toBe(null);
  expect(await afterARestart.explain('0-A')).toMatchObject({ price: '10.00', quote: { bidSize: '1', askSize: null } });
  expect(await whileItRuns.explain('0-B')).toBe(null);
  expect(await whileItRuns.explain('nonsense')).toBe(null);
});

test('rules are those of the version that decided, also when they were changed before the session was gone on with', async () => {
  const desk = new AuditDesk();
  const audit = new SessionAudit(await desk.open(), 'monday');
  await audit.begin({ inputs: ['s.csv'], workers: 1, rules: FIRST });
  audit.take({ kind: 'happened', sequence: 1, entry: { kind: 'rules', details: { version: 2, rules: SECOND } } });
  const words = Float64Array.from([...wordsOf(0), ...wordsOf(1, 2)]);
  audit.complete(1, { words, trades: 2, nameOf: () => 'A' });
  const latest = new LatestTrades();
  latest.add(words, 0, 'A');
  latest.add(words, TRADE_WORDS, 'A');

  const decisions = new TradeDecisions(latest, FIRST, audit);

  expect((await decisions.explain('0-A'))?.rules?.askOffset).toBe('0.01');
  expect((await decisions.explain('1-A'))?.rules?.askOffset).toBe('0.02');
  const withoutTrail = new TradeDecisions(latest, FIRST, null);
  expect(await withoutTrail.explain('1-A')).toMatchObject({ rulesVersion: 2, rules: null });
});

test('questions that need the trail are answered one after the other, and too many of them are refused', async () => {
  const audit = new SessionAudit(await new AuditDesk().open(), 'monday');
  const decisions = new TradeDecisions(new LatestTrades(), FIRST, audit);

  const asked = Array.from({ length: 10 }, (_, index) => decisions.explain(`${index}-A`));
  const answers = await Promise.allSettled(asked);

  expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(2);
  expect(await decisions.explain('0-A')).toBe(null);
});

test('what decided is stored with a trade and comes back; trades that were stored before that have none', async () => {
  const store = new MemoryStore(new MemoryDisk());
  const durable = new DurableTrades(
    store,
    () => '',
    () => 'A',
  );
  durable.add(wordsOf(5), 0);
  durable.mark(1);
  const [value] = await durable.prepare(1);
  const { words } = await readTrades(store, () => '', value);
  expect(tradeDecision(words, 0)).toMatchObject({ bidSize: '1', sharesBefore: String(MANY - 5), rulesVersion: 1 });

  const header = new TextEncoder().encode('{"version":1,"trades":1,"symbols":[[0,"A"]]}'.padEnd(48));
  const bytes = new Uint8Array(8 + header.length + FILE_TRADE_WORDS * 8);
  new Int32Array(bytes.buffer, 0, 2).set([0x31_44_52_54, header.length]);
  bytes.set(header, 8);
  new Float64Array(bytes.buffer, 8 + header.length).set(wordsOf(5).subarray(0, FILE_TRADE_WORDS));
  await store.put('trades/old', bytes);
  const old = await readTrades(store, () => '', { name: 'trades/old', sha256: '', trades: 1, level: 0 });
  expect([old.words[1], tradeDecision(old.words, 0)]).toEqual([5, null]);
});
