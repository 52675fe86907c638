import type { Explanation, SymbolExplanation, SymbolFacts } from '../../contract/explanations.ts';
import type { QueryableStateClient } from '../../runtime/query/queryable-state-client.ts';
import { StateQueryError } from '../../runtime/query/state-query-error.ts';
import { EXPLAIN, POSITION, REASONS, SESSION_JOB, sessionOf } from './trading-queries.ts';

/** Which state is meant: checkpoints by their ids. */
export interface ExplainOptions {
  /** null: now. */
  readonly asOf: number | null;
  /** What is different since then is told as well; null: nothing is compared. */
  readonly since: number | null;
}

/** What one state has of a symbol. */
interface KnownSymbol {
  readonly explanation: Explanation;
  readonly position: SymbolFacts | null;
  readonly reasons: Readonly<Record<string, number>>;
}

/** @throws StateQueryError `no-state` for a symbol of which nothing is known there */
export async function explainSymbol(
  client: QueryableStateClient,
  symbol: string,
  { asOf, since }: ExplainOptions,
): Promise<SymbolExplanation> {
  const session = sessionOf(client);
  const [known, before, checkpoints, watermark] = await Promise.all([
    read(client, symbol, asOf),
    since === null ? null : read(client, symbol, since),
    client.checkpointIds(SESSION_JOB),
    asOf === null ? session.explainWatermark() : null,
  ]);
  if (known === null)
    throw new StateQueryError('no-state', `Nothing is known of '${symbol}': it was neither quoted nor held.`);
  return {
    symbol,
    asOf,
    ...known,
    lastTrades: session.lastTrades(symbol, asOf === null ? Infinity : (known.explanation.quoteTimeMs ?? -Infinity)),
    watermark,
    checkpoints,
    changes: since === null ? null : changesBetween(before === null ? {} : factsOf(before), factsOf(known)),
  };
}

async function read(client: QueryableStateClient, symbol: string, asOf: number | null): Promise<KnownSymbol | null> {
  const place = asOf === null ? {} : { asOf };
  const [explanation, position, reasons] = await Promise.all(
    [EXPLAIN, POSITION, REASONS].map(async (name) => {
      const [found] = await client.getMany(SESSION_JOB, name, [symbol], place);
      return found?.value ?? null;
    }),
  );
  if (explanation === null) return null;
  return {
    explanation: explanation as Explanation,
    position: position as SymbolFacts | null,
    reasons: (reasons ?? {}) as KnownSymbol['reasons'],
  };
}

/** One name for each thing; what the position row says already is not said twice. */
function factsOf({ explanation, position, reasons }: KnownSymbol): SymbolFacts {
  const { bid, bidSize, ask, quoteTimeMs, reason, floor, timerClock } = explanation;
  const { symbol: _symbol, ...held } = position ?? {};
  const counts = Object.entries(reasons).map(([name, count]) => [`no trade: ${name}`, count] as const);
  return { bid, bidSize, ask, quoteTimeMs, reason, ...held, floor, timerClock, ...Object.fromEntries(counts) };
}

function changesBetween(before: SymbolFacts, now: SymbolFacts): NonNullable<SymbolExplanation['changes']> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return Object.fromEntries(
    names
      .map((name) => [name, [before[name] ?? null, now[name] ?? null]] as const)
      .filter(([, [was, is]]) => was !== is),
  );
}
