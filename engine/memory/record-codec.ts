import type { RecordLayout, StructShape } from './record-layout.ts';
import { layoutOf } from './record-layout.ts';
import type { SymbolDictionary } from './symbol-dictionary.ts';

/**
 * Generated views and encoders of fixed-layout records (build/decisions/0003). For
 *
 *   { symbol: 'symbol', bid: 'f64', levels: 'i32' }
 *
 * the text made below comes to
 *
 *   class quoteView {
 *     constructor(f, i, d, k) { this.$f = f; this.$i = i; this.$d = d; this.$k = k; this.$b = 0; }
 *     get bid() { return this.$f[this.$b]; }            set bid(v) { this.$f[this.$b] = v; }
 *     get levels() { return this.$i[(this.$b << 1) + 2]; }     ...
 *     get symbol() { return this.$d.textOf(this.symbolId); }
 *     get symbolId() { return this.$i[(this.$b << 1) + 3]; }   ...
 *   }
 *
 * One class per layout keeps every accessor monomorphic. Names come from job code and are checked to be identifiers.
 */

/** The numbers behind a view: `$f` and `$i` are two readings of the same bytes, `$b` is the record's first payload word. */
export interface RecordView {
  readonly kind: string;
  $f: Float64Array;
  $i: Int32Array;
  $b: number;
  toObject(): Record<string, unknown>;
}

/** Resolves the key of the record at hand, for views whose key field is not in the payload. */
export interface CurrentKeyName {
  currentKeyText(): string;
  currentKeySymbolId(): number;
}

export type RecordEncoder = (
  f: Float64Array,
  i: Int32Array,
  b: number,
  record: unknown,
  symbols: SymbolDictionary,
) => void;

export interface RecordCodec {
  readonly layout: RecordLayout;
  createView(f: Float64Array, i: Int32Array, symbols: SymbolDictionary, key: CurrentKeyName | null): RecordView;
  /** Copies a plain object or a view (of any thread's memory) into the payload at word `b`. Allocates nothing. */
  readonly encode: RecordEncoder;
}

function accessors(layout: RecordLayout): string {
  return layout.fields
    .map(({ name, type, index }) => {
      if (type === 'f64')
        return `get ${name}(){return this.$f[this.$b+${index}]} set ${name}(v){this.$f[this.$b+${index}]=v}`;
      if (type === 'i32')
        return `get ${name}(){return this.$i[(this.$b<<1)+${index}]} set ${name}(v){this.$i[(this.$b<<1)+${index}]=v}`;
      if (index < 0)
        return `get ${name}(){return this.$k.currentKeyText()} get ${name}Id(){return this.$k.currentKeySymbolId()}`;
      return (
        `get ${name}(){return this.$d.textOf(this.$i[(this.$b<<1)+${index}])} set ${name}(v){this.$i[(this.$b<<1)+${index}]=this.$d.idOf(v)} ` +
        `get ${name}Id(){return this.$i[(this.$b<<1)+${index}]} set ${name}Id(v){this.$i[(this.$b<<1)+${index}]=v}`
      );
    })
    .join('\n');
}

function viewSource(layout: RecordLayout): string {
  const copied = layout.fields.map(({ name }) => `${name}:this.${name}`).join(',');
  return `return class {
constructor(f,i,d,k){this.$f=f;this.$i=i;this.$d=d;this.$k=k;this.$b=0}
get kind(){return ${JSON.stringify(layout.shape.name)}}
${accessors(layout)}
toObject(){return {kind:this.kind,${copied}}}
toJSON(){return this.toObject()}
}`;
}

function encoderSource(layout: RecordLayout): string {
  const stores = layout.fields.map(({ name, type, index }) => {
    if (type === 'f64') return `f[b+${index}]=r.${name};`;
    if (type === 'i32') return `i[(b<<1)+${index}]=r.${name};`;
    if (index < 0) return '';
    return `{const n=r.${name}Id; i[(b<<1)+${index}]=n===undefined?d.idOf(r.${name}):n;}`;
  });
  return `return function encode(f,i,b,r,d){${stores.join('')}}`;
}

/** @param keyField a symbol field the payload leaves out, because the record's key is that symbol */
export function compileCodec(shape: StructShape, keyField: string | null = null): RecordCodec {
  const layout = layoutOf(shape, keyField);
  const ViewClass = new Function(viewSource(layout))() as new (
    f: Float64Array,
    i: Int32Array,
    symbols: SymbolDictionary,
    key: CurrentKeyName | null,
  ) => RecordView;
  const encode = new Function(encoderSource(layout))() as RecordEncoder;
  return { layout, encode, createView: (f, i, symbols, key) => new ViewClass(f, i, symbols, key) };
}
