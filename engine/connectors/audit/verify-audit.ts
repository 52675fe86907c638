import type { DurableStore } from '../../contract/durable-store.ts';
import type { Sha256 } from '../../core/bytes.ts';
import { parseAnchor, type AnchorFile, type AuditAnchor } from './audit-anchor.ts';
import { ChainReader, parseRecord, type AuditFinding } from './audit-chain.ts';
import type { AuditRecord } from './audit-record.ts';
import { exportSeal } from './export-audit.ts';
import { AUDIT_PREFIX, firstIndexOf, linesOf } from './audit-segments.ts';
import { isDamage } from './audit-tail.ts';

export type AuditVerdict =
  | {
      readonly kind: 'intact';
      readonly trail: string;
      readonly records: number;
      readonly first: AuditRecord;
      readonly last: AuditRecord;
      /** Up to which record the anchor outside of the store agrees; null: there was nothing to compare with. */
      readonly anchoredUntil: number | null;
      /** Records that tell of damage before them; they themselves are in order. */
      readonly breaks: readonly AuditRecord[];
    }
  /** There is no trail, and nothing says that there should be one. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'broken'; readonly finding: AuditFinding };

/** Collects what a walk over the records shows. */
class Walk {
  readonly chain: ChainReader;
  first: AuditRecord | null = null;
  readonly breaks: AuditRecord[] = [];
  private readonly heads: ReadonlyMap<number, string>;
  private readonly anchor: AuditAnchor | null;
  private readonly anchorWhere: string;

  constructor(sha256: Sha256, anchor: AuditAnchor | null, anchorWhere: string) {
    this.chain = new ChainReader(sha256);
    this.anchor = anchor;
    this.anchorWhere = anchorWhere;
    this.heads = new Map(anchor?.heads.map(({ index, hash }) => [index, hash]));
  }

  read(line: string, where: string): AuditFinding | null {
    const index = this.chain.count;
    const result = this.chain.read(line, where);
    if ('finding' in result) return result.finding;
    const { record } = result;
    if (index === 0 && this.anchor !== null && this.anchor.genesis !== line) {
      const expected = `the genesis record of trail ${this.anchor.trail}, which the anchor ${this.anchorWhere} tells of`;
      return { record: 0, where, expected, found: 'the genesis record of another trail' };
    }
    const head = this.heads.get(index);
    if (head !== undefined && head !== record.hash) {
      const expected = `hash ${head}, which was written to ${this.anchorWhere} when this record was new`;
      return {
        record: index,
        where,
        expected,
        found: `hash ${record.hash}: it, or records before it, were written anew`,
      };
    }
    this.first ??= record;
    if (record.kind === 'trail-break') this.breaks.push(record);
    return null;
  }

  verdict(): AuditVerdict {
    const { count, head } = this.chain;
    const anchored = this.anchor?.heads.at(-1) ?? null;
    const isMissing = anchored !== null ? anchored.index >= count : this.anchor !== null && count === 0;
    if (isMissing) {
      return broken({
        record: count,
        where: 'the end of the trail',
        expected: `record ${count}: the anchor ${this.anchorWhere} tells of records up to ${anchored?.index ?? 0}`,
        found: 'nothing',
      });
    }
    if (this.first === null || head === null) return { kind: 'empty' };
    return {
      kind: 'intact',
      trail: (this.first.details as { trail: string }).trail,
      records: count,
      first: this.first,
      last: head,
      anchoredUntil: anchored?.index ?? null,
      breaks: this.breaks,
    };
  }
}

function broken(finding: AuditFinding): AuditVerdict {
  return { kind: 'broken', finding };
}

/**
 * Reads the whole trail of a store, one segment at a time, and says whether every record is the one that was written.
 * @throws StoreError when the store cannot be read at all; a damaged value is a finding
 */
export async function verifyAudit(store: DurableStore, anchorFile: AnchorFile, sha256: Sha256): Promise<AuditVerdict> {
  const text = await anchorFile.read();
  const anchor = text === null ? null : parseAnchor(text);
  const walk = new Walk(sha256, anchor, anchorFile.where);
  for (const name of await store.list(AUDIT_PREFIX)) {
    const finding = await readSegment(store, name, walk);
    if (finding !== null) return broken(finding);
  }
  if (anchor === null && (text !== null || walk.chain.count > 0)) {
    return broken({
      record: walk.chain.count,
      where: anchorFile.where,
      expected: 'the anchor of the trail, which says how far it goes',
      found: text === null ? 'no such file' : 'a file that is no anchor',
    });
  }
  return walk.verdict();
}

async function readSegment(store: DurableStore, name: string, walk: Walk): Promise<AuditFinding | null> {
  const record = walk.chain.count;
  const firstIndex = firstIndexOf(name);
  if (firstIndex !== record) {
    const found =
      firstIndex === null ? 'a value that is no segment' : `the segment that begins with record ${firstIndex}`;
    return { record, where: name, expected: `the segment that begins with record ${record}`, found };
  }
  let bytes: Uint8Array | null;
  try {
    bytes = await store.get(name);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return {
      record,
      where: name,
      expected: `a segment with record ${record}`,
      found: `a damaged value: ${error.message}`,
    };
  }
  const { lines, rest } = linesOf(bytes ?? new Uint8Array(0));
  for (const [index, line] of lines.entries()) {
    const finding = walk.read(line, `${name}, line ${index + 1}`);
    if (finding !== null) return finding;
  }
  if (rest === null && lines.length > 0) return null;
  return {
    record: walk.chain.count,
    where: `${name}, line ${lines.length + 1}`,
    expected: `record ${walk.chain.count}, whole, with the end of its line`,
    found: rest === null ? 'nothing' : `${JSON.stringify(rest.slice(0, 100))}`,
  };
}

/**
 * The same for an export, line by line; null: a line that is no UTF-8 text. Nothing outside of it is compared: whoever has the anchor verifies the store itself.
 */
export async function verifyExport(
  lines: AsyncIterable<string | null>,
  where: string,
  sha256: Sha256,
): Promise<AuditVerdict> {
  const walk = new Walk(sha256, null, '');
  /** One line behind: the last one is the seal. */
  let held: { readonly line: string } | null = null;
  let lineNumber = 0;
  for await (const line of lines) {
    if (held !== null) {
      lineNumber += 1;
      const finding = walk.read(held.line, `${where}, line ${lineNumber}`);
      if (finding !== null) return broken(finding);
    }
    held = { line: line ?? '' };
  }
  const { count, head } = walk.chain;
  if (held?.line === exportSeal(count, head?.hash ?? '')) return walk.verdict();
  // A record in order where the seal should be: it is good, the next one is what is missing.
  if (held !== null && parseRecord(held.line) !== null) {
    lineNumber += 1;
    const finding = walk.read(held.line, `${where}, line ${lineNumber}`);
    if (finding !== null) return broken(finding);
    held = null;
  }
  const record = walk.chain.count;
  return broken({
    record,
    where: `${where}, line ${lineNumber + 1}`,
    expected: `record ${record}, or the seal of an export of ${record} records`,
    found: held === null ? 'nothing' : JSON.stringify(held.line.slice(0, 200)),
  });
}
