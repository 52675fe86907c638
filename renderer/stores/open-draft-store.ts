import { createStore } from 'zustand/vanilla';
import type { ChosenFile } from '../../electron/contract/channels.ts';
import type { StoredPositionsFile, StoredSession } from '../persistence/database.ts';

/** What a person has gathered for the next session, before it is opened, and what was opened before. */
export interface OpenDraft {
  readonly sessionFiles: readonly ChosenFile[];
  readonly positionsFile: ChosenFile | null;
  /** A profile's name or file; null: found by looking at the file. */
  readonly profile: string | null;
  readonly startPaused: boolean;
  /** Address of a live feed, as typed. */
  readonly feedUrl: string;
  /** Begin a new live session instead of going on with the last one. */
  readonly feedAnew: boolean;
  readonly recent: readonly StoredSession[];
  readonly recentPositions: readonly StoredPositionsFile[];
}

export type OpenDraftStore = ReturnType<typeof makeOpenDraftStore>;

export function makeOpenDraftStore() {
  const store = createStore<OpenDraft>(() => ({
    sessionFiles: [],
    positionsFile: null,
    profile: null,
    startPaused: false,
    feedUrl: '',
    feedAnew: false,
    recent: [],
    recentPositions: [],
  }));
  return {
    ...store,
    set: (part: Partial<OpenDraft>) => store.setState(part),
    /** What was remembered comes when it comes: what a person typed or chose meanwhile stays. */
    remember: (remembered: Pick<OpenDraft, 'recent' | 'recentPositions' | 'positionsFile' | 'feedUrl'>) =>
      store.setState(({ positionsFile, feedUrl }) => ({
        ...remembered,
        positionsFile: positionsFile ?? remembered.positionsFile,
        feedUrl: feedUrl === '' ? remembered.feedUrl : feedUrl,
      })),
  };
}

/** A file of which only the path is known: named on the command line, or remembered. */
export function fileOfPath(path: string): ChosenFile {
  return { path, name: baseName(path), bytes: -1 };
}

export function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}
