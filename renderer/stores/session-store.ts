import { createStore } from 'zustand/vanilla';
import type { JobPage } from '../../engine/contract/job-page.ts';
import type {
  EngineEvent,
  AuditInfo,
  Problem,
  Progress,
  QuarantinedRow,
  ScalingInfo,
  ServerStatus,
  SessionInfo,
  SessionStatus,
  StateInfo,
  Speed,
  StorageStatus,
} from '../../engine/contract/window.ts';
import type { RulesDocument } from '../../engine/contract/rules.ts';

/**
 * What the engine says about the session as a whole, a few times a second. No quote is in here: those go to the row
 * store, past React.
 */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected'; readonly engine: string }
  | { readonly kind: 'refused'; readonly reason: string };

export type SymbolState = Extract<EngineEvent, { kind: 'symbol-state' }>;
export type TradeExplained = Extract<EngineEvent, { kind: 'trade-explained' }>;

export interface AppliedRules {
  readonly document: RulesDocument;
  readonly version: number;
  /** Event time at which the window learned of it, null before the first quote. */
  readonly eventTimeMs: number | null;
  readonly wallMs: number;
}

export interface NotedProblem {
  readonly number: number;
  readonly problem: Problem;
  readonly wallMs: number;
}

export interface SessionState {
  readonly connection: Connection;
  readonly status: SessionStatus;
  readonly session: SessionInfo | null;
  readonly progress: Progress | null;
  /** The speed asked for, which the buttons show; the engine tells the one reached. */
  readonly speed: Speed;
  readonly appliedRules: AppliedRules | null;
  readonly problems: readonly NotedProblem[];
  readonly quarantined: readonly QuarantinedRow[];
  readonly rearmToken: string | null;
  readonly leftOutFrames: number;
  /** null before the engine has told. */
  readonly storage: StorageStatus | null;
  /** Checkpoints and recoveries of the session; null: there is none. */
  readonly state: StateInfo | null;
  /** How many workers the session has, and how that changed; null: there is none. */
  readonly scaling: ScalingInfo | null;
  /** The job in numbers, while somebody looks at them; null: there is none, or it was not told yet. */
  readonly jobPage: JobPage | null;
  /** The audit trail; null before the engine has told. */
  readonly audit: AuditInfo | null;
  readonly server: ServerStatus;
  /** What opens the server; null: nobody has asked to see it. */
  readonly serverToken: string | null;
  /** The latest answer about one symbol's state; null: none was asked for. */
  readonly symbolState: SymbolState | null;
  /** null: none was asked for, or it is not answered yet. */
  readonly tradeExplained: TradeExplained | null;
  readonly halted: boolean;
  /** False until the engine has told whether a session is open. */
  readonly isKnown: boolean;
  /** `atMs` of the recovery whose notice a person has closed. */
  readonly recoveryRead: number;
}

const PROBLEMS_MAX = 200;
/** Located rows that the window keeps; the counts by reason are always whole. */
export const QUARANTINED_MAX = 2000;

export const SPEED_DEFAULT: Speed = { kind: 'times', factor: 1 };

const EMPTY: SessionState = {
  connection: { kind: 'connecting' },
  status: { kind: 'none' },
  session: null,
  progress: null,
  speed: SPEED_DEFAULT,
  appliedRules: null,
  problems: [],
  quarantined: [],
  rearmToken: null,
  leftOutFrames: 0,
  storage: null,
  state: null,
  scaling: null,
  jobPage: null,
  audit: null,
  server: { kind: 'off' },
  serverToken: null,
  symbolState: null,
  tradeExplained: null,
  halted: false,
  isKnown: false,
  recoveryRead: 0,
};

export type SessionStore = ReturnType<typeof makeSessionStore>;

