/**
 * Answers as JSON: whole numbers of any size as text, maps as lists of pairs, what is no number as null. Exact decimals are
 * text already.
 */
export function jsonOf(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return String(value);
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return value.map(jsonOf);
      if (value instanceof Map) return [...value].map((pair) => pair.map(jsonOf));
      if (value instanceof Set) return [...value].map(jsonOf);
      if (value instanceof Date) return value.getTime();
      return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, jsonOf(field)]));
    case 'undefined':
      return null;
    default:
      return value;
  }
}

const DECIMAL = /^-?\d+(?:\.\d+)?$/;
/** With these a cell begins that a spreadsheet takes for a formula, also in their full-width forms. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** One cell by RFC 4180 that no spreadsheet runs as a formula; numbers stay numbers. */
function cell(value: unknown): string {
  const text =
    value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const safe = FORMULA.test(text) && !DECIMAL.test(text) ? `'${text}` : text;
  return safe !== text || /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Rows for a spreadsheet: the columns are the rows' fields, in the order in which they are first met. */
export function csvOf(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = rows.map((row) => columns.map((column) => cell(row[column])).join(','));
  return [columns.map(cell).join(','), ...lines].map((line) => `${line}\r\n`).join('');
}
