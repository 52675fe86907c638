import { dateUtcMs } from './date-pattern.ts';

/**
 * What file names tell: `{date:yyyyMMdd}_{symbol}_Quote_Tick`, `{symbol}_tick_quote`, `{date:yyyyMMdd}/*_quote`.
 *
 *   {symbol}         one or more characters, none of them `/`: as few as let the rest fit
 *   {date:PATTERN}   a real calendar date; PATTERN is made of yyyy, MM, dd and - _ .
 *   *                any characters but `/`
 *
 * Letters fit in any case. Not a regular expression: matching takes at most (template x name) steps.
 */
type Part =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'symbol' }
  | { readonly kind: 'date'; readonly pattern: string }
  | { readonly kind: 'any' };

export interface NameMatch {
  readonly symbol: string | null;
  /** Midnight of the date as if in UTC. */
  readonly dateMs: number | null;
}

/** No file system allows longer names; `folder/name` has two. */
const NAME_CHARACTERS_MAX = 512;
const DATE_PATTERN = /^[yMd\-_.]{8,10}$/;
/** Extensions that say how a file is packed or that it is text: templates are written without them. */
const EXTENSIONS = /(\.(csv|tsv|txt|dat|json|jsonl|ndjson|gz|zip))+$/i;

export class NameTemplate {
  readonly text: string;
  readonly names: { readonly symbol: boolean; readonly date: boolean };
  readonly #parts: readonly Part[];
  readonly #withFolder: boolean;

  /** @throws RangeError with a sentence for what is wrong with the template */
  constructor(text: string) {
    this.text = text;
    this.#parts = compile(text);
    this.#withFolder = text.includes('/');
    this.names = {
      symbol: this.#parts.some((part) => part.kind === 'symbol'),
      date: this.#parts.some((part) => part.kind === 'date'),
    };
  }

  /** @param path the input's path, `/` between folders; what stands before the last folder is not looked at */
  match(path: string): NameMatch | null {
    const folders = path.replaceAll('\\', '/').split('/');
    const kept = folders
      .slice(this.#withFolder ? -2 : -1)
      .join('/')
      .slice(-NAME_CHARACTERS_MAX);
    return this.#matchWhole(kept.replace(EXTENSIONS, '')) ?? this.#matchWhole(kept);
  }

  #matchWhole(name: string): NameMatch | null {
    // A part that failed at a place once fails there always: without this memory, `*` after `*` would try all ways.
    const failed = new Set<number>();
    const found = { symbol: null as string | null, dateMs: null as number | null };
    return this.#matchFrom(0, 0, name, failed, found) ? found : null;
  }

  #matchFrom(
    index: number,
    at: number,
    name: string,
    failed: Set<number>,
    found: { symbol: string | null; dateMs: number | null },
  ): boolean {
    const part = this.#parts[index];
    if (part === undefined) return at === name.length;
    const key = index * (NAME_CHARACTERS_MAX + 1) + at;
    if (failed.has(key)) return false;
    const matched = this.#matchPart(part, index, at, name, failed, found);
    if (!matched) failed.add(key);
    return matched;
  }

  #matchPart(
    part: Part,
    index: number,
    at: number,
    name: string,
    failed: Set<number>,
    found: { symbol: string | null; dateMs: number | null },
  ): boolean {
    const rest = (from: number): boolean => this.#matchFrom(index + 1, from, name, failed, found);
    switch (part.kind) {
      case 'literal':
        return name.slice(at, at + part.text.length).toLowerCase() === part.text && rest(at + part.text.length);
      case 'date': {
        const dateMs = readDate(name.slice(at, at + part.pattern.length), part.pattern);
        if (Number.isNaN(dateMs) || !rest(at + part.pattern.length)) return false;
        found.dateMs = dateMs;
        return true;
      }
      case 'symbol':
      case 'any':
        for (
          let end = part.kind === 'any' ? at : at + 1;
          end <= name.length && !name.slice(at, end).includes('/');
          end += 1
        ) {
          if (!rest(end)) continue;
          if (part.kind === 'symbol') found.symbol = name.slice(at, end);
          return true;
        }
        return false;
      default:
        return false;
    }
  }
}

function readDate(text: string, pattern: string): number {
  if (text.length !== pattern.length) return NaN;
  const take = (token: string): string => text.slice(pattern.indexOf(token), pattern.indexOf(token) + token.length);
  for (let index = 0; index < pattern.length; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    const isDigit = digit >= 0 && digit <= 9;
    if ('yMd'.includes(pattern[index]) ? !isDigit : text[index] !== pattern[index]) return NaN;
  }
  return dateUtcMs(Number(take('yyyy')), Number(take('MM')), Number(take('dd')));
}

function compile(text: string): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at];
    if (character === '*') {
      parts.push({ kind: 'any' });
      at += 1;
    } else if (character === '{') {
      const end = text.indexOf('}', at);
      if (end < 0) throw new RangeError(`"{" at place ${at + 1} of "${text}" is not closed`);
      parts.push(placeholder(text.slice(at + 1, end), text));
      at = end + 1;
    } else {
      const next = text.slice(at).search(/[*{]/);
      const end = next < 0 ? text.length : at + next;
      parts.push({ kind: 'literal', text: text.slice(at, end).toLowerCase() });
      at = end;
    }
  }
  return parts;
}

function placeholder(name: string, text: string): Part {
  if (name === 'symbol') return { kind: 'symbol' };
  const pattern = name.startsWith('date:') ? name.slice('date:'.length) : '';
  const whole = ['yyyy', 'MM', 'dd'].every((token) => pattern.includes(token));
  if (DATE_PATTERN.test(pattern) && whole) return { kind: 'date', pattern };
  throw new RangeError(
    `"{${name}}" in "${text}" is not known; use {symbol}, {date:yyyyMMdd} (yyyy, MM, dd with - _ or . between) or *`,
  );
}
