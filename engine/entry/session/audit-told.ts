import { canonicalJson, type AuditEntry, type AuditRecord } from '../../connectors/audit/audit-record.ts';
import type { AuditTrail } from '../../connectors/audit/audit-trail.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import type { DecidedTrade } from './trade-decisions.ts';

/** Quarantined rows by reason. */
export type RowCounts = Readonly<Record<string, number>>;

/** What a trail tells of a session from some record on. */
export interface Told {
  /** By `placeKey`: how often. Whoever goes through the stream again takes one off for each. */
  readonly items: Map<string, number>;
  /** Greatest quote sequence of a trade; -1: none. Trades are told in the order of their quotes. */
  readonly tradesUntil: number;
  readonly rows: RowCounts;
}

/** Kinds that come again, the same and at the same place, when a session is gone on with. */
const OF_THE_STREAM: ReadonlySet<string> = new Set(['rules', 'kill', 'rearm', 'clock-jump']);

/** The same for the same thing at the same place of a stream. */
export function placeKey({ kind, details }: Pick<AuditEntry, 'kind' | 'details'>, sequence: number | null): string {
  return `${kind} ${sequence} ${canonicalJson(details)}`;
}

/**
 * Looks up what was told of a session. One trail may tell of several, one after the other and again: each span of them
 * begins with a record that names its session.
 * @param from index of the first record that counts: then the trail was telling of this session; 0: of none
 * @throws StoreError
 */
export async function readTold(trail: AuditTrail, session: string, from: number): Promise<Told> {
  const items = new Map<string, number>();
  const rows: Record<string, number> = {};
  let tradesUntil = -1;
  for await (const record of recordsOf(trail, session, from)) {
    if (record.kind === 'trade') tradesUntil = Math.max(tradesUntil, record.sequence ?? -1);
    else if (record.kind === 'quarantine') addRows(rows, record);
    else if (OF_THE_STREAM.has(record.kind) && record.sequence !== null) {
      const key = placeKey(record, record.sequence);
      items.set(key, (items.get(key) ?? 0) + 1);
    }
  }
  return { items, tradesUntil, rows };
}

/** A trade that was told, by its id; null: there is none. @throws StoreError */
export async function readTrade(trail: AuditTrail, session: string, id: string): Promise<DecidedTrade | null> {
  for await (const record of recordsOf(trail, session, 0))
    if (record.kind === 'trade' && record.details.id === id) return decidedTrade(record);
  return null;
}

/** A trade with the rules that decided it, where nothing but the trail is at hand. */
export interface ToldTrade extends DecidedTrade {
  /** null: they were not told. */
  readonly rules: RulesDocument | null;
}

/**
 * A trade that was told of any session, by its id; null: there is none. Quotes are numbered in each session anew: of two
 * trades with one id the newest is meant.
 */
export async function findToldTrade(records: AsyncIterable<AuditRecord>, id: string): Promise<ToldTrade | null> {
  const rules = new Map<string, RulesDocument>();
  let session: string | null = null;
  let found: ToldTrade | null = null;
  for await (const record of records) {
    session = sessionAt(record, session);
    if (record.kind === 'session-start' || record.kind === 'rules')
      rules.set(`${versionOf(record)} ${session}`, record.details.rules);
    if (record.kind === 'trade' && record.details.id === id)
      found = { ...decidedTrade(record), rules: rules.get(`${record.details.rulesVersion} ${session}`) ?? null };
  }
  return found;
}

function decidedTrade({ details }: Extract<AuditRecord, { kind: 'trade' }>): DecidedTrade {
  const { decision = null, rulesVersion: _version, ...trade } = details;
  return { trade, decision };
}

/** The rules of a version, 1: those the session began with; null: they were not told. @throws StoreError */
export async function readRules(trail: AuditTrail, session: string, version: number): Promise<RulesDocument | null> {
  for await (const record of recordsOf(trail, session, 0))
    if (record.kind === 'session-start' || record.kind === 'rules') {
      const { rules } = record.details;
      if (versionOf(record) === version) return rules;
    }
  return null;
}

function versionOf(record: Extract<AuditRecord, { kind: 'session-start' | 'rules' }>): number {
  return record.kind === 'rules' ? record.details.version : record.details.rulesVersion;
}

/** The session that a trail tells of at a record, and from there on. @param before null: of none */
function sessionAt(record: AuditRecord, before: string | null): string | null {
  if (record.kind !== 'session-start' && record.kind !== 'recovery') return before;
  return record.details.session ?? before;
}

async function* recordsOf(trail: AuditTrail, session: string, from: number): AsyncGenerator<AuditRecord> {
  let current: string | null = from === 0 ? null : session;
  for await (const record of trail.recordsFrom(from)) {
    current = sessionAt(record, current);
    if (current === session) yield record;
  }
}

function addRows(rows: Record<string, number>, { details }: Extract<AuditRecord, { kind: 'quarantine' }>): void {
  for (const [reason, count] of Object.entries(details.rows)) rows[reason] = (rows[reason] ?? 0) + count;
}
