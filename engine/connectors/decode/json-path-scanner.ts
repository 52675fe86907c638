import { fromUtf8, toUtf8 } from '../../core/utf8.ts';

/**
 * Finds the values of a few paths in one JSON text, by bytes, in one pass: `data.b`, `0.price`. Everything else is
 * checked for being JSON and skipped; nothing is built, so numbers keep all their digits and a line of megabytes costs
 * no memory. Of a key that occurs twice the last one counts, as in JSON.parse.
 */
export type JsonPath = readonly string[];

interface PathNode {
  slot: number;
  readonly names: string[];
  readonly keys: Uint8Array[];
  readonly children: PathNode[];
}

/** Deeper nesting is refused as malformed: market data has a handful of levels. */
const DEPTH_MAX = 64;
const FAILED = -1;

export class JsonPathScanner {
  /** Bounds of each path's value in the text: strings without their quotes; absent and null are empty. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly #root: PathNode = { slot: -1, names: [], keys: [], children: [] };
  #bytes = new Uint8Array(0);
  #to = 0;
  #depth = 0;

  /** @param spareSlots slots behind those of the paths that the caller fills himself */
  constructor(paths: readonly JsonPath[], spareSlots = 0) {
    this.starts = new Int32Array(paths.length + spareSlots);
    this.ends = new Int32Array(paths.length + spareSlots);
    paths.forEach((path, slot) => this.#addPath(path, slot));
  }

  /** @returns whether bytes[from, to) is one JSON value. Escaped strings are decoded in place. */
  scan(bytes: Uint8Array, from: number, to: number): boolean {
    this.starts.fill(0);
    this.ends.fill(0);
    this.#bytes = bytes as Uint8Array<ArrayBuffer>;
    this.#to = to;
    this.#depth = 0;
    const end = this.#value(from, this.#root);
    return end !== FAILED && this.#blanks(end) === to;
  }

  #addPath(path: JsonPath, slot: number): void {
    let node = this.#root;
    for (const name of path) {
      let index = node.names.indexOf(name);
      if (index < 0) {
        index = node.names.length;
        node.names.push(name);
        node.keys.push(toUtf8.encode(name));
        node.children.push({ slot: -1, names: [], keys: [], children: [] });
      }
      node = node.children[index];
    }
    node.slot = slot;
  }

  #value(from: number, node: PathNode | null): number {
    const at = this.#blanks(from);
    if (at >= this.#to) return FAILED;
    const byte = this.#bytes[at];
    switch (byte) {
      case 34: {
        const end = this.#string(at);
        if (end !== FAILED && node !== null && node.slot >= 0) this.#keepString(node.slot, at + 1, end - 1);
        return end;
      }
      case 123:
      case 91: {
        if (this.#depth === DEPTH_MAX) return FAILED;
        this.#depth += 1;
        const end = byte === 123 ? this.#object(at + 1, node) : this.#array(at + 1, node);
        this.#depth -= 1;
        return this.#keep(node, at, end);
      }
      case 110: {
        const end = this.#word(at, 'null');
        return end === FAILED ? end : this.#keep(node, end, end);
      }
      case 116:
        return this.#keep(node, at, this.#word(at, 'true'));
      case 102:
        return this.#keep(node, at, this.#word(at, 'false'));
      default:
        return this.#keep(node, at, this.#number(at));
    }
  }

  #keep(node: PathNode | null, from: number, end: number): number {
    if (end !== FAILED && node !== null && node.slot >= 0) {
      this.starts[node.slot] = from;
      this.ends[node.slot] = end;
    }
    return end;
  }

  /** Decoded text is never longer than its escapes, so it fits where it stands. */
  #keepString(slot: number, from: number, to: number): void {
    this.starts[slot] = from;
    this.ends[slot] = to;
    const bytes = this.#bytes;
    let escaped = false;
    for (let at = from; at < to; at += 1) if (bytes[at] === 92) escaped = true;
    if (!escaped) return;
    const text = toUtf8.encode(this.#decoded(from, to));
    bytes.set(text, from);
    // The rest of the string becomes blanks inside its quotes, which a later look at the line can still read.
    bytes.fill(32, from + text.length, to);
    this.ends[slot] = from + text.length;
  }

