import type { SymbolExplanation, WatermarkExplanation } from '../../contract/explanations.ts';
import { findProgram } from './asked-program.node.ts';
import { printable } from './messages.ts';
import { writeText } from './output-files.node.ts';
import type { ExplainCommand } from './query-arguments.ts';

/** Tells why a symbol did or did not trade on its last quotes, and what has changed since a checkpoint. */
export async function runExplain({ symbol, asOf, since, json, ...asked }: ExplainCommand): Promise<void> {
  const program = findProgram(asked);
  const query = new URLSearchParams();
  if (asOf !== null) query.set('asOf', String(asOf));
  if (since !== null) query.set('since', String(since));
  const path = `/v1/explain/${encodeURIComponent(symbol)}`;
  const known = (await program.get(path, query, 'application/json')) as SymbolExplanation;
  if (json) return writeText('-', [`${JSON.stringify(known, null, 2)}\n`]);
  const lines = [`${known.symbol}: ${known.explanation.why}`, ...linesOf(known)];
  if (known.watermark !== null) lines.push(...watermarkLines(known.watermark));
  if (known.changes !== null) lines.push(...changeLines(known.changes, since));
  await writeText('-', [printable(`${lines.join('\n')}\n`)]);
}

function linesOf({ explanation, reasons, lastTrades, watermark }: SymbolExplanation): string[] {
  const { bid, bidSize, ask, quoteTimeMs, askPrice, shares, timerAtMs, timerClock, expiresAtMs, floor } = explanation;
  const quote = `bid ${bid ?? 'none'}${bidSize === null ? '' : ` x ${bidSize}`}, ask ${ask ?? 'none'}`;
  const counts = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`);
  const trades = lastTrades.slice(0, LAST_TRADES).map(({ id, price }) => `${id} at ${price}`);
  const now = timerClock === 'event-time' ? (watermark?.watermarkMs ?? null) : null;
  const away =
    timerAtMs === null || now === null || now >= timerAtMs ? '' : `; the watermark is ${timerAtMs - now} ms before it`;
  return [
    quoteTimeMs === null ? '' : `last quote   ${quote}, at ${timeOf(quoteTimeMs)}`,
    askPrice === null
      ? ''
      : `our ask      ${askPrice}${floor === null ? '' : `, never below ${floor}`}; ${shares} shares`,
    askPrice === null ? '' : `time to live ${expiresAtMs === null ? 'for ever' : `until ${timeOf(expiresAtMs)}`}`,
    timerAtMs === null
      ? 'timer        none is pending'
      : `timer        the ask decays at ${timeOf(timerAtMs)} (${timerClock}${away})`,
    counts.length === 0 ? '' : `no trade     ${counts.join(', ')}`,
    trades.length === 0 ? '' : `last trades  ${trades.join(', ')} (explain --trade ID)`,
  ].filter((line) => line !== '');
}

const LAST_TRADES = 3;

function watermarkLines({ watermarkMs, why, behindClockMs, source, isStale }: WatermarkExplanation): string[] {
  const behind = behindClockMs === null ? '' : `, ${behindClockMs} ms behind the clock`;
  const inputs = source.inputs.map(
    ({ name, state, lastEventTimeMs }) =>
      `  ${name}: ${state}${lastEventTimeMs === null ? '' : `, read up to ${timeOf(lastEventTimeMs)}`}`,
  );
  return [
    `watermark    ${watermarkMs === null ? 'none yet' : timeOf(watermarkMs)}${behind}${isStale ? ' (the source did not answer: as it said last)' : ''}`,
    `  ${why}`,
    ...inputs,
  ];
}

function changeLines(changes: NonNullable<SymbolExplanation['changes']>, since: number | null): string[] {
  const lines = Object.entries(changes).map(
    ([name, [was, is]]) => `  ${name}: ${factText(name, was)} -> ${factText(name, is)}`,
  );
  return lines.length === 0
    ? [`nothing is different from checkpoint ${since}`]
    : [`different from checkpoint ${since}`, ...lines];
}

const TIMES: ReadonlySet<string> = new Set(['openedAt', 'expiresAt', 'nextDecayAt', 'quoteTimeMs']);

function factText(name: string, value: string | number | null): string {
  if (value === null) return 'none';
  return TIMES.has(name) ? timeOf(Number(value)) : String(value);
}

export function timeOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
