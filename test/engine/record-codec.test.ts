import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { struct, toObject } from '../../engine/api/struct.ts';
import { compileCodec } from '../../engine/memory/record-codec.ts';
import { layoutOf } from '../../engine/memory/record-layout.ts';
import { createSymbolMemory, SymbolDictionary } from '../../engine/memory/symbol-dictionary.ts';

const fieldName = fc
  .stringMatching(/^[a-z_][A-Za-z0-9]{0,8}$/)
  .filter((name) => !['kind', 'constructor', 'toObject', 'toJSON'].includes(name) && !name.endsWith('Id'));
const shapes = fc.dictionary(
  fieldName,
  fc.constantFrom('f64' as const, 'i32' as const, 'i8' as const, 'symbol' as const),
  {
    minKeys: 1,
    maxKeys: 12,
  },
);

describe('a record codec', () => {
  test('gives back what was put in, for any fields, wherever the record lies', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.array(
          fc.tuple(fc.double(), fc.integer(), fc.string({ unit: 'binary' }), fc.integer({ min: -128, max: 127 })),
          { minLength: 12, maxLength: 12 },
        ),
        fc.integer({ min: 0, max: 5 }),
        (fields, values, at) => {
          const symbols = new SymbolDictionary();
          const codec = compileCodec(struct('thing', fields));
          const numbers = new Float64Array(32);
          const integers = new Int32Array(numbers.buffer);
          const record = Object.fromEntries(
            Object.entries(fields).map(([name, type], index) => [
              name,
              values[index][{ f64: 0, i32: 1, symbol: 2, i8: 3 }[type]],
            ]),
          );
          codec.encode(numbers, integers, at, record, symbols);
          const view = codec.createView(numbers, integers, symbols, null);
          view.$b = at;
          expect(toObject(view)).toEqual({ kind: 'thing', ...record });
          expect(JSON.parse(JSON.stringify(view))).toEqual(JSON.parse(JSON.stringify({ kind: 'thing', ...record })));

          const copy = new Float64Array(32);
          codec.encode(copy, new Int32Array(copy.buffer), 0, view, symbols);
          expect([...new Int32Array(copy.buffer).slice(0, codec.layout.words * 2)]).toEqual([
            ...integers.slice(at * 2, (at + codec.layout.words) * 2),
          ]);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('lays fields out as they are declared, narrow ones into what is left', () => {
    const places = (fields: Parameters<typeof struct>[1]): readonly (readonly [string, number])[] =>
      layoutOf(struct('thing', fields)).fields.map(({ name, index }) => [name, index]);
    expect(places({ bid: 'f64', flags: 'i8', side: 'i8', count: 'i32', ask: 'f64', last: 'i8' })).toEqual([
      ['bid', 0],
      ['flags', 8],
      ['side', 9],
      ['count', 3],
      ['ask', 2],
      ['last', 10],
    ]);
    expect(places({ symbol: 'symbol', bid: 'f64', size: 'i32', ask: 'f64', rest: 'i32' })).toEqual([
      ['symbol', 0],
      ['bid', 1],
      ['size', 1],
      ['ask', 2],
      ['rest', 6],
    ]);
  });

  test('keeps bytes that share a word apart', () => {
    const codec = compileCodec(struct('flags', { a: 'i8', b: 'i8', c: 'i8', d: 'i8', e: 'i8' }));
    const numbers = new Float64Array(codec.layout.words);
    const view = codec.createView(numbers, new Int32Array(numbers.buffer), new SymbolDictionary(), null) as unknown as {
      a: number;
      b: number;
      c: number;
      d: number;
      e: number;
    };
    Object.assign(view, { a: -1, b: 1, c: -128, d: 127, e: -2 });
    view.b = 255;
    view.d = -128;
    expect([view.a, view.b, view.c, view.d, view.e]).toEqual([-1, -1, -128, -128, -2]);
    expect(codec.layout.words).toBe(1);
  });

  test('writes through a view', () => {
    const symbols = new SymbolDictionary();
    const codec = compileCodec(struct('tick', { symbol: 'symbol', price: 'f64', size: 'i32' }));
    const numbers = new Float64Array(2);
    const view = codec.createView(numbers, new Int32Array(numbers.buffer), symbols, null) as unknown as {
      symbol: string;
      price: number;
      size: number;
      symbolId: number;
    };
    view.price = 1.5;
    view.size = 2 ** 31;
    view.symbol = 'AAPL';
    expect([view.price, view.size, view.symbol, view.symbolId]).toEqual([
      1.5,
      -(2 ** 31),
      'AAPL',
      symbols.idOf('AAPL'),
    ]);
  });

  test('takes a symbol by its number where the record brings one', () => {
    const symbols = new SymbolDictionary();
    symbols.idOf('first');
    const codec = compileCodec(struct('tick', { symbol: 'symbol' }));
    const numbers = new Float64Array(1);
    const integers = new Int32Array(numbers.buffer);
    codec.encode(numbers, integers, 0, { symbol: '', symbolId: symbols.idOf('MSFT') }, symbols);
    expect(codec.createView(numbers, integers, symbols, null).toObject()).toEqual({ kind: 'tick', symbol: 'MSFT' });
  });

  test('leaves the key out of the payload: a quote is one cache line with its header', () => {
    const quote = struct('quote', {
      symbol: 'symbol',
      bid: 'f64',
      bidSize: 'f64',
      ask: 'f64',
      askSize: 'f64',
      sequence: 'f64',
    });
    expect([layoutOf(quote).words, layoutOf(quote, 'symbol').words]).toEqual([6, 5]);
    expect(() => layoutOf(quote, 'bid')).toThrow("can only be keyed by name on a symbol field; 'bid' is f64");
  });

  test.each(['kind', 'toObject', '$b', 'two words', '1st', ''])("refuses a field called '%s'", (name) => {
    expect(() => struct('thing', { [name]: 'f64' })).toThrow(/thing/);
  });

  test('refuses a field that hides the number of a symbol', () => {
    expect(() => struct('thing', { symbol: 'symbol', symbolId: 'f64' })).toThrow(
      "it is the number of symbol field 'symbol'",
    );
  });

  test('refuses a symbol that is no text, and says what it found', () => {
    const numbers = new Float64Array(1);
    const encode = (): void =>
      compileCodec(struct('tick', { symbol: 'symbol' })).encode(
        numbers,
        new Int32Array(numbers.buffer),
        0,
        { symbol: 7 },
        new SymbolDictionary(),
      );
    expect(encode).toThrow('A symbol field must hold a string; found 7 (number).');
  });
});

describe('the symbol dictionary', () => {
  test('gives threads the same numbers for the same strings, whoever asks first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'binary', maxLength: 12 }), fc.boolean()), { maxLength: 200 }),
        (asked) => {
          const memory = createSymbolMemory({ symbolsMax: 256 });
          const threads = [new SymbolDictionary(memory), new SymbolDictionary(memory)];
          const model = new Map<string, number>();
          for (const [text, first] of asked) {
            const id = threads[first ? 0 : 1].idOf(text);
            if (!model.has(text)) model.set(text, model.size);
            expect(id).toBe(model.get(text));
            expect(threads[first ? 1 : 0].textOf(id)).toBe(text);
          }
          expect(threads[0].count).toBe(model.size);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('says when it is full, and for a number it never gave', () => {
    const symbols = new SymbolDictionary(createSymbolMemory({ symbolsMax: 2 }));
    symbols.idOf('a');
    symbols.idOf('b');
    expect(() => symbols.idOf('c')).toThrow('The symbol dictionary is full: 2 of 2 strings');
    expect(symbols.idOf('a')).toBe(0);
    expect(() => symbols.textOf(2)).toThrow('Symbol 2 was never given out; there are 2.');
  });

  test('takes long and odd strings', () => {
    const memory = createSymbolMemory({ symbolsMax: 8, unitsMax: 10_000 });
    const odd = ['', '\ud800', 'x'.repeat(5000), '\u0000'];
    const ids = odd.map((text) => new SymbolDictionary(memory).idOf(text));
    expect(ids.map((id) => new SymbolDictionary(memory).textOf(id))).toEqual(odd);
  });
});
