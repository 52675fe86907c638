import type { DurableStore } from '../../contract/durable-store.ts';
import { parseRecord } from './audit-chain.ts';
import { canonicalJson } from './audit-record.ts';
import { AUDIT_PREFIX, linesOf } from './audit-segments.ts';

/** The last line of an export: without it nobody could tell that the end was cut off. */
export function exportSeal(records: number, head: string): string {
  return canonicalJson({ seal: 'FlinkTrade audit export', records, head });
}

/**
 * The trail as lines of JSON, each with its end, and a seal behind them. What is damaged is exported as it is.
 * @throws StoreError
 */
export async function* exportAudit(store: DurableStore): AsyncGenerator<string> {
  let records = 0;
  let last = '';
  for (const name of await store.list(AUDIT_PREFIX)) {
    const { lines, rest } = linesOf((await store.get(name)) ?? new Uint8Array(0));
    const all = rest === null ? lines : [...lines, rest];
    yield all.map((line) => `${line}\n`).join('');
    records += all.length;
    last = all.at(-1) ?? last;
  }
  yield `${exportSeal(records, parseRecord(last)?.hash ?? '')}\n`;
}
