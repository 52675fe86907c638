import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSymbolMemory, SymbolDictionary, textsFrom } from '../../engine/memory/symbol-dictionary.ts';

/** More than are looked for together, some of them twice, some of them empty. */
const texts = fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { minLength: 1, maxLength: 150 });

test('strings in columns get the numbers they get one by one, known or new', () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat(149)), (strings, known) => {
      const memory = createSymbolMemory({ symbolsMax: 512 });
      const before = new SymbolDictionary(memory);
      for (const index of known) if (index < strings.length) before.idOf(strings[index]);

      const ids = new SymbolDictionary(memory).idsOf(textsFrom(strings.map((text, index) => [index, text])));

      expect([...ids]).toEqual(strings.map((text) => before.idOf(text)));
      expect(before.count).toBe(new Set([...strings, ...known.flatMap((index) => strings[index] ?? [])]).size);
    }),
  );
});