  #decoded(from: number, to: number): string {
    return JSON.parse(`"${fromUtf8.decode(this.#bytes.subarray(from, to))}"`) as string;
  }

  #object(from: number, node: PathNode | null): number {
    let at = this.#blanks(from);
    if (this.#bytes[at] === 125 && at < this.#to) return at + 1;
    for (;;) {
      at = this.#blanks(at);
      if (at >= this.#to || this.#bytes[at] !== 34) return FAILED;
      const keyEnd = this.#string(at);
      if (keyEnd === FAILED) return FAILED;
      const child = node === null || node.names.length === 0 ? null : this.#childByKey(node, at + 1, keyEnd - 1);
      at = this.#blanks(keyEnd);
      if (at >= this.#to || this.#bytes[at] !== 58) return FAILED;
      at = this.#value(at + 1, child);
      if (at === FAILED) return FAILED;
      at = this.#blanks(at);
      if (at >= this.#to) return FAILED;
      if (this.#bytes[at] === 125) return at + 1;
      if (this.#bytes[at] !== 44) return FAILED;
      at += 1;
    }
  }

  #array(from: number, node: PathNode | null): number {
    let at = this.#blanks(from);
    if (this.#bytes[at] === 93 && at < this.#to) return at + 1;
    for (let index = 0; ; index += 1) {
      const child = node === null || node.names.length === 0 ? null : childByName(node, String(index));
      at = this.#value(at, child);
      if (at === FAILED) return FAILED;
      at = this.#blanks(at);
      if (at >= this.#to) return FAILED;
      if (this.#bytes[at] === 93) return at + 1;
      if (this.#bytes[at] !== 44) return FAILED;
      at += 1;
    }
  }

  #childByKey(node: PathNode, from: number, to: number): PathNode | null {
    const bytes = this.#bytes;
    for (let index = 0; index < node.keys.length; index += 1) {
      const key = node.keys[index];
      if (key.length !== to - from) continue;
      let same = 0;
      while (same < key.length && key[same] === bytes[from + same]) same += 1;
      if (same === key.length) return node.children[index];
    }
    for (let at = from; at < to; at += 1) if (bytes[at] === 92) return childByName(node, this.#decoded(from, to));
    return null;
  }

  /** @param from at the opening quote; @returns behind the closing one */
  #string(from: number): number {
    const bytes = this.#bytes;
    const to = this.#to;
    let at = from + 1;
    while (at < to) {
      const byte = bytes[at];
      if (byte === 34) return at + 1;
      if (byte < 32) return FAILED;
      if (byte !== 92) {
        at += 1;
        continue;
      }
      const escape = bytes[at + 1];
      if (escape === 117) {
        if (at + 6 > to || !isHex4(bytes, at + 2)) return FAILED;
        at += 6;
      } else {
        // " \ / b f n r t
        if (!(
          escape === 34 ||
          escape === 92 ||
          escape === 47 ||
          escape === 98 ||
          escape === 102 ||
          escape === 110 ||
          escape === 114 ||
          escape === 116
        ))
          return FAILED;
        at += 2;
      }
    }
    return FAILED;
  }

  #number(from: number): number {
    const bytes = this.#bytes;
    let at = bytes[from] === 45 ? from + 1 : from;
    const whole = at;
    at = this.#digits(at);
    if (at === whole || (bytes[whole] === 48 && at > whole + 1)) return FAILED;
    if (at < this.#to && bytes[at] === 46) {
      const fraction = at + 1;
      at = this.#digits(fraction);
      if (at === fraction) return FAILED;
    }
    if (at < this.#to && (bytes[at] === 101 || bytes[at] === 69)) {
      at += 1;
      if (at < this.#to && (bytes[at] === 43 || bytes[at] === 45)) at += 1;
      const exponent = at;
      at = this.#digits(at);
      if (at === exponent) return FAILED;
    }
    return at;
  }

  #digits(at: number): number {
    while (at < this.#to && this.#bytes[at] >= 48 && this.#bytes[at] <= 57) at += 1;
    return at;
  }

  #word(from: number, word: string): number {
    if (from + word.length > this.#to) return FAILED;
    for (let index = 0; index < word.length; index += 1) {
      if (this.#bytes[from + index] !== word.charCodeAt(index)) return FAILED;
    }
    return from + word.length;
  }

  #blanks(at: number): number {
    const bytes = this.#bytes;
    while (at < this.#to && (bytes[at] === 32 || bytes[at] === 9 || bytes[at] === 13 || bytes[at] === 10)) at += 1;
    return at;
  }
}

function childByName(node: PathNode, name: string): PathNode | null {
  const index = node.names.indexOf(name);
  return index < 0 ? null : node.children[index];
}

function isHex4(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < from + 4; at += 1) {
    const byte = bytes[at];
    const hex = (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 70) || (byte >= 97 && byte <= 102);
    if (!hex) return false;
  }
  return true;
}
