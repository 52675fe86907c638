import type { WindowWork } from '../../api/windows/window-work.ts';
import type { OperatorEnvironment } from '../operators/keyed-operator.ts';
import type { OperatorOutput } from '../operators/output.ts';
import { EvictingWindowOperator } from './evicting-window-operator.ts';
import { WindowOperator } from './window-operator.ts';

/** The operator for windows as they were described. */
export function createWindowOperator(
  environment: OperatorEnvironment,
  output: OperatorOutput,
  work: WindowWork,
): WindowOperator {
  return work.evictor === null
    ? new WindowOperator(environment, output, work)
    : new EvictingWindowOperator(environment, output, work, work.evictor);
}
