import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 as zlibCrc32, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryBytes } from '../../engine/connectors/decode/byte-source.ts';
import { openSession } from '../../engine/connectors/files/open-session.node.ts';
import { crc32 } from '../../engine/connectors/recording/crc32.ts';
import { inspectSession } from '../../engine/connectors/recording/inspect-session.node.ts';
import { forEachMerged, recordSession } from '../../engine/connectors/recording/record-session.node.ts';
import { RecordingInput } from '../../engine/connectors/recording/recording-input.ts';
import { RecordingWriter, type RecordingSink } from '../../engine/connectors/recording/recording-writer.ts';
import { InputError } from '../../engine/connectors/sources/input-error.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import type { MemoryQuotes } from '../../engine/connectors/sources/memory-quotes.ts';
import { createRandom } from '../../engine/connectors/simulator/prng.ts';
import { MarketSimulator } from '../../engine/connectors/simulator/market-simulator.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { drain, playAll, quotesAt, readerOf, RecordedOutput } from './session-kit.ts';

class MemorySink implements RecordingSink {
  readonly #parts: Uint8Array[] = [];

  write(bytes: Uint8Array): void {
    this.#parts.push(bytes.slice());
  }

  digest(): Uint8Array {
    return createHash('sha256').update(this.bytes()).digest();
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }
}

const ABOUT = { createdBy: 'test', inputs: ['x'], profiles: ['csv'] };
const ORIGIN = { rows: 0, quarantined: 0, ignored: 0, quarantinedByReason: {} };

/** A recording of some 20,000 simulated quotes: three blocks and their symbols. */
function simulatedRecording(): Uint8Array {
  const symbols = new SymbolTable();
  const market = new MarketSimulator(createRandom(3), symbols, { durationMs: 10_000 });
  const sink = new MemorySink();
  const writer = new RecordingWriter(sink, crc32, (symbol) => symbols.name(symbol), ABOUT);
  while (market.fill() === 'filled')
    for (let index = 0; index < market.batch.to; index += 1) writer.add(market.batch, index);
  writer.finish(ORIGIN);
  return sink.bytes();
}

async function read(bytes: Uint8Array, chunkBytes = 65_536, symbols = new SymbolTable()) {
  const input = await RecordingInput.open(new MemoryBytes('r.ftrec', bytes, chunkBytes), symbols);
  return { ...(await drain(input, symbols)), input };
}

async function errorOf(bytes: Uint8Array): Promise<Error | null> {
  try {
    return (await read(bytes)).error;
  } catch (error) {
    return error as Error;
  }
}

