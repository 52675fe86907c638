import { StoreError, type DurableStore } from '../../contract/durable-store.ts';
import type { Sha256 } from '../../core/bytes.ts';
import type { Clock } from '../../core/time.ts';
import type { AuditAnchor } from './audit-anchor.ts';
import { ChainWriter, FIRST_PREVIOUS, parseRecord } from './audit-chain.ts';
import { AUDIT_FORMAT } from './audit-record.ts';
import { AUDIT_PREFIX, firstIndexOf, linesOf, segmentName } from './audit-segments.ts';

/**
 * A segment is full above it. Each flush writes the newest segment as a whole: larger ones would be written again and
 * again, smaller ones would be many names.
 */
export const SEGMENT_BYTES_MAX = 64 * 1024;
/** Where the trail goes on. */
export interface Tail {
  readonly nextIndex: number;
  readonly previousHash: string;
  /** The newest segment, if it has room. */
  readonly segment: Segment | null;
  /** The newest record; null: there is none, or it is not there as it should be. */
  readonly stored: StoredRecord | null;
  /** What is wrong with the trail so far, as far as its end shows; null: nothing. */
  readonly problem: string | null;
}

export interface StoredRecord {
  readonly index: number;
  readonly hash: string;
}

export interface Segment {
  readonly firstIndex: number;
  readonly text: string;
}

/** What a first record is made with. */
export interface Birth {
  readonly run: string;
  readonly who: string;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly newTrailId: () => string;
}

/** What the anchor of a store says that has none: how its trail began, or how a new one begins. */
export async function beginAnchor(store: DurableStore, options: Birth): Promise<AuditAnchor> {
  const first = await store.get(segmentName(0)).catch((error: unknown) => {
    if (isDamage(error)) return null;
    throw error;
  });
  const line = first === null ? undefined : linesOf(first).lines.at(0);
  const record = line === undefined ? null : parseRecord(line);
  if (record?.kind === 'genesis' && line !== undefined) {
    return { trail: record.details.trail, genesis: line, heads: [] };
  }
  const { clock, run, who, sha256 } = options;
  const trail = options.newTrailId();
  const genesis = new ChainWriter(FIRST_PREVIOUS, sha256).seal({
    kind: 'genesis',
    details: { trail, format: AUDIT_FORMAT },
    index: 0,
    run,
    who,
    sequence: null,
    wallMs: Math.floor(clock.wallMs()),
    monotonicMs: Math.round(clock.monotonicMs() * 1000) / 1000,
  });
  return { trail, genesis: genesis.line, heads: [] };
}

/** Looks at the end only: reading all of a long trail at every start would take too long. `verifyAudit` reads all. */
export async function readTail(
  store: DurableStore,
  anchor: AuditAnchor | null,
  anchorFound: string | null,
  anchorWhere: string,
): Promise<Tail> {
  const end = await readEnd(store);
  const anchored = anchor?.heads.at(-1)?.index ?? -1;
  const problems: string[] = [];
  if (end.problem !== null) problems.push(end.problem);
  if (anchor === null && (end.nextIndex > 0 || anchorFound !== null)) {
    problems.push(`The anchor ${anchorWhere} ${anchorFound === null ? 'is gone' : 'is not readable'}.`);
  }
  if (anchored >= end.nextIndex) {
    problems.push(
      `The anchor ${anchorWhere} tells of record ${anchored}; the trail in the store ends with record ${end.nextIndex - 1}.`,
    );
  }
  const problem = problems.length === 0 ? null : problems.join(' ');
  if (end.problem === null && anchored < end.nextIndex) return { ...end, problem };
  // The numbers of what is missing stay free: nobody must take what comes now for it.
  return { ...end, problem, nextIndex: Math.max(end.nextIndex, anchored + 1), segment: null, stored: null };
}

async function readEnd(store: DurableStore): Promise<Tail> {
  const name = (await store.list(AUDIT_PREFIX)).filter((each) => firstIndexOf(each) !== null).at(-1);
  if (name === undefined)
    return { nextIndex: 0, previousHash: FIRST_PREVIOUS, segment: null, stored: null, problem: null };
  const firstIndex = firstIndexOf(name) as number;
  let bytes: Uint8Array | null = null;
  let problem: string | null = null;
  try {
    bytes = await store.get(name);
    if (bytes === null) problem = `The newest segment ${name} is listed and cannot be found.`;
  } catch (error) {
    if (!isDamage(error)) throw error;
    problem = `The newest segment ${name} cannot be read: ${error.message}`;
  }
  const { lines, rest } = bytes === null ? { lines: [], rest: null } : linesOf(bytes);
  const last = lines.length === 0 ? null : parseRecord(lines[lines.length - 1]);
  if (problem === null && (rest !== null || last === null || last.index !== firstIndex + lines.length - 1)) {
    problem = `The newest segment ${name} does not end with the record it should end with.`;
  }
  const nextIndex = firstIndex + lines.length + (problem === null ? 0 : 1);
  const text = lines.map((line) => `${line}\n`).join('');
  const hasRoom = text.length <= SEGMENT_BYTES_MAX;
  return {
    nextIndex,
    previousHash: last?.hash ?? FIRST_PREVIOUS,
    segment: problem === null && hasRoom ? { firstIndex, text } : null,
    stored: problem === null ? last : null,
    problem,
  };
}

/** The value is gone for good; anything else a store says may be over by the next time. */
export function isDamage(error: unknown): error is StoreError {
  return error instanceof StoreError && error.kind === 'damaged';
}
