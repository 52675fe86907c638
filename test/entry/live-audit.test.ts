import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AuditRecord } from '../../engine/connectors/audit/audit-record.ts';
import { damageCheckpoints, newestCheckpoint } from '../support/damaged-checkpoints.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { serveFeed } from '../support/served-feed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ofKind, toldAudit } from '../support/told-audit.ts';
import { CLI, flinktrade } from './cli-kit.ts';

const live = (url: string, words: readonly string[]): readonly string[] => [
  'live',
  url,
  '--positions',
  'p.csv',
  '--state',
  'state',
  '--checkpoint-interval-ms',
  '150',
  ...words,
];

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** A life that a crash ends; `act` is what happens in it. */
async function life(
  words: readonly string[],
  folder: string,
  act: (child: ChildProcess) => Promise<void>,
): Promise<void> {
  const child = spawn(process.execPath, [CLI, ...words], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const isLive = new Promise<void>((done) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('The feed is live')) done();
    });
  });
  await isLive;
  await act(child);
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** What has a place in the stream, without when and where it was told. */
function streamOf(records: readonly AuditRecord[]): readonly unknown[] {
  const ofStream = ['trade', 'rules', 'kill', 'rearm', 'clock-jump'];
  return records
    .filter(({ kind }) => ofStream.includes(kind))
    .map(({ kind, sequence, details }) => ({ kind, sequence, details }));
}

/** One may have been under way, and one have come while the folder was read: the third began after what happened before. */
async function threeCheckpoints(state: string): Promise<void> {
  const before = newestCheckpoint(state);
  while (newestCheckpoint(state) < before + 3) await pause(20);
}

/** More by `FLINKTRADE_KILLS=N`, others by `FLINKTRADE_SEED=N`. */
const kills = Math.max(7, Number(process.env['FLINKTRADE_KILLS'] ?? 9));
const seed = Number(process.env['FLINKTRADE_SEED'] ?? 23);

describe(
  `the audit trail of a live session (${kills} kills, seed ${seed})`,
  { timeout: 30_000 + kills * 12_000 },
  () => {
    test('has every trade once and in the order of their quotes, with the rules it was made by, however often it is killed', async () => {
      const folder = temporaryFolder('live-audit');
      const feed = await serveFeed(folder, ['--quotes-per-second', '3000', '--garbage', '900']);
      const rules = { version: 1, defaults: { askOffset: '0.02' } };
      writeFileSync(join(folder, 'rules.json'), JSON.stringify(rules));
      const random = seededRandom(seed);
      for (let kill = 0; kill < kills; kill += 1) {
        const words = ['--workers', String(1 + (kill % 3)), ...(kill < 3 ? [] : ['--rules', 'rules.json'])];
        const rearm = kill === 6 ? ['--rearm', 'looked into'] : [];
        await life(live(feed.url, [...words, ...rearm]), folder, async (child) => {
          await pause(random() * 800);
          if (kill === 5) child.kill('SIGUSR2');
          // What nobody has journaled yet may be gone with the crash.
          if (kill === 5 || kill === 6 || kill === 3) await threeCheckpoints(join(folder, 'state'));
        });
        // Then the one before it is gone on from, behind which the trail tells of more.
        if (kill % 5 === 4) damageCheckpoints(join(folder, 'state'), 1);
      }
      const last = await flinktrade(
        live(feed.url, ['--rules', 'rules.json', '--for', '1', '--trades', 'last.csv', '--report', 'last.json']),
        { folder },
      );
      expect(last.code, last.stderr).toBe(0);

      const records = await toldAudit(folder, 'state');
      const trades = ofKind(records, 'trade');
      const sequences = trades.map(({ sequence }) => sequence ?? -1);
      expect(sequences).toEqual([...new Set(sequences)].sort((left, right) => left - right));
      const final = readFileSync(join(folder, 'last.csv'), 'utf8').trim().split('\n').slice(1);
      expect(trades.length).toBeGreaterThan(20);
      expect(trades.map(({ details }) => details.id).sort()).toEqual(final.map((line) => line.split(',')[0]).sort());

      // The journal is the witness: what a replay of it, in one life, tells of the stream.
      const replayed = ['replay', '--journal', 'state', '--positions', 'p.csv', '--state', 'witness', '--report', '-'];
      const witness = await flinktrade(replayed, { folder });
      expect(witness.code, witness.stderr).toBe(0);
      expect(streamOf(records)).toEqual(streamOf(await toldAudit(folder, 'witness')));

      const changes = ofKind(records, 'rules');
      expect(changes.map(({ details }) => details)).toEqual([{ version: 2, rules }]);
      const changedAt = changes[0].sequence ?? NaN;
      for (const { sequence, details } of trades) {
        expect(details.rulesVersion).toBe((sequence ?? 0) < changedAt ? 1 : 2);
        // The task that traded knew the same rules as whoever tells of it.
        expect(details.decision?.rulesVersion).toBe(details.rulesVersion);
      }
      expect(ofKind(records, 'kill').map(({ details }) => details)).toEqual([{ by: 'SIGUSR2' }]);
      expect(ofKind(records, 'rearm').map(({ details }) => details)).toEqual([{ by: 'looked into' }]);
      expect(ofKind(records, 'session-start')).toHaveLength(1);
      expect(ofKind(records, 'session-end').map(({ details }) => details.outcome)).toEqual(['ended']);
      expect(ofKind(records, 'recovery')).toHaveLength(kills);
      const quarantined = ofKind(records, 'quarantine').flatMap(({ details }) => Object.values(details.rows));
      expect(quarantined.reduce((sum, rows) => sum + rows, 0)).toBeGreaterThan(3);
    });
  },
);
