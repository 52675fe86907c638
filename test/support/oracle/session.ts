/**
 * The oracle: trading-rules once more, in the plainest way there is. One pass, bigint, decays one by one, sums by adding
 * up every trade so far. It is slow and shares no code with the engine; the property tests compare the two.
 */
export interface OracleRules {
  version: 1;
  defaults?: Record<string, unknown>;
  symbols?: Record<string, Record<string, unknown>>;
  limits?: Record<string, unknown>;
}

export interface OracleQuote {
  kind: 'quote';
  symbol: string;
  /** Decimal text; '' is missing. */
  bid: string;
  bidSize: string;
  ask: string;
  askSize: string;
  timeMs: number;
  /** Live: the session's processing clock when it came. */
  receivedMs?: number;
  /** Live: it was too old when it came. */
  isStale?: boolean;
}
/** Live: time went on without a quote; event time too, unless it is null. */
export interface OracleClock {
  kind: 'clock';
  processingMs: number;
  eventTimeMs: number | null;
}
export type OracleControl = { kind: 'rules'; rules: OracleRules } | { kind: 'halt' } | { kind: 'rearm' };
export interface OraclePosition {
  symbol: string;
  shares: string;
  buyPrice: string;
  ttlMs: number | null;
  openedAt: number | null;
}
export interface OracleSession {
  rules: OracleRules;
  positions: OraclePosition[];
  input: (OracleQuote | OracleControl | OracleClock)[];
  /** The clock of processing time is told by quotes and steps; else event time drives it. */
  isLive?: boolean;
}

/** What reaches the trading rules, in order: the session with its time and sequence stamped on. */
export type Step =
  | { kind: 'alignment'; timeMs: number }
  | { kind: 'position'; position: OraclePosition; openedAt: number }
  | { kind: 'time'; watermark: number; processing: number }
  | { kind: 'quote'; quote: OracleQuote; sequence: number }
  | { kind: 'control'; control: OracleControl; greatest: number };

export interface StampedSession {
  steps: Step[];
  /** Sequence numbers of quotes quarantined as `future`. */
  future: number[];
  /** The same for `stale`. */
  stale: number[];
  pending: OraclePosition[];
}

/** trading-rules "Records", "On a position", "Time". */
export function stamp(session: OracleSession): StampedSession {
  const outOfOrderness = Number(session.rules.defaults?.['outOfOrdernessMs'] ?? 0);
  const maxFuture = Number(session.rules.defaults?.['maxFutureMs'] ?? 3_600_000);
  const steps: Step[] = [];
  const future: number[] = [];
  const stale: number[] = [];
  let limits = session.rules.limits ?? {};
  let waiting = [...session.positions];
  let greatest = -Infinity;
  let sequence = 0;
  let held: { quote: OracleQuote; sequence: number }[] = [];

  const driven = (timeMs: number): number => (session.isLive === true ? -Infinity : timeMs);
  const advance = (timeMs: number): void => {
    if (timeMs <= greatest) return;
    const second = Math.floor(timeMs / 1000);
    const limited = (limits['maxNotionalPerDay'] ?? null) !== null || (limits['maxLossPerDay'] ?? null) !== null;
    if (limited && second > Math.floor(greatest / 1000)) steps.push({ kind: 'alignment', timeMs: second * 1000 });
    if (greatest === -Infinity)
      waiting = waiting.map((position) => ({ ...position, openedAt: position.openedAt ?? timeMs }));
    const entering = waiting
      .filter((position) => (position.openedAt as number) <= timeMs)
      .sort((a, b) => (a.openedAt as number) - (b.openedAt as number));
    waiting = waiting.filter((position) => !entering.includes(position));
    for (const position of entering) {
      steps.push({ kind: 'time', watermark: -Infinity, processing: driven(position.openedAt as number) });
      steps.push({ kind: 'position', position, openedAt: position.openedAt as number });
    }
    greatest = timeMs;
    steps.push({ kind: 'time', watermark: greatest - outOfOrderness - 1, processing: driven(greatest) });
  };
  const take = (quote: OracleQuote, number: number): void => {
    advance(quote.timeMs);
    steps.push({ kind: 'quote', quote, sequence: number });
  };
  const tell = (processing: number): void => void steps.push({ kind: 'time', watermark: -Infinity, processing });

  for (const item of session.input) {
    if (item.kind === 'clock') {
      tell(item.processingMs);
      // Before the first quote there is no event time that could go on.
      if (item.eventTimeMs !== null && greatest !== -Infinity) advance(item.eventTimeMs);
      continue;
    }
    if (item.kind === 'quote' && item.receivedMs !== undefined) tell(item.receivedMs);
    if (item.kind === 'quote' && item.isStale === true) {
      // It is no witness for a jump ahead.
      future.push(...held.map((one) => one.sequence));
      held = [];
      stale.push(sequence++);
      continue;
    }
    if (item.kind !== 'quote') {
      if (item.kind === 'rules') limits = item.rules.limits ?? {};
      steps.push({ kind: 'control', control: item, greatest });
    } else if (greatest !== -Infinity && item.timeMs > greatest + maxFuture) {
      held.push({ quote: item, sequence: sequence++ });
      if (held.length === 4) {
        for (const one of held) take(one.quote, one.sequence);
        held = [];
      }
    } else {
      future.push(...held.map((one) => one.sequence));
      held = [];
      take(item, sequence++);
    }
  }
  future.push(...held.map((one) => one.sequence));
  if (greatest !== -Infinity) steps.push({ kind: 'time', watermark: greatest, processing: driven(greatest) });
  return { steps, future, stale, pending: waiting };
}
