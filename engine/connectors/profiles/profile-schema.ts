import { fieldsOf } from './profile-fields.ts';
import * as z from 'zod';
import { DatePattern, type PatternGives } from '../decode/date-pattern.ts';
import { NameTemplate } from '../decode/name-template.ts';
import { isTimeZone } from '../decode/time-zone.ts';
import { COLUMNS_MAX } from '../decode/csv-decoder.ts';
import { parseScaled } from '../../core/decimal.ts';

/**
 * The profile of a session file: how its rows become quotes. README.md of this folder's parent tells each key with
 * examples; this file is what is enforced. Every check that can be made without the data is made here, so that a
 * profile that passes can only fail to fit.
 */

const DECIMAL_UNITS = 8;
const UNIT_TEXT = 'a decimal above 0 with up to 8 places, as text, such as "0.0001" or "100"';

/** One character that is no letter, digit, quote, point, sign or line end. */
const separator = z
  .string()
  .refine(
    (text) => text.length === 1 && /[^A-Za-z0-9"'.+\-\r\n\0]/.test(text) && text.charCodeAt(0) < 128,
    'one ASCII character such as "," ";" "|" or a tab ("\\t")',
  );
const comment = z
  .string()
  .refine(
    (text) => text.length === 1 && text.charCodeAt(0) > 32 && text.charCodeAt(0) < 127 && !/[A-Za-z0-9"]/.test(text),
    'one ASCII character such as "#"',
  );

const unit = z.string().refine((text) => {
  const scaled = parseScaled(text, DECIMAL_UNITS);
  return text.length <= 20 && scaled.ok && scaled.value > 0n;
}, UNIT_TEXT);

const template = z.string().superRefine((text, context) => {
  try {
    new NameTemplate(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `a name template; ${(error as RangeError).message}` });
  }
});
const templateWith = (name: 'symbol' | 'date'): z.ZodType<string> =>
  template.refine(
    (text) => {
      try {
        return new NameTemplate(text).names[name];
      } catch {
        // Told by `template` itself.
        return true;
      }
    },
    name === 'symbol' ? 'a template with {symbol}' : 'a template with {date:yyyyMMdd}',
  );
const templates = (name: 'symbol' | 'date'): z.ZodType<string | string[]> =>
  z.union([templateWith(name), z.array(templateWith(name)).min(1)]);

const pattern = z.string().superRefine((text, context) => {
  try {
    new DatePattern(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `a date pattern; ${(error as RangeError).message}` });
  }
});

/** CSV: a header name, several that may stand for it, or an index from 0. JSON lines: a path such as `data.b`. */
const field = z.union([
  z.string().min(1),
  z.array(z.string().min(1)).min(1),
  z
    .int()
    .min(0)
    .max(COLUMNS_MAX - 1),
]);
export type FieldReference = z.infer<typeof field>;

const zone = z
  .string()
  .refine(isTimeZone, 'an IANA time zone such as "America/New_York", or "UTC"; a fixed offset is none');
const isoDay = z
  .string()
  .refine(
    (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text),
    'a calendar date such as "2013-10-07"',
  );

const date = z.union([
  z.strictObject({ constant: isoDay }),
  z.strictObject({ fileName: templates('date') }),
  z.strictObject({ field, pattern }),
]);

const addMs = z.int().min(-86_400_000).max(86_400_000).optional();
const time = z.union([
  z.strictObject({ field, unit: z.enum(['s', 'ms', 'us', 'ns']), since: z.literal('epoch').optional(), addMs }),
  z.strictObject({ field, unit: z.enum(['s', 'ms', 'us', 'ns']), since: z.literal('midnight'), date, zone, addMs }),
  z.strictObject({ field, pattern, date: date.optional(), zone, addMs }),
]);

const symbol = z.union([
  z.strictObject({ field, upperCase: z.boolean().optional() }),
  z.strictObject({ constant: z.string().trim().min(1).max(64) }),
  z.strictObject({ fileName: templates('symbol'), upperCase: z.boolean().optional() }),
]);

const side = z.strictObject({ price: field, size: field.optional() });

