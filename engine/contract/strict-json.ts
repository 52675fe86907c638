import { fail, ok, type Result } from '../core/result.ts';

/**
 * A strict reader for JSON that people write by hand. JSON.parse keeps the last of two equal keys and says nothing;
 * here a key given twice, a key that reaches into a prototype, and nesting or size beyond reason are problems with
 * their line and column. Everything else is exactly JSON.
 */
export interface JsonProblem {
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  /** Path of the value being read, as in `symbols.AAPL.ttlMs`; empty at the top. */
  readonly path: string;
  readonly found: string;
  readonly allowed: string;
}

/** A rules file for 10,000 symbols with every rule overridden is about 5 MB. */
export const JSON_CHARACTERS_MAX = 16 * 1024 * 1024;
/** A rules document is 5 deep. */
export const JSON_DEPTH_MAX = 32;
/** 10,000 symbols with every rule overridden are about 200,000 values. */
export const JSON_VALUES_MAX = 1_000_000;
/** Names that reach into JavaScript's own objects; no rule and no symbol is called so. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

class Stop extends Error {
  readonly problem: JsonProblem;
  constructor(problem: JsonProblem) {
    super(problem.found);
    this.problem = problem;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Everything below a space must be escaped inside a text. */
const FIRST_PRINTABLE = 0x20;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const BLANK = /[ \t\n\r]*/y;

class Reader {
  private at = 0;
  private values = 0;
  private readonly path: string[] = [];
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  document(): unknown {
    if (this.text.charCodeAt(0) === 0xfeff) this.at = 1;
    const value = this.value(0);
    this.blank();
    if (this.at < this.text.length) this.stop(`${this.here()} after the end of the document`, 'nothing');
    return value;
  }

  private value(depth: number): unknown {
    this.blank();
    this.values += 1;
    if (this.values > JSON_VALUES_MAX)
      this.stop(`more than ${JSON_VALUES_MAX} values`, `at most ${JSON_VALUES_MAX} values`);
    if (depth > JSON_DEPTH_MAX) this.stop(`nesting deeper than ${JSON_DEPTH_MAX}`, `at most ${JSON_DEPTH_MAX} levels`);
    switch (this.text[this.at]) {
      case '{':
        return this.object(depth);
      case '[':
        return this.array(depth);
      case '"':
        return this.string();
      default:
        return this.scalar();
    }
  }

  private object(depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    this.at += 1;
    this.blank();
    if (this.take('}')) return result;
    do {
      this.blank();
      if (this.text[this.at] !== '"') this.stop(this.here(), 'a key in double quotes');
      const keyAt = this.at;
      const key = this.string();
      if (FORBIDDEN_KEYS.has(key))
        this.stop(`the key "${key}"`, 'any key but __proto__, constructor and prototype', keyAt);
      if (Object.hasOwn(result, key)) this.stop(`the key "${key}" a second time`, 'each key once', keyAt);
      this.blank();
      if (!this.take(':')) this.stop(this.here(), 'a colon after the key');
      this.path.push(key);
      result[key] = this.value(depth + 1);
      this.path.pop();
      this.blank();
    } while (this.take(','));
    if (!this.take('}')) this.stop(this.here(), 'a comma or the closing brace');
    return result;
  }

  private array(depth: number): unknown[] {
    const result: unknown[] = [];
    this.at += 1;
    this.blank();
    if (this.take(']')) return result;
    do {
      this.path.push(String(result.length));
      result.push(this.value(depth + 1));
      this.path.pop();
      this.blank();
    } while (this.take(','));
    if (!this.take(']')) this.stop(this.here(), 'a comma or the closing bracket');
    return result;
  }

  /** Finds the closing quote by hand: a pattern would need a stack as deep as the text is long. */
  private string(): string {
    let end = this.at + 1;
    for (;;) {
      const code = this.text.charCodeAt(end);
      if (code === QUOTE) break;
      // NaN at the end of the text compares false with everything, hence the negation.
      if (!(code >= FIRST_PRINTABLE))
        this.stop(
          'a text that is not closed, or holds a line break or control character',
          'a text in double quotes on one line',
        );
      end += code === BACKSLASH ? 2 : 1;
    }
    const raw = this.text.slice(this.at, end + 1);
    try {
      const value = JSON.parse(raw) as string;
      this.at = end + 1;
      return value;
    } catch {
      return this.stop(`the text ${raw.slice(0, 40)} with an unknown escape`, 'the escapes of JSON');
    }
  }

  private scalar(): unknown {
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) this.stop(this.here(), 'a value');
    this.at = NUMBER.lastIndex;
    return Number(match[0]);
  }

  private blank(): void {
    BLANK.lastIndex = this.at;
    BLANK.exec(this.text);
    this.at = BLANK.lastIndex;
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  private here(): string {
    const code = this.text.codePointAt(this.at);
    if (code === undefined) return 'the end of the text';
    return code < 32 ? `the control character ${code}` : `"${String.fromCodePoint(code)}"`;
  }

  private stop(found: string, allowed: string, at = this.at): never {
    const before = this.text.slice(0, at).split('\n');
    throw new Stop({
      line: before.length,
      column: (before.at(-1) as string).length + 1,
      path: this.path.join('.'),
      found,
      allowed,
    });
  }
}

/** @returns plain objects, arrays and scalars, or the first problem */
export function readStrictJson(text: string): Result<unknown, JsonProblem> {
  if (text.length > JSON_CHARACTERS_MAX) {
    return fail({
      line: 1,
      column: 1,
      path: '',
      found: `${text.length} characters`,
      allowed: `at most ${JSON_CHARACTERS_MAX} characters`,
    });
  }
  try {
    return ok(new Reader(text).document());
  } catch (error) {
    if (error instanceof Stop) return fail(error.problem);
    throw error;
  }
}
