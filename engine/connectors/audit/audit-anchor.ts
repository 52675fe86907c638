/**
 * What is known of a trail outside of its store: how it began, and its head now and then. A trail that was cut, replaced
 * or written anew from some record on does not agree with it.
 */
export interface AuditAnchor {
  readonly trail: string;
  /** Record 0 as it is stored. */
  readonly genesis: string;
  /** By index. The hash of a record that was durable at that time. */
  readonly heads: readonly AuditHead[];
}

export interface AuditHead {
  readonly index: number;
  readonly hash: string;
  readonly wallMs: number;
}

/** Where an anchor is kept: a small file, written whole or not at all, away from the store. */
export interface AnchorFile {
  /** For a person: the path. */
  readonly where: string;
  /** null: there is none. */
  read(): Promise<string | null>;
  write(text: string): Promise<void>;
}

const MARKER = 'FlinkTrade audit anchor';
const ANCHOR_FORMAT = 1;
/** One an hour: two months; beyond, every second of the older ones goes, so that old times stay proven, more coarsely. */
const HEADS_MAX = 1_500;

export function anchorText(anchor: AuditAnchor): string {
  return `${JSON.stringify({ what: MARKER, format: ANCHOR_FORMAT, ...anchor }, null, 1)}\n`;
}

/** @returns null for a text that is no anchor */
export function parseAnchor(text: string): AuditAnchor | null {
  let read: Partial<Record<keyof AuditAnchor | 'what' | 'format', unknown>> | null;
  try {
    read = JSON.parse(text) as typeof read;
  } catch {
    return null;
  }
  if (read?.what !== MARKER || read.format !== ANCHOR_FORMAT) return null;
  const { trail, genesis, heads } = read;
  if (typeof trail !== 'string' || typeof genesis !== 'string' || !Array.isArray(heads)) return null;
  return heads.every(isHead) ? { trail, genesis, heads } : null;
}

function isHead(value: unknown): value is AuditHead {
  const head = value as Partial<Record<keyof AuditHead, unknown>> | null;
  return Number.isSafeInteger(head?.index) && typeof head?.hash === 'string' && Number.isSafeInteger(head.wallMs);
}

export function withHead(anchor: AuditAnchor, head: AuditHead): AuditAnchor {
  const before = anchor.heads.filter(({ index }) => index < head.index);
  if (before.length < HEADS_MAX) return { ...anchor, heads: [...before, head] };
  const half = before.length >> 1;
  return { ...anchor, heads: [...before.filter((_, index) => index >= half || index % 2 === 0), head] };
}