export function makeSessionStore() {
  const store = createStore<SessionState>(() => EMPTY);
  const set = store.setState;
  const get = store.getState;
  const addProblem = (problem: Problem, wallMs: number): void => {
    const { problems } = get();
    const newest = problems[0];
    // The same failure told again (after a hello) is not a new one.
    if (newest?.problem.code === problem.code && newest.problem.message === problem.message) return;
    const number = (newest?.number ?? 0) + 1;
    set({ problems: [{ number, problem, wallMs }, ...problems].slice(0, PROBLEMS_MAX) });
  };
  return {
    ...store,
    connected: (engine: string) => set({ connection: { kind: 'connected', engine } }),
    refused: (reason: string) => set({ connection: { kind: 'refused', reason } }),
    setStatus: (status: SessionStatus, session: SessionInfo | null) => {
      const isKnown = status.kind !== 'recovering';
      set({
        status,
        session,
        isKnown,
        ...(status.kind === 'none' && { state: null, scaling: null }),
        ...(session === null && { jobPage: null }),
        ...(session === null ? {} : { speed: session.speed }),
      });
      if (status.kind === 'none' || status.kind === 'opening') forgetSession(store);
    },
    setSpeed: (speed: Speed) => set({ speed }),
    setState: (state: StateInfo) => set({ state }),
    setScaling: (scaling: ScalingInfo) => set({ scaling }),
    setJobPage: (jobPage: JobPage | null) => set({ jobPage }),
    setAudit: (audit: AuditInfo) => set({ audit }),
    setServer: (server: ServerStatus) => set({ server, ...(server.kind !== 'on' && { serverToken: null }) }),
    setServerToken: (serverToken: string | null) => set({ serverToken }),
    setTradeExplained: (tradeExplained: TradeExplained | null) => set({ tradeExplained }),
    setSymbolState: (symbolState: SymbolState | null) => set({ symbolState }),
    setHalted: (halted: boolean) => set({ halted }),
    readRecovery: () => set({ recoveryRead: get().state?.recoveries.at(-1)?.atMs ?? 0 }),
    setProgress: (progress: Progress) =>
      set(
        progress.halted
          ? { progress }
          : { progress, rearmToken: get().progress?.halted === true ? null : get().rearmToken },
      ),
    setAppliedRules: (document: RulesDocument, version: number, wallMs: number) =>
      set({ appliedRules: { document, version, wallMs, eventTimeMs: get().progress?.eventTimeMs ?? null } }),
    setRearmToken: (rearmToken: string | null) => set({ rearmToken }),
    addLeftOut: (frames: number) => set({ leftOutFrames: get().leftOutFrames + frames }),
    addProblem,
    /** @returns what a person should be told now: each warning once, however often the engine tells the whole state */
    setStorage: (storage: StorageStatus, wallMs: number): readonly Problem[] => {
      const before = get().storage;
      set({ storage });
      const problems = newWarnings(storage, before);
      for (const problem of problems) addProblem(problem, wallMs);
      return problems;
    },
    clearProblems: () => set({ problems: [] }),
    addQuarantined: (rows: readonly QuarantinedRow[]) => {
      const known = new Set(get().quarantined.map(keyOf));
      const fresh = rows.filter((row) => !known.has(keyOf(row)));
      if (fresh.length > 0) set({ quarantined: [...get().quarantined, ...fresh].slice(0, QUARANTINED_MAX) });
    },
    forgetSession: () => forgetSession(store),
  };
}

function forgetSession(store: { setState: (part: Partial<SessionState>) => void }): void {
  store.setState({ progress: null, jobPage: null, quarantined: [], rearmToken: null });
}

function newWarnings(storage: StorageStatus, before: StorageStatus | null): readonly Problem[] {
  const newest = storage.notes.at(-1)?.number ?? 0;
  const told = before?.notes.at(-1)?.number ?? 0;
  // A new engine counts from 1 again.
  const known = newest < told ? 0 : told;
  const fresh = storage.notes.filter((note) => note.number > known && note.severity === 'warning');
  const problems = fresh.map(({ kind, message }) => ({ code: `storage-${kind}`, message, where: null }));
  if (storage.kind !== 'not-kept' || before?.kind === 'not-kept') return problems;
  return [
    ...problems,
    { code: `storage-${storage.reason}`, message: `State is not kept. ${storage.message}`, where: null },
  ];
}

function keyOf(row: QuarantinedRow): string {
  return `${row.input}:${row.line}:${row.reason}`;
}

export function isActive(status: SessionStatus): boolean {
  return status.kind === 'opening' || status.kind === 'playing' || status.kind === 'paused';
}
