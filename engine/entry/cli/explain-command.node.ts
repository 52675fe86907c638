import type { Explanation } from '../../trading/explain.ts';
import { EXPLAIN, SESSION_JOB } from '../serve/trading-queries.ts';
import { findProgram, type RunningProgram } from './asked-program.node.ts';
import { printable } from './messages.ts';
import { writeText } from './output-files.node.ts';
import type { ExplainCommand } from './query-arguments.ts';

/** Tells why a symbol did or did not trade on its last quote, and what has changed since a checkpoint. */
export async function runExplain({ symbol, asOf, since, json, ...asked }: ExplainCommand): Promise<void> {
  const program = findProgram(asked);
  const state = await explanationOf(program, symbol, asOf);
  const before = since === null ? null : await explanationOf(program, symbol, since);
  const changes = before === null ? null : changesOf(before, state);
  if (json) return writeText('-', [`${JSON.stringify({ ...state, changes }, null, 2)}\n`]);
  const lines = [`${state.symbol}: ${state.why}`, ...factsOf(state)];
  if (changes !== null) lines.push(...changeLines(changes, since));
  await writeText('-', [printable(`${lines.join('\n')}\n`)]);
}

async function explanationOf(program: RunningProgram, symbol: string, asOf: number | null): Promise<Explanation> {
  const path = `/v1/jobs/${SESSION_JOB}/states/${EXPLAIN}/values/${encodeURIComponent(symbol)}`;
  const query = new URLSearchParams(asOf === null ? {} : { asOf: String(asOf) });
  return ((await program.get(path, query, 'application/json')) as { value: Explanation }).value;
}

function factsOf(state: Explanation): string[] {
  const { bid, bidSize, ask, quoteTimeMs, askPrice, shares, timerAtMs, timerClock, expiresAtMs, floor } = state;
  const quote = `bid ${bid ?? 'none'}${bidSize === null ? '' : ` x ${bidSize}`}, ask ${ask ?? 'none'}`;
  return [
    quoteTimeMs === null ? '' : `last quote   ${quote}, at ${timeOf(quoteTimeMs)}`,
    askPrice === null
      ? ''
      : `our ask      ${askPrice}${floor === null ? '' : `, never below ${floor}`}; ${shares} shares`,
    askPrice === null ? '' : `time to live ${expiresAtMs === null ? 'for ever' : `until ${timeOf(expiresAtMs)}`}`,
    timerAtMs === null
      ? 'timer        none is pending'
      : `timer        the ask decays at ${timeOf(timerAtMs)} (${timerClock})`,
  ].filter((line) => line !== '');
}

type Changes = Readonly<Record<string, readonly [unknown, unknown]>>;

function changesOf(before: Explanation, now: Explanation): Changes {
  const fields = Object.keys(now) as (keyof Explanation)[];
  return Object.fromEntries(
    fields
      .filter((field) => before[field] !== now[field])
      .map((field) => [field, [before[field], now[field]]] as const),
  );
}

function changeLines(changes: Changes, since: number | null): string[] {
  const lines = Object.entries(changes).map(([field, [was, is]]) => `  ${field}: ${String(was)} -> ${String(is)}`);
  return lines.length === 0
    ? [`nothing has changed since checkpoint ${since}`]
    : [`since checkpoint ${since}`, ...lines];
}

export function timeOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