describe('a recording', () => {
  const whole = simulatedRecording();

  test('gives back the quotes it was made of, in chunks of any size, also where the session knows the symbols by other numbers', async () => {
    const symbols = new SymbolTable();
    const market = new MarketSimulator(createRandom(3), symbols, { durationMs: 10_000 });
    const original = (await drain(market, symbols)).quotes;
    const others = new SymbolTable();
    others.intern('OTHER');

    expect(original.length).toBeGreaterThan(15_000);
    expect((await read(whole)).quotes).toEqual(original);
    expect((await read(whole, 37)).quotes).toEqual(original);
    expect((await read(whole, 100_003, others)).quotes).toEqual(original);
    expect((await read(whole)).input.footer).toMatchObject({ quotes: original.length, symbols: 240 });
  });

  test('is the same to the byte when it is made again', () => {
    expect(Buffer.from(simulatedRecording()).equals(Buffer.from(whole))).toBe(true);
  });

  test('describes itself in its header', async () => {
    const { input } = await read(whole);

    expect(input.header).toMatchObject({
      format: 'flinktrade-recording',
      version: 1,
      createdBy: 'test',
      inputs: ['x'],
    });
    expect(input.header.quoteColumns.map(({ name }) => name)).toEqual([
      'eventTimeMs',
      'bid',
      'bidSize',
      'ask',
      'askSize',
      'symbol',
    ]);
  });

  test('with any byte flipped is damaged, and gives only quotes that were recorded', async () => {
    const good = (await read(whole)).quotes;
    const trailerHash = whole.length - 32;
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        fc.pre(at < trailerHash);
        const damaged = whole.slice();
        damaged[at] = damaged[at] ^ flip;
        try {
          const { quotes, error } = await read(damaged);
          expect(error).toBeInstanceOf(InputError);
          expect(quotes).toEqual(good.slice(0, quotes.length));
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('cut anywhere is damaged, and says at which block and byte and what is intact', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        expect(await errorOf(whole.subarray(0, length))).toBeInstanceOf(InputError);
      }),
      { numRuns: 40 },
    );
    const half = await errorOf(whole.subarray(0, Math.floor(whole.length / 2)));

    expect(half?.message).toMatch(
      /The recording r\.ftrec is damaged at byte \d+: it ends at byte \d+, inside block \d+ \(block \d+\)\. The 8192 quotes before it are intact\./,
    );
  });

  test('of another version, with a block taken out, or with something behind it is refused', async () => {
    const version = whole.slice();
    version[8] = 9;
    const input = (await read(whole)).input;
    const [first, second] = (input.footer?.index ?? []) as readonly (readonly number[])[];
    const cutOut = Buffer.concat([whole.subarray(0, first?.[0]), whole.subarray(second?.[0])]);

    expect((await errorOf(version))?.message).toMatch(/version 9; this program reads versions 1 and 2/);
    expect((await errorOf(new Uint8Array(cutOut)))?.message).toMatch(/one is missing, repeated or moved/);
    expect((await errorOf(new Uint8Array(Buffer.concat([whole, Buffer.from('x')]))))?.message).toContain(
      'something follows its trailer',
    );
  });

  test('keeps controls at their places in the stream', async () => {
    const symbols = new SymbolTable();
    const quotes = quotesAt(symbols, 'm', [
      ['A', 1],
      ['A', 2],
      ['A', 3],
    ]);
    const sink = new MemorySink();
    const writer = new RecordingWriter(sink, crc32, (symbol) => symbols.name(symbol), ABOUT);
    quotes.fill();
    writer.addControl({ kind: 'rules', version: 1 });
    writer.add(quotes.batch, 0);
    writer.add(quotes.batch, 1);
    writer.addControl({ kind: 'halt' });
    writer.addControl({ kind: 'rearm' });
    writer.add(quotes.batch, 2);
    writer.addControl({ kind: 'halt' });
    writer.finish(ORIGIN);
    const into = new SymbolTable();
    const output = new RecordedOutput();
    await playAll(readerOf([await RecordingInput.open(new MemoryBytes('r', sink.bytes()), into)], into), output);

    expect(output.log.filter((line) => !line.startsWith('watermark'))).toEqual([
      'control {"kind":"rules","version":1}@-Infinity',
      'quote 0 A@1',
      'quote 1 A@2',
      'control {"kind":"halt"}@2',
      'control {"kind":"rearm"}@2',
      'quote 2 A@3',
      'control {"kind":"halt"}@3',
    ]);
  });

  test('has the checksums of zlib', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 0xffff_ffff }), (bytes, start) => {
        expect(crc32(bytes, start)).toBe(zlibCrc32(bytes, start));
      }),
    );
  });
});

test('a recording of any inputs plays as the inputs do', async () => {
  const times = fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 3000 })), {
    maxLength: 15,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(times, { minLength: 1, maxLength: 3 }), fc.nat(20), async (inputs, outOfOrdernessMs) => {
      const symbols = new SymbolTable();
      const opened = (): MemoryQuotes[] =>
        inputs.map((each, which) =>
          quotesAt(
            symbols,
            `${which}`,
            each.map((time) => [`S${(time + which) % 4}`, time] as const),
          ),
        );
      const options = { outOfOrdernessMs, maxFutureMs: 500 };
      const straight = new RecordedOutput();
      expect(await playAll(readerOf(opened(), symbols, options), straight)).toBeNull();

      const sink = new MemorySink();
      const writer = new RecordingWriter(sink, crc32, (symbol) => symbols.name(symbol), ABOUT);
      await forEachMerged(opened(), (input, index) => {
        if (index < input.batch.to) writer.add(input.batch, index);
      });
      writer.finish(ORIGIN);
      const into = new SymbolTable();
      const recorded = new RecordedOutput();
      const input = await RecordingInput.open(new MemoryBytes('r', sink.bytes(), 1000), into);
      expect(await playAll(readerOf([input], into, options), recorded)).toBeNull();

      expect(recorded.log).toEqual(straight.log);
    }),
    { numRuns: 100 },
  );
});

