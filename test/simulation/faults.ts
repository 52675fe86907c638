import type { StoreFault } from '../support/memory-store.ts';

/** Which call of the store: the nth of its kind in this life of the process. */
export type StoreCallKind = 'put-state' | 'put-manifest' | 'get' | 'list' | 'remove';

/** Where in the stream: when the source has given out this many sequence numbers. */
interface AtSequence {
  readonly sequence: number;
}

/** What ends one life of the process. */
export type Ending =
  | (AtSequence & { readonly kind: 'task-killed-at-record'; readonly side: 'before' | 'after' })
  | (AtSequence & { readonly kind: 'task-killed-at-timer' })
  | (AtSequence & { readonly kind: 'crash-at-a-step'; readonly steps: number })
  /** A checkpoint is asked for; then so many of its parts come in, or store calls of it begin or end, and no more. */
  | (AtSequence & { readonly kind: 'crash-between-parts'; readonly parts: number })
  | (AtSequence & { readonly kind: 'crash-while-storing'; readonly calls: number; readonly side: 'before' | 'after' })
  | (AtSequence & { readonly kind: 'crash-ahead-of-commit' })
  | { readonly kind: 'crash-in-recovery'; readonly where: RecoveryPoint }
  | { readonly kind: 'crash-at-the-end' }
  /** Stopped and started again with another number of workers. */
  | (AtSequence & { readonly kind: 'rescale-from-checkpoint'; readonly steps: number })
  | (AtSequence & { readonly kind: 'rescale-from-savepoint'; readonly steps: number })
  /** One bit of the newest checkpoint is wrong; the crash comes before a newer one is complete. */
  | (AtSequence & { readonly kind: 'newest-checkpoint-damaged'; readonly value: 'put-state' | 'put-manifest' });

export type RecoveryPoint =
  | { readonly at: 'store-call'; readonly calls: number; readonly side: 'before' | 'after' }
  | { readonly at: 'commit'; readonly commits: number }
  | { readonly at: 'step'; readonly steps: number };

/** What goes wrong and ends nothing. */
export type Nuisance =
  | {
      readonly kind: 'store-call';
      readonly fault: Exclude<StoreFault, 'damaged'> | 'slow';
      readonly call: StoreCallKind;
      readonly nth: number;
    }
  /** A value comes back with a wrong bit, once. */
  | { readonly kind: 'read-damaged'; readonly nth: number }
  | (AtSequence & { readonly kind: 'disk-full'; readonly puts: number })
  | (AtSequence & { readonly kind: 'slow-consumer'; readonly calls: number })
  | (AtSequence & { readonly kind: 'slow-task'; readonly task: number; readonly calls: number })
  /** The number of workers changes while quotes flow; `to` is another one than there are. */
  | (AtSequence & { readonly kind: 'rescale-while-running'; readonly to: number })
  | (AtSequence & { readonly kind: 'clock-jump'; readonly byMs: number })
  | { readonly kind: 'short-timeout'; readonly timeoutMs: number };

export type Fault = Ending | Nuisance;

/** As it is counted and shown. */
export function nameOf(fault: Fault): string {
  return fault.kind === 'store-call' ? `store-call-${fault.fault}` : fault.kind;
}
