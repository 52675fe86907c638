import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChainWriter, FIRST_PREVIOUS, parseRecord } from '../../engine/connectors/audit/audit-chain.ts';
import type { AuditEntry, AuditRecord } from '../../engine/connectors/audit/audit-record.ts';
import { exportAudit } from '../../engine/connectors/audit/export-audit.ts';
import { verifyExport, type AuditVerdict } from '../../engine/connectors/audit/verify-audit.ts';
import { sha256 } from '../../engine/core/sha256.node.ts';
import { AuditDesk } from '../support/audit-desk.ts';
import { MemoryStore, type StoreFault } from '../support/memory-store.ts';

const entries: fc.Arbitrary<AuditEntry> = fc.oneof(
  fc.record({ kind: fc.constant('kill' as const), details: fc.record({ by: fc.string({ unit: 'grapheme' }) }) }),
  fc.record({
    kind: fc.constant('quarantine' as const),
    details: fc.record({ rows: fc.dictionary(fc.string(), fc.nat()) }),
    sequence: fc.nat(),
  }),
  fc.record({
    kind: fc.constant('clock-jump' as const),
    details: fc.record({ byMs: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
  }),
);

/** A trail of several segments and runs, closed. */
const batches = fc.array(fc.array(entries, { minLength: 4, maxLength: 8 }), { minLength: 1, maxLength: 6 });

async function write(runs: readonly (readonly AuditEntry[])[]): Promise<AuditDesk> {
  const desk = new AuditDesk();
  for (const run of runs) {
    const trail = await desk.open({ segmentBytesMax: 300 });
    for (const [index, entry] of run.entries()) {
      trail.append(entry);
      desk.nowMs += 7;
      if (index % 2 === 1) await trail.flush();
    }
    await trail.close();
  }
  return desk;
}

function contentOf(desk: AuditDesk): Uint8Array {
  const names = [...desk.disk.values.keys()].sort();
  return Buffer.concat(names.map((name) => desk.disk.values.get(name) as Uint8Array));
}

/** The record in whose bytes two contents come apart. */
function firstDifference(before: Uint8Array, after: Uint8Array): number {
  let at = 0;
  while (at < before.length && before[at] === after[at]) at += 1;
  return before.subarray(0, at).filter((byte) => byte === 0x0a).length;
}

function lines(desk: AuditDesk, name: string): string[] {
  return Buffer.from(desk.disk.values.get(name) as Uint8Array)
    .toString('utf8')
    .split('\n')
    .slice(0, -1);
}
function setLines(desk: AuditDesk, name: string, all: readonly string[]): void {
  desk.disk.values.set(name, Buffer.from(all.map((line) => `${line}\n`).join('')));
}

interface Pick {
  readonly segment: number;
  readonly line: number;
  readonly other: number;
  readonly byte: number;
  readonly bit: number;
}
type Tampering = (desk: AuditDesk, names: readonly string[], pick: Pick) => void;

/** Ways in which somebody, or a disk, changes a trail. */
const tamperings: Readonly<Record<string, Tampering>> = {
  'a bit is flipped': (desk, names, { segment, byte, bit }) => {
    const bytes = (desk.disk.values.get(names[segment % names.length]) as Uint8Array).slice();
    bytes[byte % bytes.length] ^= 1 << bit;
    desk.disk.values.set(names[segment % names.length], bytes);
  },
  'a segment is cut': (desk, names, { segment, byte }) => {
    const bytes = desk.disk.values.get(names[segment % names.length]) as Uint8Array;
    desk.disk.values.set(names[segment % names.length], bytes.slice(0, byte % bytes.length));
  },
  'a record is removed': (desk, names, { segment, line }) => {
    const all = lines(desk, names[segment % names.length]);
    all.splice(line % all.length, 1);
    setLines(desk, names[segment % names.length], all);
  },
  'a record is put in twice': (desk, names, { segment, line, other }) => {
    const all = lines(desk, names[segment % names.length]);
    all.splice(other % (all.length + 1), 0, all[line % all.length]);
    setLines(desk, names[segment % names.length], all);
  },
  'two records change places': (desk, names, { segment, line, other }) => {
    const name = names[segment % names.length];
    const all = lines(desk, name);
    const [left, right] = [line % all.length, other % all.length];
    [all[left], all[right]] = [all[right], all[left]];
    setLines(desk, name, all);
  },
  'a segment is removed': (desk, names, { segment }) => {
    desk.disk.values.delete(names[segment % names.length]);
  },
  'two segments change places': (desk, names, { segment, other }) => {
    const left = segment % names.length;
    const right = (left + 1 + (other % (names.length - 1))) % names.length;
    const [first, second] = [left, right].map((index) => desk.disk.values.get(names[index]) as Uint8Array);
    desk.disk.values.set(names[left], second);
    desk.disk.values.set(names[right], first);
  },
  'a segment is put in twice': (desk, names, { segment, other }) => {
    const copied = desk.disk.values.get(names[segment % names.length]) as Uint8Array;
    const after = names[segment % names.length];
    desk.disk.values.set(`${after}-${other}`, copied);
  },
  'a record is written anew, with its own hash': (desk, names, { segment, line, other }) => {
    const name = names[segment % names.length];
    const all = lines(desk, name);
    const record = parseRecord(all[line % all.length]);
    if (record === null) return;
    const { hash: _, ...unsealed } = record;
    all[line % all.length] = new ChainWriter(FIRST_PREVIOUS, sha256).seal({
      ...unsealed,
      wallMs: unsealed.wallMs + 1 + other,
    }).line;
    setLines(desk, name, all);
  },
};

const picks = fc.record({
  segment: fc.nat(1_000),
  line: fc.nat(1_000),
  other: fc.nat(1_000),
  byte: fc.nat(100_000),
  bit: fc.nat(7),
});

function expectFirstBad(verdict: AuditVerdict, record: number): void {
  expect(verdict).toMatchObject({ kind: 'broken', finding: { record } });
}

describe('a trail that somebody has changed', () => {
  test('is intact before', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (runs) => {
        const desk = await write(runs);
        expect(await desk.verify()).toMatchObject({ kind: 'intact', records: 1 + runs.flat().length, breaks: [] });
      }),
      { numRuns: 60 },
    );
  });

  test.each(Object.entries(tamperings))('%s: the first bad record is named', async (_, tamper) => {
    await fc.assert(
      fc.asyncProperty(batches, picks, async (runs, pick) => {
        const desk = await write(runs);
        const before = contentOf(desk);
        expect(desk.disk.values.size).toBeGreaterThan(1);
        tamper(desk, [...desk.disk.values.keys()].sort(), pick);
        const after = contentOf(desk);
        // Some choices change nothing: a record in the place it had.
        fc.pre(Buffer.compare(before, after) !== 0);
        expectFirstBad(await desk.verify(), firstDifference(before, after));
      }),
      { numRuns: 150 },
    );
  });

  test('with all hashes made anew from some record on, is found by the anchor', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(1_000), async (runs, choice) => {
        const desk = await write(runs);
        const heads = runs.map((_, run) => runs.slice(0, run + 1).flat().length);
        const records = contentOfLines(desk).map((line) => parseRecord(line));
        const changed = 1 + (choice % (records.length - 1));
        const writer = new ChainWriter(FIRST_PREVIOUS, sha256);
        const forged = records.map((record, index) => {
          if (record === null) throw new Error('no record');
          const { hash: _hash, ...unsealed } = record;
          return writer.seal(index === changed ? { ...unsealed, who: 'eve' } : unsealed).line;
        });
        let at = 0;
        for (const name of [...desk.disk.values.keys()].sort()) {
          const { length } = lines(desk, name);
          setLines(desk, name, forged.slice(at, at + length));
          at += length;
        }
        expectFirstBad(await desk.verify(), heads.find((index) => index >= changed) as number);
      }),
      { numRuns: 100 },
    );
  });

  test('and exported and cut off at the end of a line, is found: the record that is missing', async () => {
    const desk = await write([[1, 2, 3, 4].map(() => ({ kind: 'kill', details: { by: 'ada' } }))]);
    const text: string[] = [];
    for await (const piece of exportAudit(new MemoryStore(desk.disk))) text.push(piece);
    const lineEnds = [...text.join('').matchAll(/\n/g)].map(({ index }) => index + 1);
    for (const [record, end] of lineEnds.slice(0, -1).entries()) {
      expectFirstBad(await verifyBytes(Buffer.from(text.join('').slice(0, end))), record + 1);
    }
  });

  test('and exported, is found in the export, as is an export whose end was cut off', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(), fc.nat(7), fc.boolean(), async (runs, at, bit, cut) => {
        const desk = await write(runs);
        let text = '';
        for await (const piece of exportAudit(new MemoryStore(desk.disk))) text += piece;
        const before = Buffer.from(text);
        expect(await verifyBytes(before)).toMatchObject({ kind: 'intact', records: 1 + runs.flat().length });

        const offset = at % (before.length - 1);
        const after = Buffer.from(before);
        after[offset] ^= 1 << bit;
        const whole = before.subarray(0, offset).filter((byte) => byte === 0x0a).length;
        // Without nothing but its line's end, a record is still what was written.
        const lineEndOnly = cut && before[offset] === 0x0a;
        expectFirstBad(await verifyBytes(cut ? before.subarray(0, offset) : after), lineEndOnly ? whole + 1 : whole);
      }),
      { numRuns: 200 },
    );
  });
});