const condition = z.union([
  z.strictObject({ field, equals: z.string() }),
  z.strictObject({ field, in: z.array(z.string()).min(1) }),
  z.strictObject({ field, present: z.boolean() }),
]);

const detect = z.strictObject({
  /** All of the header's names, in order. */
  header: z.array(z.string()).min(1).optional(),
  fileName: z.union([template, z.array(template).min(1)]).optional(),
  /** The first line contains all of these ... */
  contains: z.array(z.string().min(1)).min(1).optional(),
  /** ... and none of these. */
  lacks: z.array(z.string().min(1)).min(1).optional(),
});

const shared = {
  version: z.literal(1),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'small letters, digits and "-", such as "my-vendor"'),
  description: z.string().max(2000).optional(),
  symbol,
  time,
  bid: side.optional(),
  ask: side.optional(),
  priceUnit: unit.optional(),
  sizeUnit: unit.optional(),
  absent: z.array(z.string().min(1)).max(100).optional(),
  where: z.array(condition).max(100).optional(),
  pairSides: z.boolean().optional(),
  ignoreEveryRow: z.boolean().optional(),
  outOfOrdernessMs: z.int().min(0).max(86_400_000).optional(),
  maxFutureMs: z.int().min(1).max(31_536_000_000).optional(),
  detect: detect.optional(),
};

const csv = z.strictObject({
  ...shared,
  format: z.literal('csv'),
  delimiter: separator.optional(),
  header: z.boolean().optional(),
  comment: comment.optional(),
  columnCount: z.union([z.literal('header'), z.literal('any'), z.int().min(1).max(COLUMNS_MAX)]).optional(),
});
const jsonl = z.strictObject({
  ...shared,
  format: z.literal('jsonl'),
  linePrefix: z.union([z.boolean(), z.literal('optional')]).optional(),
  /** Where a message has this key, the fields are looked for in what it holds. */
  envelope: z.string().min(1).optional(),
  /** What a live feed numbers: see README.md, "Live feeds". Files are read without it. */
  live: z
    .strictObject({
      updateId: field.optional(),
      messageNumber: field.optional(),
    })
    .optional(),
});

export const profileSchema = z.discriminatedUnion('format', [csv, jsonl]).superRefine((profile, context) => {
  if (profile.bid === undefined && profile.ask === undefined && profile.ignoreEveryRow !== true) {
    context.addIssue({
      code: 'custom',
      path: ['bid'],
      message: 'a bid or an ask (or "ignoreEveryRow": true)',
    });
  }
  if (profile.format === 'csv' && profile.header === false) {
    for (const { path, reference } of fieldsOf(profile)) {
      if (typeof reference !== 'number')
        context.addIssue({
          code: 'custom',
          path: [...path],
          message: 'a column index from 0, because "header" is false',
        });
    }
    if (profile.columnCount === 'header')
      context.addIssue({
        code: 'custom',
        path: ['columnCount'],
        message: 'a number or "any", because "header" is false',
      });
  }
  if (profile.format === 'jsonl') {
    for (const { path, reference } of fieldsOf(profile)) {
      if (typeof reference === 'number')
        context.addIssue({ code: 'custom', path: [...path], message: 'a path such as "data.b"' });
    }
  }
  if ('pattern' in profile.time) checkPattern(profile.time, context);
});
export type SessionProfile = z.infer<typeof profileSchema>;

function checkPattern(times: { pattern: string; date?: unknown }, context: z.RefinementCtx): void {
  const gives = patternGives(times.pattern);
  // Told by `pattern` itself.
  if (gives === null) return;
  if (!gives.time)
    context.addIssue({ code: 'custom', path: ['time', 'pattern'], message: 'a pattern with a time of day (HH, mm)' });
  if (!gives.date && times.date === undefined)
    context.addIssue({
      code: 'custom',
      path: ['time', 'date'],
      message: 'where the date comes from, because the pattern gives none',
    });
  if (gives.date && times.date !== undefined)
    context.addIssue({
      code: 'custom',
      path: ['time', 'date'],
      message: 'nothing, because the pattern gives the date itself',
    });
}

function patternGives(text: string): PatternGives | null {
  try {
    return new DatePattern(text).gives;
  } catch {
    return null;
  }
}
