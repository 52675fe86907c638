import type { DurableStore } from '../../contract/durable-store.ts';
import { parseRecord } from './audit-chain.ts';
import type { AuditRecord } from './audit-record.ts';
import { AUDIT_PREFIX, firstIndexOf, linesOf } from './audit-segments.ts';
import { isDamage } from './audit-tail.ts';

/**
 * The stored records of a trail from an index on, in order. What cannot be read is left out: `verifyAudit` names it.
 * @throws StoreError
 */
export async function* recordsIn(store: DurableStore, index = 0): AsyncGenerator<AuditRecord> {
  const names = (await store.list(AUDIT_PREFIX)).filter((name) => firstIndexOf(name) !== null);
  // The last segment that begins at or before it.
  const first = names.findLastIndex((name) => (firstIndexOf(name) as number) <= index);
  for (const name of names.slice(Math.max(0, first))) {
    const bytes = await store.get(name).catch(noneIfDamaged);
    for (const line of bytes === null ? [] : linesOf(bytes).lines) {
      const record = parseRecord(line);
      if (record !== null && record.index >= index) yield record;
    }
  }
}

function noneIfDamaged(error: unknown): null {
  if (isDamage(error)) return null;
  throw error;
}
