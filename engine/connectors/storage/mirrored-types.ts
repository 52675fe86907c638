import type { StoreEvent } from '../../contract/store-events.ts';
import type { Sha256 } from '../../core/bytes.ts';
import type { Clock } from '../../core/time.ts';
import type { Entry, Sum } from './copy-catalogue.ts';
import type { StartTimer } from './store-copy.ts';
import type { StoreMark } from './store-mark.ts';

export interface MirroredStoreOptions {
  /** For a person: `the state folder DIR`. */
  readonly where: string;
  readonly mark: StoreMark;
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly startTimer: StartTimer;
  readonly onEvent: (event: StoreEvent) => void;
  /** 0: the mark is written with every writing; then not even the last moment before a crash is ever in doubt. */
  readonly markEveryMs: number;
}

/** What the store held when it was opened. */
export interface StoreContent {
  readonly epoch: string;
  readonly head: number;
  readonly headRaw: string | null;
  readonly sum: Sum;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface StoreStatus {
  readonly where: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly values: number;
  readonly copies: readonly { readonly label: string; readonly where: string; readonly serves: boolean }[];
}
