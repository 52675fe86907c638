import type { Evictor, TimestampedValue } from '../../api/windows/evictors.ts';
import type { WindowWork } from '../../api/windows/window-work.ts';
import type { Window } from '../../api/windows/window.ts';
import type { OperatorEnvironment } from '../operators/keyed-operator.ts';
import type { OperatorOutput } from '../operators/output.ts';
import { computeAtOnce, TimestampedContents } from './window-contents.ts';
import type { WindowNamespace } from './window-namespaces.ts';
import { WindowOperator } from './window-operator.ts';

/**
 * Windows with an evictor (Flink: EvictingWindowOperator): every record is kept, and what the evictor takes out at a firing
 * is gone for the next one too.
 */
export class EvictingWindowOperator extends WindowOperator {
  private readonly evictor: Evictor<unknown, Window>;

  constructor(
    environment: OperatorEnvironment,
    output: OperatorOutput,
    work: WindowWork,
    evictor: Evictor<unknown, Window>,
  ) {
    super(environment, output, work, new TimestampedContents());
    this.evictor = evictor;
  }

  protected override emitContents(namespace: WindowNamespace): void {
    const { window } = namespace;
    const all = namespace.contents as readonly TimestampedValue<unknown>[];
    const seen = this.evictor.evictBefore(all, window, this.timers);
    const elements = computeAtOnce(
      this.work.computation,
      seen.map(({ value }) => value),
    );
    if (elements !== null) this.callFunction(window, elements);
    const kept = this.evictor.evictAfter(seen, window, this.timers);
    namespace.contents = kept.length === 0 ? undefined : [...kept];
  }
}
