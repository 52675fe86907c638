import { AsyncDataStream, AsyncFunction, type ResultFuture } from '../../engine/api/async.ts';
import { defineJob } from '../../engine/api/job.ts';
import { externalSink } from '../../engine/api/sink.ts';
import { WatermarkStrategy } from '../../engine/api/watermark-strategy.ts';
import { placeOrder } from '../../engine/connectors/gateway/gateway-client.node.ts';

export interface AsyncBenchParameters {
  readonly records: number;
  readonly capacity: number;
  /** Of an answer by a timer. */
  readonly latencyMs: number;
  /** Of a gateway that is asked over HTTP; null: a timer answers. */
  readonly gateway: string | null;
}

class Ask extends AsyncFunction<number, number> {
  private readonly parameters: AsyncBenchParameters;

  constructor(parameters: AsyncBenchParameters) {
    super();
    this.parameters = parameters;
  }

  async asyncInvoke(record: number, future: ResultFuture<number>): Promise<void> {
    const { gateway, latencyMs } = this.parameters;
    if (gateway === null) setTimeout(() => future.complete([record]), latencyMs);
    else {
      const order = {
        id: String(record),
        session: 'bench',
        symbol: 'A',
        side: 'sell',
        shares: '1',
        price: '1',
      } as const;
      await placeOrder(gateway, order, 10_000);
      future.complete([record]);
    }
  }
}

/** As many calls as there is room for, no watermark between them. */
export const asyncBench = defineJob<AsyncBenchParameters>((env, parameters) => {
  const records = env
    .fromCollection(
      Array.from({ length: parameters.records }, (_, index) => index),
      () => 0,
      WatermarkStrategy.noWatermarks(),
    )
    .uid('records');
  AsyncDataStream.unorderedWait(records, new Ask(parameters), { timeoutMs: 0, capacity: parameters.capacity })
    .uid('ask')
    .sinkTo(externalSink<number>('answers'));
});
