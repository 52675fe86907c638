import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AUDIT_ANCHOR, osUser } from '../../engine/connectors/audit/audit-anchor-file.node.ts';
import { openAuditTrail } from '../../engine/connectors/audit/open-audit-trail.node.ts';
import { openStateFolder } from '../../engine/connectors/storage/state-folder.node.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { flinktrade } from './cli-kit.ts';

const SEGMENT = 'audit/0000000000000000';

/** A state folder whose trail has the genesis record and `count` more. */
async function writeTrail(folder: string, count: number): Promise<void> {
  const store = await openStateFolder(folder, () => undefined);
  const trail = await openAuditTrail(store, join(folder, AUDIT_ANCHOR), (error) => expect.fail(String(error)));
  for (let index = 0; index < count; index += 1) {
    trail.append({ kind: 'quarantine', details: { rows: { 'bad-time': index } }, sequence: index });
  }
  await trail.close();
  await store.close();
}

/** As somebody does who knows the store and has the program. */
async function rewrite(folder: string, change: (text: string) => string): Promise<void> {
  const store = await openStateFolder(folder, () => undefined);
  const before = Buffer.from((await store.get(SEGMENT)) as Uint8Array).toString('utf8');
  await store.put(SEGMENT, Buffer.from(change(before)));
  await store.close();
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesUnder(path) : [path];
  });
}

describe('flinktrade audit', () => {
  test('verify says how much there is, and that it is intact', async () => {
    const folder = temporaryFolder('audit');
    await writeTrail(join(folder, 'state'), 40);

    const run = await flinktrade(['audit', 'verify', 'state'], { folder });

    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^records {3}41\nspan {6}\d{4}-.*Z to \d{4}-.*Z\ntrail {5}\w{16}\nhead {6}\w{64}\nanchored {2}up to record 40\nverdict {3}intact\n$/,
    );
  });

  test('verify names the first bad record of a trail that was changed, and leaves with 1', async () => {
    const folder = temporaryFolder('audit');
    await writeTrail(join(folder, 'state'), 40);
    await rewrite(join(folder, 'state'), (text) => text.replace('{"bad-time":20}', '{"bad-time":2}'));

    const run = await flinktrade(['audit', 'verify', 'state'], { folder });

    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(
      new RegExp(
        `^NOT INTACT {2}record 21 is the first bad one\nwhere {7}${SEGMENT}, line 22\nexpected {4}hash \\w{64}.*\nfound {7}hash \\w{64}\n$`,
      ),
    );
  });

  test('verify finds a trail that was cut, by its anchor, and one whose copies are both damaged', async () => {
    const folder = temporaryFolder('audit');
    await writeTrail(join(folder, 'cut'), 40);
    await rewrite(join(folder, 'cut'), (text) => text.split('\n').slice(0, 30).join('\n') + '\n');
    await writeTrail(join(folder, 'damaged'), 40);
    for (const path of filesUnder(join(folder, 'damaged'))) {
      const bytes = readFileSync(path);
      const at = bytes.indexOf('{"bad-time":20}');
      if (at < 0) continue;
      bytes[at + 12] ^= 1;
      writeFileSync(path, bytes);
    }

    const cut = await flinktrade(['audit', 'verify', 'cut'], { folder });
    const damaged = await flinktrade(['audit', 'verify', 'damaged'], { folder });

    expect(cut).toMatchObject({ code: 1 });
    expect(cut.stdout).toContain('record 30 is the first bad one');
    expect(cut.stdout).toContain(`audit-anchor tells of records up to 40`);
    expect(damaged).toMatchObject({ code: 1 });
    expect(damaged.stdout).toContain('record 0 is the first bad one');
    expect(damaged.stdout).toContain('a damaged value');
  });

  test('export writes what verify can read, and a cut export is found', async () => {
    const folder = temporaryFolder('audit');
    await writeTrail(join(folder, 'state'), 10);

    expect(await flinktrade(['audit', 'export', 'state', '-o', 'audit.jsonl'], { folder })).toMatchObject({ code: 0 });
    const whole = await flinktrade(['audit', 'verify', 'audit.jsonl'], { folder });
    const lines = readFileSync(join(folder, 'audit.jsonl'), 'utf8').split('\n');
    writeFileSync(join(folder, 'cut.jsonl'), `${lines.slice(0, 8).join('\n')}\n`);
    const cut = await flinktrade(['audit', 'verify', 'cut.jsonl'], { folder });
    const printed = await flinktrade(['audit', 'export', 'state', '-o', '-'], { folder });

    expect(whole).toMatchObject({ code: 0 });
    expect(whole.stdout).toContain('verdict   intact');
    expect(lines).toHaveLength(13);
    expect(JSON.parse(lines[1])).toMatchObject({ index: 1, kind: 'quarantine', who: osUser() });
    expect(cut).toMatchObject({ code: 1 });
    // Records 0 to 7 are as they were written; the next one is what is missing.
    expect(cut.stdout).toContain('record 8 is the first bad one');
    expect(printed.stdout).toBe(lines.join('\n'));
  });

  test.each([
    [['audit'], 2, 'audit does one of two things'],
    [['audit', 'look', 'x'], 2, 'found "look"'],
    [['audit', 'verify'], 2, 'takes one path; found 0'],
    [['audit', 'verify', 'a', 'b'], 2, 'takes one path; found 2'],
    [['audit', 'verify', 'a', '-o', 'b'], 2, 'writes no file'],
    [['audit', 'export', 'a'], 2, 'needs where to write'],
    [['audit', 'verify', 'nowhere'], 3, 'nowhere cannot be read'],
    [['audit', 'verify', 'plain'], 3, 'plain is no state folder'],
    [['audit', 'verify', 'empty'], 3, 'There is no audit trail in empty'],
  ])('%j leaves with %i and says why', async (words, code, text) => {
    const folder = temporaryFolder('audit');
    mkdirSync(join(folder, 'plain'));
    await (await openStateFolder(join(folder, 'empty'), () => undefined)).close();
    const run = await flinktrade(words, { folder });
    expect(run.code).toBe(code);
    expect(run.stderr).toContain(text);
  });
});