function contentOfLines(desk: AuditDesk): string[] {
  return [...desk.disk.values.keys()].sort().flatMap((name) => lines(desk, name));
}

/** Splits as a file is split. */
function verifyBytes(bytes: Uint8Array): Promise<AuditVerdict> {
  async function* split(): AsyncGenerator<string | null> {
    await Promise.resolve();
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    for (let start = 0; start < bytes.length;) {
      const end = bytes.indexOf(0x0a, start) < 0 ? bytes.length : bytes.indexOf(0x0a, start);
      try {
        yield decoder.decode(bytes.subarray(start, end));
      } catch {
        yield null;
      }
      start = end + 1;
    }
  }
  return verifyExport(split(), 'audit.jsonl', sha256);
}

describe('a trail on a store that fails', () => {
  test('has every record that was flushed, once and in order, whatever fails and crashes', async () => {
    const kinds: readonly StoreFault[] = ['fails', 'full', 'stored-but-fails'];
    const steps = fc.array(fc.constantFrom('append', 'append', 'append', 'flush', 'crash'), { maxLength: 60 });
    const faults = fc.dictionary(fc.integer({ min: 1, max: 12 }).map(String), fc.constantFrom(...kinds));
    await fc.assert(
      fc.asyncProperty(steps, fc.array(faults, { maxLength: 6 }), async (script, plans) => {
        const desk = new AuditDesk();
        const faultsOfRuns = [...plans];
        const open = async (): ReturnType<AuditDesk['open']> => {
          for (;;) {
            const planned = Object.entries(faultsOfRuns.shift() ?? {}).map(
              ([call, fault]) => [Number(call), fault] as const,
            );
            const store = new MemoryStore(desk.disk, { faults: new Map(planned) });
            const trail = await desk.open({ segmentBytesMax: 400 }, store).catch(() => null);
            if (trail !== null) return trail;
          }
        };
        let trail = await open();
        let appended = 0;
        let safe = 0;
        for (const step of script) {
          if (step === 'append') trail.append({ kind: 'kill', details: { by: String((appended += 1)) } });
          else if (step === 'flush')
            await trail.flush().then(
              () => (safe = appended),
              () => undefined,
            );
          else {
            trail = await open();
            const find = (): Promise<AuditRecord | null> => trail.findLast(({ kind }) => kind === 'kill').catch(find);
            const last = await find();
            const told = last?.kind === 'kill' ? Number(last.details.by) : 0;
            expect(told).toBeGreaterThanOrEqual(safe);
            appended = safe = told;
          }
        }
        for (let attempt = 0; attempt < 15; attempt += 1) await trail.close().catch(() => undefined);
        const verdict = await desk.verify();
        expect(verdict).toMatchObject({ kind: 'intact', breaks: [] });
        const told = contentOfLines(desk).flatMap((line) => {
          const record = parseRecord(line);
          return record?.kind === 'kill' ? [Number(record.details.by)] : [];
        });
        expect(told).toEqual(Array.from({ length: appended }, (_, index) => index + 1));
      }),
      { numRuns: 300 },
    );
  });
});

test('a number that a flipped bit made infinite is a bad record like any other', async () => {
  const desk = await write([[{ kind: 'clock-jump', details: { byMs: 1.5e99 } }]]);
  const [name] = [...desk.disk.values.keys()].sort();
  const all = lines(desk, name);
  const at = all.findIndex((line) => line.includes('1.5e+99'));
  setLines(
    desk,
    name,
    all.map((line) => line.replace('1.5e+99', '1.5e999')),
  );

  expect(await desk.verify()).toMatchObject({
    kind: 'broken',
    finding: { record: at, expected: 'numbers that are finite' },
  });
});
