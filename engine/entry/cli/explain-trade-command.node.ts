import type { TradeExplanation } from '../../contract/explanations.ts';
import { findProgram } from './asked-program.node.ts';
import { timeOf } from './explain-command.node.ts';
import { printable } from './messages.ts';
import { writeText } from './output-files.node.ts';
import type { ExplainTradeCommand } from './query-arguments.ts';

/** Tells why a trade was made as it was. */
export async function runExplainTrade({ tradeId, json, ...asked }: ExplainTradeCommand): Promise<void> {
  const program = findProgram(asked);
  const path = `/v1/trades/${encodeURIComponent(tradeId)}`;
  const trade = (await program.get(path, new URLSearchParams(), 'application/json')) as TradeExplanation;
  if (json) return writeText('-', [`${JSON.stringify(trade, null, 2)}\n`]);
  await writeText('-', [printable(`${trade.id}: ${trade.why}\n${linesOf(trade).join('\n')}\n`)]);
}

function linesOf(trade: TradeExplanation): string[] {
  const { shares, price, profit, quote, rulesVersion, rules, askPrice, sharesHeld, expiresAtMs, nextDecayAtMs } = trade;
  const bid = `bid ${quote.bid} x ${quote.bidSize ?? 'unknown'}`;
  const ask = quote.ask === null ? 'no ask' : `ask ${quote.ask} x ${quote.askSize ?? 'unknown'}`;
  const lines: (readonly [string, string])[] = [
    ['trade', `${shares} shares at ${price}, profit ${profit}`],
    ['quote', `number ${quote.sequence}: ${bid}, ${ask}, at ${timeOf(quote.eventTimeMs)}`],
    ['our ask', `${askPrice.before} -> ${askPrice.after}`],
  ];
  if (sharesHeld !== null) lines.push(['shares', `${sharesHeld.before} -> ${sharesHeld.after}`]);
  if (expiresAtMs !== null) lines.push(['time to live', pairText(expiresAtMs, 'for ever')]);
  if (nextDecayAtMs !== null) lines.push(['next decay', pairText(nextDecayAtMs, 'none')]);
  if (rulesVersion !== null)
    lines.push(['rules', `version ${rulesVersion}${rules === null ? ', no longer known' : ''}`]);
  for (const [name, value] of Object.entries(rules ?? {})) lines.push([`  ${name}`, valueText(value)]);
  for (const [name, value] of Object.entries(trade.limits ?? {}))
    if (value !== null) lines.push([`  ${name}`, valueText(value)]);
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, text]) => `${name.padEnd(width)}  ${text}`);
}

function pairText(pair: { readonly before: number | null; readonly after: number | null }, none: string): string {
  const text = (timeMs: number | null): string => (timeMs === null ? none : timeOf(timeMs));
  return pair.before === pair.after ? text(pair.before) : `${text(pair.before)} -> ${text(pair.after)}`;
}

function valueText(value: unknown): string {
  if (value === null) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
