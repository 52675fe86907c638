import { recordsIn } from '../../connectors/audit/read-records.ts';
import { StoreError } from '../../contract/durable-store.ts';
import type { TradeExplanation } from '../../contract/explanations.ts';
import { explainTrade } from '../../trading/explain-trade.ts';
import { findToldTrade } from '../session/audit-told.ts';
import { findProgram } from './asked-program.node.ts';
import { openExistingStore } from './existing-store.node.ts';
import { timeOf } from './explain-command.node.ts';
import { CliError, EXIT_INPUT, EXIT_NOT_FOUND, printable } from './messages.ts';
import { writeText } from './output-files.node.ts';
import type { AskedProgram, ExplainTradeCommand } from './query-arguments.ts';

/** Tells why a trade was made as it was. */
export async function runExplainTrade({ tradeId, state, json, ...asked }: ExplainTradeCommand): Promise<void> {
  const trade = state === null ? await askedTrade(tradeId, asked) : await tradeIn(state, tradeId);
  if (json) return writeText('-', [`${JSON.stringify(trade, null, 2)}\n`]);
  await writeText('-', [printable(`${trade.id}: ${trade.why}\n${linesOf(trade).join('\n')}\n`)]);
}

async function askedTrade(tradeId: string, asked: AskedProgram): Promise<TradeExplanation> {
  const path = `/v1/trades/${encodeURIComponent(tradeId)}`;
  return (await findProgram(asked).get(path, new URLSearchParams(), 'application/json')) as TradeExplanation;
}

/** Of a session that runs no more: its audit trail tells of every final trade. */
async function tradeIn(folder: string, tradeId: string): Promise<TradeExplanation> {
  try {
    const store = await openExistingStore(folder);
    try {
      const told = await findToldTrade(recordsIn(store), tradeId);
      if (told !== null) return explainTrade(told.trade, told.decision, told.rules);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof StoreError) throw new CliError(EXIT_INPUT, error.message);
    throw error;
  }
  throw new CliError(
    EXIT_NOT_FOUND,
    `The audit trail of ${folder} tells of no trade ${tradeId}. All of them: flinktrade audit export ${folder} -o -`,
  );
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
