import type { StreamNode } from '../../api/stream-nodes.ts';
import { AsOfJoinOperator } from '../joins/as-of-join-operator.ts';
import { IntervalJoinOperator } from '../joins/interval-join-operator.ts';
import { AsyncWaitOperator } from '../operators/async-wait-operator.ts';
import type { KeyedOperator, OperatorEnvironment } from '../operators/keyed-operator.ts';
import {
  KeyedBroadcastOperator,
  KeyedCoProcessOperator,
  KeyedProcessOperator,
} from '../operators/keyed-process-operators.ts';
import type { OperatorOutput } from '../operators/output.ts';
import { createWindowOperator } from '../windows/create-window-operator.ts';
import type { TaskHost } from './task.ts';

/** The operator that does a keyed node's work. */
export function createOperator(
  node: StreamNode,
  environment: OperatorEnvironment,
  output: OperatorOutput,
  host: Pick<TaskHost, 'async' | 'processingTimeMs'>,
): KeyedOperator {
  switch (node.work.kind) {
    case 'keyed-process':
      return new KeyedProcessOperator(environment, output, node.work.userFunction);
    case 'keyed-co-process':
      return new KeyedCoProcessOperator(environment, output, node.work.userFunction);
    case 'keyed-broadcast':
      return new KeyedBroadcastOperator(environment, output, node.work.userFunction);
    case 'window':
      return createWindowOperator(environment, output, node.work);
    case 'interval-join':
      return new IntervalJoinOperator(environment, output, node.work);
    case 'as-of-join':
      return new AsOfJoinOperator(environment, output, node.work);
    case 'async-wait':
      return new AsyncWaitOperator(environment, output, node.work, host.async(node), host.processingTimeMs());
    case 'source':
    case 'map':
    case 'filter':
    case 'flat-map':
    case 'process':
    case 'sink':
      throw new Error(`Operator '${node.name}' (${node.work.kind}) is not keyed.`);
  }
}
