import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { NEARLY_FULL_BYTES, ROOM_AGAIN_BYTES } from '../../electron/main/disk-watch.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fillUp, freeBytes, MB, smallDisk } from '../support/small-disk.ts';
import { bundleVaultProgram, expectationOf, foundIn, mismatches, runVault } from '../support/vault-runs.ts';

const desktop = inject('desktop');
beforeAll(bundleVaultProgram);

test('a disk that fills up is told before a write fails; nothing is lost; with room again all goes on by itself', async ({
  skip,
}) => {
  const disk = smallDisk(420);
  if (disk === null) return skip('a small disk can only be mounted by root');
  const ballast = join(disk, 'ballast');
  const profile = join(disk, 'profile');
  const run = runVault(desktop, 'trickle', profile);
  onTestFinished(() => run.kill());
  const event = (kind: string) => run.until((report) => report.kind === 'event' && report.event.kind === kind);
  await run.until(({ kind }) => kind === 'stored');
  expect(freeBytes(disk)).toBeGreaterThan(ROOM_AGAIN_BYTES);

  fillUp(ballast, NEARLY_FULL_BYTES - 20 * MB);
  await event('nearly-full');
  expect(run.reports.filter(({ kind }) => kind === 'unstored')).toEqual([]);

  for (let round = 0; round < 2; round += 1) {
    fillUp(ballast, 0);
    const failed = run.reports.length;
    const unstored = await run.until((report) => report.kind === 'unstored' && run.reports.indexOf(report) >= failed);
    expect(unstored).toMatchObject({ kind: 'unstored', reason: 'full' });
    rmSync(ballast);
    const from = run.reports.length;
    await run.until((report) => report.kind === 'stored' && run.reports.indexOf(report) >= from + 5);
  }
  await event('room-again');
  await run.kill();

  for (const time of [1, 2]) {
    const reading = runVault(desktop, 'read', profile);
    await reading.ended;
    expect(reading.reports.at(-1), `reading ${time}`).toEqual({ kind: 'whole', copies: [true, true] });
    expect(mismatches(expectationOf(run.reports), foundIn(reading.reports))).toEqual([]);
  }
});

test('a database that is deleted while it is in use is noticed, and rebuilt from the other copy', async () => {
  const profile = join(temporaryFolder('vault-deleted'), 'profile');
  const run = runVault(desktop, 'trickle', profile);
  onTestFinished(() => run.kill());
  await run.until(({ kind }) => kind === 'stored');
  process.kill(run.child.pid ?? 0, 'SIGUSR2');
  await run.until((report) => report.kind === 'event' && report.event.kind === 'copy-rebuilt');
  const from = run.reports.length;
  await run.until((report) => report.kind === 'stored' && run.reports.indexOf(report) >= from + 5);
  await run.kill();
  expect(run.reports.filter(({ kind }) => kind === 'unstored')).toEqual([]);

  const reading = runVault(desktop, 'read', profile);
  await reading.ended;
  expect(reading.reports.at(-1)).toEqual({ kind: 'whole', copies: [true, true] });
  expect(mismatches(expectationOf(run.reports), foundIn(reading.reports))).toEqual([]);
});

test('a page of the vault that hangs is ended and started again, and what it was asked is done', async () => {
  const profile = join(temporaryFolder('vault-hung'), 'profile');
  const run = runVault(desktop, 'trickle', profile);
  onTestFinished(() => run.kill());
  await run.until(({ kind }) => kind === 'stored');
  process.kill(run.child.pid ?? 0, 'SIGWINCH');
  await run.until((report) => report.kind === 'event' && report.event.kind === 'copy-restarted');
  const from = run.reports.length;
  await run.until((report) => report.kind === 'stored' && run.reports.indexOf(report) >= from + 5);
  await run.kill();
  expect(run.reports.filter(({ kind }) => kind === 'unstored')).toEqual([]);

  const reading = runVault(desktop, 'read', profile);
  await reading.ended;
  expect(reading.reports.at(-1)).toEqual({ kind: 'whole', copies: [true, true] });
  expect(mismatches(expectationOf(run.reports), foundIn(reading.reports))).toEqual([]);
});
