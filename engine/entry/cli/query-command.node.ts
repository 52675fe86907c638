import { SESSION_JOB } from '../serve/trading-queries.ts';
import { findProgram, type RunningProgram } from './asked-program.node.ts';
import { printable } from './messages.ts';
import { writeText } from './output-files.node.ts';
import type { QueryCommand } from './query-arguments.ts';
import { tell } from './tell.node.ts';

/** Asks a running program about its state, once. */
export async function runQuery(command: QueryCommand): Promise<void> {
  const program = findProgram(command);
  const { path, query } = requestOf(command);
  if (command.format === 'csv') {
    await writeText('-', [(await program.get(path, query, 'text/csv')) as string]);
    return;
  }
  const body = await program.get(path, query, 'application/json');
  if (command.format === 'json') return writeText('-', [`${JSON.stringify(body, null, 2)}\n`]);
  if (command.state === null) return tellStates(program, body);
  if (command.key === null) return tellRows(body);
  await writeText('-', [fieldLines((body as { value: unknown }).value)]);
}

function requestOf({ state, key, asOf, list }: QueryCommand): {
  readonly path: string;
  readonly query: URLSearchParams;
} {
  const query = new URLSearchParams(asOf === null ? {} : { asOf: String(asOf) });
  const states = `/v1/jobs/${SESSION_JOB}/states`;
  if (state === null) return { path: states, query: new URLSearchParams() };
  const values = `${states}/${encodeURIComponent(state)}`;
  if (key !== null) return { path: `${values}/values/${encodeURIComponent(key)}`, query };
  for (const [flag, value] of Object.entries(list)) {
    if (flag === 'descending') query.set('order', 'descending');
    else query.set(flag, value);
  }
  return { path: `${values}/rows`, query };
}

async function tellStates(program: RunningProgram, body: unknown): Promise<void> {
  const { states } = body as { states: readonly { name: string; kind: string; operator: string }[] };
  const { checkpoints } = (await program.get(
    `/v1/jobs/${SESSION_JOB}/checkpoints`,
    new URLSearchParams(),
    'application/json',
  )) as { checkpoints: readonly number[] };
  const width = Math.max(...states.map(({ name }) => name.length), 0);
  await writeText(
    '-',
    states.map(({ name, kind, operator }) => `${name.padEnd(width)}  ${kind}, of ${operator}\n`),
  );
  tell(
    checkpoints.length === 0
      ? 'No checkpoint is kept: only the state as it is can be asked.'
      : `--as-of takes: ${checkpoints.join(', ')}`,
  );
}

async function tellRows(body: unknown): Promise<void> {
  const { rows, cursor } = body as { rows: readonly { key: unknown; value: unknown }[]; cursor: string | null };
  await writeText(
    '-',
    rows.map(({ key, value }) => printable(`${textOf(key)}  ${textOf(value)}\n`)),
  );
  if (cursor !== null) tell(`There are more rows than these ${rows.length}; narrow the list, or raise --limit.`);
}

function fieldLines(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return printable(`${textOf(value)}\n`);
  const fields = Object.entries(value);
  const width = Math.max(...fields.map(([name]) => name.length), 0);
  return printable(fields.map(([name, field]) => `${name.padEnd(width)}  ${textOf(field)}\n`).join(''));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