describe('recording a session', () => {
  const TEXT = [
    'symbol,eventTimeMs,bid,bidSize,ask,askSize',
    'B,1000,1,1,2,1',
    'A,1000,2,1,2,1',
    'A,1000,2,1,2,1',
    'A,x,2,1,2,1',
    'A,999,3,1,2,',
    'A,99999999,1,1,2,1',
    'A,1005,,,2,1',
    'A,1006,1,1,,',
    'B,1006,,,,',
  ].join('\n');

  test('keeps late and far-future quotes, so that a replay of it gives the same stream', async () => {
    const folder = temporaryFolder('recording');
    const source = join(folder, 's.csv.gz');
    const file = join(folder, 's.ftrec');
    writeFileSync(source, gzipSync(TEXT));
    const { footer } = await recordSession([source], null, file);
    const logs: string[][] = [];
    const totals = [];
    for (const path of [source, file]) {
      const session = await openSession([path], null);
      const reader = readerOf(session.inputs, session.symbols);
      const output = new RecordedOutput();
      expect(await playAll(reader, output)).toBeNull();
      logs.push(output.log);
      totals.push(reader.totals());
      await session.close();
    }

    expect(logs[1]).toEqual(logs[0]);
    expect(totals[0]).toMatchObject({
      rows: 9,
      quotes: 8,
      late: 1,
      quarantined: 2,
      quarantinedByReason: { 'bad-time': 1, future: 1 },
    });
    expect(totals[1]).toMatchObject({
      rows: 8,
      quotes: 8,
      late: 1,
      quarantined: 1,
      quarantinedByReason: { future: 1 },
    });
    expect(footer).toMatchObject({ quotes: 8, symbols: 2, origin: { rows: 9, quarantined: 1, ignored: 0 } });
  });

  test('tells its oddities, the same from the file and from its recording', async () => {
    const folder = temporaryFolder('recording');
    const source = join(folder, 's.csv');
    writeFileSync(source, TEXT);
    await recordSession([source], 'csv', join(folder, 's.ftrec'));
    const fromCsv = await inspectSession([source], null);
    const fromRecording = await inspectSession([join(folder, 's.ftrec')], null);

    expect(fromCsv.oddities).toEqual(fromRecording.oddities);
    expect(fromCsv.oddities).toMatchObject({
      quotes: 8,
      symbols: [
        { symbol: 'A', quotes: 6 },
        { symbol: 'B', quotes: 2 },
      ],
      locked: 2,
      crossed: 1,
      noBid: 1,
      noAsk: 1,
      noSides: 1,
      unknownSizes: 1,
      unchangedRepeats: 1,
      outOfOrder: 4,
      quotesPerMsMax: 3,
      gaps: [{ fromMs: 1000, toMs: 99999999 }],
    });
    expect(fromCsv).toMatchObject({ rows: 9, quarantined: 1, quarantinedByReason: { 'bad-time': 1 } });
    expect(fromRecording.recordings[0]?.footer.origin).toMatchObject({ rows: 9, quarantined: 1 });
  });

  test('whose blocks were made to hold together is still found out by the hash of the whole', async () => {
    const folder = temporaryFolder('recording');
    const file = join(folder, 's.ftrec');
    writeFileSync(join(folder, 's.csv'), TEXT);
    await recordSession([join(folder, 's.csv')], null, file);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    writeFileSync(file, bytes);

    await expect(inspectSession([file], null)).rejects.toThrow(/not what was written/);
  });

  test('of an input that is damaged, or onto its own input, leaves no file', async () => {
    const folder = temporaryFolder('recording');
    const source = join(folder, 's.csv.gz');
    const packed = gzipSync(TEXT.repeat(50));
    writeFileSync(source, packed.subarray(0, packed.length - 20));

    await expect(recordSession([source], null, join(folder, 'out.ftrec'))).rejects.toThrow(/cut short/);
    expect(existsSync(join(folder, 'out.ftrec')) || existsSync(join(folder, 'out.ftrec.part'))).toBe(false);
    await expect(recordSession([source], null, source)).rejects.toThrow(/is an input/);
  });
});
