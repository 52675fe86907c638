import { createStore } from 'zustand/vanilla';
import type {
  Problem,
  Progress,
  QuarantinedRow,
  SessionInfo,
  SessionStatus,
  Speed,
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
};

export type SessionStore = ReturnType<typeof makeSessionStore>;

export function makeSessionStore() {
  const store = createStore<SessionState>(() => EMPTY);
  const set = store.setState;
  const get = store.getState;
  return {
    ...store,
    connected: (engine: string) => set({ connection: { kind: 'connected', engine } }),
    refused: (reason: string) => set({ connection: { kind: 'refused', reason } }),
    setStatus: (status: SessionStatus, session: SessionInfo | null) => {
      set({ status, session, ...(session === null ? {} : { speed: session.speed }) });
      if (status.kind === 'none' || status.kind === 'opening') forgetSession(store);
    },
    setSpeed: (speed: Speed) => set({ speed }),
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
    addProblem: (problem: Problem, wallMs: number) => {
      const { problems } = get();
      const newest = problems[0];
      // The same failure told again (after a hello) is not a new one.
      if (newest?.problem.code === problem.code && newest.problem.message === problem.message) return;
      const number = (newest?.number ?? 0) + 1;
      set({ problems: [{ number, problem, wallMs }, ...problems].slice(0, PROBLEMS_MAX) });
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
  store.setState({ progress: null, quarantined: [], rearmToken: null });
}

function keyOf(row: QuarantinedRow): string {
  return `${row.input}:${row.line}:${row.reason}`;
}

export function isActive(status: SessionStatus): boolean {
  return status.kind === 'opening' || status.kind === 'playing' || status.kind === 'paused';
}
