import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditRecord } from '../../engine/connectors/audit/audit-record.ts';
import { flinktrade } from '../entry/cli-kit.ts';

/** What the audit trail of a state folder tells, after the command line has verified it; throws what that said if it is not intact. */
export async function toldAudit(folder: string, state: string): Promise<readonly AuditRecord[]> {
  const verified = await flinktrade(['audit', 'verify', state], { folder });
  if (verified.code !== 0 || !verified.stdout.includes('intact')) throw new Error(verified.stdout + verified.stderr);
  const path = join(folder, 'audit.jsonl');
  const exported = await flinktrade(['audit', 'export', state, '-o', path], { folder });
  if (exported.code !== 0) throw new Error(exported.stderr);
  return readAudit(path);
}

/** Records of an export, without its seal. */
export function readAudit(path: string): readonly AuditRecord[] {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as AuditRecord);
}

export function ofKind<Kind extends AuditRecord['kind']>(
  records: readonly AuditRecord[],
  kind: Kind,
): readonly Extract<AuditRecord, { kind: Kind }>[] {
  return records.filter((record): record is Extract<AuditRecord, { kind: Kind }> => record.kind === kind);
}
