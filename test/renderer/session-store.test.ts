import { expect, test } from 'vitest';
import type { SessionInfo, StorageNote, StorageStatus } from '../../engine/contract/window.ts';
import { makeSessionStore } from '../../renderer/stores/session-store.ts';
import { pageOf } from './job-page-maker.ts';

const note = (number: number, severity: 'note' | 'warning'): StorageNote => ({
  number,
  wallMs: 0,
  kind: severity === 'warning' ? 'copy-set-aside' : 'opened',
  severity,
  message: `what happened ${number}`,
});
const kept = (...notes: readonly StorageNote[]): StorageStatus => ({
  kind: 'kept',
  where: 'the vault',
  values: 1,
  copies: [],
  nearlyFull: false,
  notes,
});

test('each warning of the store is told once, however often the engine tells the whole state', () => {
  const session = makeSessionStore();
  expect(session.setStorage(kept(note(1, 'note')), 0)).toEqual([]);
  expect(session.setStorage(kept(note(1, 'note'), note(2, 'warning')), 0)).toHaveLength(1);
  expect(session.setStorage(kept(note(1, 'note'), note(2, 'warning')), 0)).toEqual([]);
  expect(session.getState().problems).toHaveLength(1);

  // A new engine counts from 1 again.
  expect(session.setStorage(kept(note(1, 'warning')), 0)).toHaveLength(1);
});

test('state that is not kept is a problem of its own, told once', () => {
  const session = makeSessionStore();
  const lost: StorageStatus = {
    kind: 'not-kept',
    reason: 'lost',
    message: 'It is lost.',
    nearlyFull: false,
    notes: [],
  };
  expect(session.setStorage(lost, 0)).toEqual([
    { code: 'storage-lost', message: 'State is not kept. It is lost.', where: null },
  ]);
  expect(session.setStorage(lost, 0)).toEqual([]);
});

test('the numbers of a job go with it: when its session is closed, opened anew, or the engine has stopped', () => {
  const session = makeSessionStore();
  const info: SessionInfo = {
    inputs: [],
    mode: 'simulated',
    positionsPath: null,
    profile: null,
    speed: { kind: 'max' },
  };
  const show = (): void => session.setJobPage(pageOf([], []));
  const isShown = (): boolean => session.getState().jobPage !== null;

  show();
  session.setStatus({ kind: 'paused' }, info);
  expect(isShown()).toBe(true);

  session.setStatus({ kind: 'opening' }, info);
  expect(isShown()).toBe(false);

  show();
  const problem = { code: 'engine-stopped', message: 'The engine has stopped.', where: null };
  session.setStatus({ kind: 'failed', problem }, null);
  expect(isShown()).toBe(false);

  show();
  session.setStatus({ kind: 'none' }, null);
  expect(isShown()).toBe(false);
});
