import { describe, expect, test } from 'vitest';
import { parseAnchor } from '../../engine/connectors/audit/audit-anchor.ts';
import type { AuditTrail } from '../../engine/connectors/audit/audit-trail.ts';
import { AuditDesk } from '../support/audit-desk.ts';
import { MemoryStore } from '../support/memory-store.ts';

const HALT = { kind: 'kill', details: { by: 'keyboard' } } as const;

function appendHalts(trail: AuditTrail, count: number): void {
  for (let index = 0; index < count; index += 1) trail.append({ ...HALT, sequence: index });
}

describe('an audit trail', () => {
  test('begins with a genesis record and binds each record to the one before', async () => {
    const desk = new AuditDesk();
    const trail = await desk.open();
    expect(trail.append(HALT)).toBe(1);
    await trail.close();

    expect(await desk.verify()).toMatchObject({
      kind: 'intact',
      trail: 'trail-1',
      records: 2,
      first: { kind: 'genesis', who: 'ada', run: 'run-1' },
      last: { kind: 'kill', details: { by: 'keyboard' }, sequence: null, wallMs: desk.nowMs, monotonicMs: 1_000 },
      anchoredUntil: 1,
      breaks: [],
    });
  });

  test('goes on where it ended, in the next run of the program', async () => {
    const desk = new AuditDesk();
    for (const count of [3, 2]) {
      const trail = await desk.open();
      appendHalts(trail, count);
      await trail.close();
    }

    expect(await desk.verify()).toMatchObject({ kind: 'intact', records: 6, last: { run: 'run-2', index: 5 } });
    expect(desk.disk.values.size, 'small runs share a segment').toBe(1);
  });

  test('stores many records in one put, and those that come meanwhile in the next', async () => {
    const desk = new AuditDesk();
    const trail = await desk.open();
    const before = desk.store.calls;

    appendHalts(trail, 5_000);
    const first = trail.flush();
    appendHalts(trail, 10);
    const second = trail.flush();
    expect(trail.flush()).toBe(second);
    await Promise.all([first, second]);

    expect(desk.store.calls - before).toBeLessThanOrEqual(2);
    await trail.close();
    expect(await desk.verify()).toMatchObject({ kind: 'intact', records: 5_011 });
  });

  test('stores by itself what nobody flushed', async () => {
    const desk = new AuditDesk();
    const trail = await desk.open();
    trail.append(HALT);
    await desk.pass(199);
    expect(new TextDecoder().decode(desk.disk.values.get('audit/0000000000000000'))).not.toContain('keyboard');
    await desk.pass(1);
    expect(new TextDecoder().decode(desk.disk.values.get('audit/0000000000000000'))).toContain('keyboard');
    await trail.close();
    expect(desk.timerCount).toBe(0);
  });

  test('keeps what a full store did not take, says so, and stores it when there is room', async () => {
    const desk = new AuditDesk();
    const trail = await desk.open();
    desk.disk.isFull = true;
    trail.append(HALT);
    await expect(trail.flush()).rejects.toMatchObject({ kind: 'full' });
    trail.append(HALT);
    await desk.pass(1_000);
    expect(desk.failures).toMatchObject([{ kind: 'full' }]);

    desk.disk.isFull = false;
    await desk.pass(1_000);
    await trail.close();

    expect(await desk.verify()).toMatchObject({ kind: 'intact', records: 3 });
  });

  test('leaves no timer behind when it is closed while the store is full', async () => {
    const desk = new AuditDesk();
    const trail = await desk.open();
    trail.append(HALT);
    await trail.flush();
    desk.disk.isFull = true;
    trail.append(HALT);

    await expect(trail.close()).rejects.toMatchObject({ kind: 'full' });

    expect(desk.timerCount).toBe(0);
  });

  test('writes its head outside of the store every hour, and when it is closed', async () => {
    const desk = new AuditDesk();
    const trail = await desk.open();
    for (let hour = 0; hour < 3; hour += 1) {
      trail.append(HALT);
      await desk.pass(3_600_000);
      await desk.pass(0);
    }
    const heads = parseAnchor(desk.anchor.text ?? '')?.heads.map(({ index }) => index);
    expect(heads).toEqual([0, 1, 2, 3]);
    await trail.close();
    expect(desk.timerCount).toBe(0);
  });

  test('finds the last record of a kind, stored or not, in any segment', async () => {
    const desk = new AuditDesk();
    const trail = await desk.open({ segmentBytesMax: 500 });
    trail.append({ kind: 'rescale', details: { from: 1, to: 2, pauseMs: 3 } });
    for (let round = 0; round < 5; round += 1) {
      appendHalts(trail, 3);
      await trail.flush();
    }
    appendHalts(trail, 1);

    expect(desk.disk.values.size).toBeGreaterThan(2);
    expect(await trail.findLast(({ kind }) => kind === 'rescale')).toMatchObject({ index: 1, details: { to: 2 } });
    expect(await trail.findLast(({ kind }) => kind === 'kill')).toMatchObject({ index: 17 });
    expect(await trail.findLast(({ kind }) => kind === 'recovery')).toBeNull();
  });

  test('that lost its store goes on with a record that says so, and is not intact', async () => {
    const desk = new AuditDesk();
    const trail = await desk.open();
    appendHalts(trail, 4);
    await trail.close();
    desk.disk.values.clear();

    await (await desk.open()).close();

    const stored = new TextDecoder().decode([...desk.disk.values.values()][0]);
    expect([...desk.disk.values.keys()]).toEqual(['audit/0000000000000005']);
    expect(stored).toContain('tells of record 4; the trail in the store ends with record -1.');
    expect(await desk.verify()).toMatchObject({ kind: 'broken', finding: { record: 0 } });
  });

  test('whose newest segment is damaged goes on behind it, and the damage is found', async () => {
    const desk = new AuditDesk();
    const trail = await desk.open();
    appendHalts(trail, 4);
    await trail.close();
    const [[name, bytes]] = desk.disk.values;
    desk.disk.values.set(name, bytes.subarray(0, bytes.length - 10));

    const next = await desk.open();
    appendHalts(next, 1);
    await next.close();

    expect(await desk.verify()).toMatchObject({ kind: 'broken', finding: { record: 4, where: `${name}, line 5` } });
    expect(await next.findLast(({ kind }) => kind === 'trail-break')).toMatchObject({ index: 5 });
  });

  test('whose anchor is gone is intact but for the record that says so', async () => {
    const desk = new AuditDesk();
    const trail = await desk.open();
    appendHalts(trail, 1);
    await trail.close();
    desk.anchor.text = null;
    expect(await desk.verify()).toMatchObject({
      kind: 'broken',
      finding: { record: 2, where: 'anchor in memory', found: 'no such file' },
    });

    await (await desk.open()).close();

    expect(await desk.verify()).toMatchObject({
      kind: 'intact',
      records: 3,
      breaks: [{ index: 2, kind: 'trail-break', details: { problem: 'The anchor anchor in memory is gone.' } }],
    });
  });

  test('that crashed before its first record was stored begins with the very record its anchor has', async () => {
    const desk = new AuditDesk();
    const faults = new Map([[3, 'fails' as const]]);
    await expect(desk.open({}, new MemoryStore(desk.disk, { faults }))).rejects.toMatchObject({ kind: 'failed' });
    expect(desk.anchor.text).not.toBeNull();
    expect(desk.disk.values.size).toBe(0);

    desk.nowMs += 5_000;
    await (await desk.open()).close();

    expect(await desk.verify()).toMatchObject({ kind: 'intact', records: 1, first: { run: 'run-1' }, breaks: [] });
  });

  test('of nothing, with no anchor, is empty', async () => {
    expect(await new AuditDesk().verify()).toEqual({ kind: 'empty' });
  });

  test('refuses what JSON cannot say exactly', async () => {
    const trail = await new AuditDesk().open();
    expect(() => trail.append({ kind: 'clock-jump', details: { byMs: NaN } })).toThrow('found number NaN');
    expect(trail.append({ kind: 'clock-jump', details: { byMs: -3.5 } }), 'it took no number').toBe(1);
  });
});
