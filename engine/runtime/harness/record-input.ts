import type { StructType } from '../../api/struct.ts';
import { compileCodec, type RecordCodec, type RecordView } from '../../memory/record-codec.ts';
import type { SymbolDictionary } from '../../memory/symbol-dictionary.ts';
import type { KeyTable } from '../../state/key-table.ts';

/**
 * Hands values to a function as the running engine would: those of a declared struct as a reused view on bytes (so that
 * a function that keeps one is found out), all others as they are.
 */
export class RecordInput {
  private readonly codecs = new Map<string, { codec: RecordCodec; view: RecordView }>();
  private readonly symbols: SymbolDictionary;

  constructor(structs: readonly StructType[], keyField: string | null, keyTable: KeyTable, symbols: SymbolDictionary) {
    this.symbols = symbols;
    for (const shape of structs) {
      const codec = compileCodec(shape, keyField);
      const numbers = new Float64Array(Math.max(1, codec.layout.words));
      const view = codec.createView(numbers, new Int32Array(numbers.buffer), symbols, keyTable);
      this.codecs.set(shape.name, { codec, view });
    }
  }

  valueOf(value: unknown): unknown {
    if (this.codecs.size === 0) return value;
    const kind = this.codecs.size === 1 ? [...this.codecs.keys()][0] : (value as { kind: string }).kind;
    const entry = this.codecs.get(kind);
    if (entry === undefined)
      throw new TypeError(
        `The harness was given structs ${[...this.codecs.keys()].join(', ')}; a record of kind '${String(kind)}' is none of them.`,
      );
    entry.codec.encode(entry.view.$f, entry.view.$i, 0, value, this.symbols);
    return entry.view;
  }
}
