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

/** Texts of the numbers that hold the 64-bit word or the 32-bit half word of an index. */
interface Places {
  readonly word: (index: number) => string;
  readonly half: (index: number) => string;
}

const IN_ONE_PIECE: Places = {
  word: (index) => `this.$f[this.$b+${index}]`,
  half: (index) => `this.$i[(this.$b<<1)+${index}]`,
};

/** A byte of a 32-bit half word: no third reading of the same memory is needed for it. */
function byteIn(half: string, index: number): string {
  return `${half}<<${24 - (index & 3) * 8}>>24`;
}

function withByte(half: string, index: number, value: string): string {
  const shift = (index & 3) * 8;
  return `${half}&${~(0xff << shift)}|(${value}&255)<<${shift}`;
}

function accessors(layout: RecordLayout, { word, half }: Places): string {
  return layout.fields
    .map(({ name, type, index }) => {
      if (type === 'f64') return `get ${name}(){return ${word(index)}} set ${name}(v){${word(index)}=v}`;
      if (type === 'i32') return `get ${name}(){return ${half(index)}} set ${name}(v){${half(index)}=v}`;
      if (type === 'i8') {
        const at = half(index >> 2);
        return `get ${name}(){return ${byteIn(at, index)}} set ${name}(v){${at}=${withByte(at, index, 'v')}}`;
      }
      if (index < 0)
        return `get ${name}(){return this.$k.currentKeyText()} get ${name}Id(){return this.$k.currentKeySymbolId()}`;
      return (
        `get ${name}(){return this.$d.textOf(${half(index)})} set ${name}(v){${half(index)}=this.$d.idOf(v)} ` +
        `get ${name}Id(){return ${half(index)}} set ${name}Id(v){${half(index)}=v}`
      );
    })
    .join('\n');
}

function viewSource(layout: RecordLayout, places: Places): string {
  const copied = layout.fields.map(({ name }) => `${name}:this.${name}`).join(',');
  return `return class {
constructor(f,i,d,k){this.$f=f;this.$i=i;this.$d=d;this.$k=k;this.$b=0;this.$o=0}
get kind(){return ${JSON.stringify(layout.shape.name)}}
${accessors(layout, places)}
toObject(){return {kind:this.kind,${copied}}}
toJSON(){return this.toObject()}
}`;
}

function encoderSource(layout: RecordLayout): string {
  const stores = layout.fields.map(({ name, type, index }) => {
    if (type === 'f64') return `f[b+${index}]=r.${name};`;
    if (type === 'i32') return `i[(b<<1)+${index}]=r.${name};`;
    if (type === 'i8') {
      const at = `i[(b<<1)+${index >> 2}]`;
      return `${at}=${withByte(at, index, `r.${name}`)};`;
    }
    if (index < 0) return '';
    return `{const n=r.${name}Id; i[(b<<1)+${index}]=n===undefined?d.idOf(r.${name}):n;}`;
  });
  return `return function encode(f,i,b,r,d){${stores.join('')}}`;
}

/** @param keyField a symbol field the payload leaves out, because the record's key is that symbol */
export function compileCodec(shape: StructShape, keyField: string | null = null): RecordCodec {
  const layout = layoutOf(shape, keyField);
  let encoder: RecordEncoder | null = null;
  return {
    layout,
    get encode() {
      encoder ??= new Function(encoderSource(layout))() as RecordEncoder;
      return encoder;
    },
    createView: (f, i, symbols, key) => new (viewClassOf(layout, shape, keyField))(f, i, symbols, key),
  };
}

type ViewClass = new (
  f: Float64Array,
  i: Int32Array,
  symbols: SymbolDictionary,
  key: CurrentKeyName | null,
) => RecordView;

const viewClasses = new Map<string, ViewClass>();

/** One class for equal records, as for equal structs: what was compiled for a ring fits the one that takes its place. */
function viewClassOf(layout: RecordLayout, shape: StructShape, keyField: string | null): ViewClass {
  const key = JSON.stringify([shape.name, shape.fields, keyField]);
  const known = viewClasses.get(key);
  if (known !== undefined) return known;
  const compiled = new Function(viewSource(layout, IN_ONE_PIECE))() as ViewClass;
  viewClasses.set(key, compiled);
  return compiled;
}

/**
 * A view over structs of which each lies in two pieces. `$b` is the first word of its front; `$o` is where a front at word 0
 * would have its back: that of the front at `$b` begins at `$o` + `$b` x (words of a back / words of a front).
 */
export interface SplitView extends RecordView {
  $o: number;
}

export interface SplitLayout {
  readonly layout: RecordLayout;
  readonly frontWords: number;
  /** 0, or a whole number of fronts. */
  readonly backWords: number;
  createView(f: Float64Array, i: Int32Array, symbols: SymbolDictionary): SplitView;
}

/**
 * For arrays of large structs: the first `frontWords` words of all structs stand together, then the others of all. What is
 * read of every struct is then not spread over the whole array. A struct that fits into a front has no back.
 */
export function compileSplitView(shape: StructShape, frontWords: number): SplitLayout {
  // One class for equal shapes: code that meets two of them stays as fast as with one.
  const key = JSON.stringify([shape.name, shape.fields, frontWords]);
  const known = splitLayouts.get(key);
  if (known !== undefined) return known;
  const compiled = compileSplit(shape, frontWords);
  splitLayouts.set(key, compiled);
  return compiled;
}

const splitLayouts = new Map<string, SplitLayout>();

function compileSplit(shape: StructShape, frontWords: number): SplitLayout {
  const layout = layoutOf(shape);
  const backs = Math.max(0, Math.ceil(layout.words / frontWords) - 1);
  const back = backs === 1 ? 'this.$o+this.$b' : `this.$o+this.$b*${backs}`;
  const places: Places = {
    word: (index) => (index < frontWords ? IN_ONE_PIECE.word(index) : `this.$f[${back}+${index - frontWords}]`),
    half: (index) =>
      index < frontWords * 2 ? IN_ONE_PIECE.half(index) : `this.$i[((${back})<<1)+${index - frontWords * 2}]`,
  };
  const ViewClass = new Function(viewSource(layout, backs === 0 ? IN_ONE_PIECE : places))() as new (
    f: Float64Array,
    i: Int32Array,
    symbols: SymbolDictionary,
    key: CurrentKeyName | null,
  ) => SplitView;
  return {
    layout,
    frontWords: backs === 0 ? layout.words : frontWords,
    backWords: backs * frontWords,
    createView: (f, i, symbols) => new ViewClass(f, i, symbols, null),
  };
}
