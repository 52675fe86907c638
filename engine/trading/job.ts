import type { SingleOutputStreamOperator } from '../api/data-stream.ts';
import type { StreamExecutionEnvironment } from '../api/environment.ts';
import { externalSink } from '../api/sink.ts';
import type { SourceReader, SourceReaderContext } from '../api/source.ts';
import { WatermarkStrategy } from '../api/watermark-strategy.ts';
import {
  CONTROL,
  LATE_QUOTES,
  POSITION,
  QUOTE,
  TRADE,
  type Quote,
  type StartingPosition,
  type Trade,
} from './records.ts';
import { TradeFunction, type TradeFunctionOptions } from './trade-function.ts';

/** Every trade, in no order between symbols: the run that provides the sink sorts by event time, then quote sequence. */
export const TRADES_SINK = externalSink<Trade>('trades');
/** Quotes that came too late and were dropped. */
export const LATE_QUOTES_SINK = externalSink<Quote>('late-quotes');

/** Reads a session: quotes and starting positions in stream order, controls on the side output CONTROL. */
export type CreateSessionReader = (context: SourceReaderContext) => SourceReader<Quote | StartingPosition>;

/** Quotes and positions of a session, in stream order. */
export type SessionStream = SingleOutputStreamOperator<Quote | StartingPosition>;

/** Where each of FlinkTrade's jobs begins. @param createReader called once, on the source thread */
export function describeSessionSource(
  environment: StreamExecutionEnvironment,
  createReader: CreateSessionReader,
): SessionStream {
  return environment
    .fromSource(createReader, WatermarkStrategy.noWatermarks(), 'session')
    .uid('session')
    .returns(QUOTE, POSITION);
}

/**
 * The FlinkTrade job.
 *
 *   session --- quotes, positions --- key by symbol --,
 *      '------- controls ------------ broadcast -------+-- trade --+-- trades
 *                                                                  '-- late quotes
 *
 * The session source stamps event time and watermarks itself (one source, one order), so no strategy makes any here.
 *
 * @param createReader called once, on the source thread
 * @returns its streams, for what else a run wants to make of them
 */
export function describeTrading(
  environment: StreamExecutionEnvironment,
  createReader: CreateSessionReader,
  options: TradeFunctionOptions,
): { readonly session: SessionStream; readonly trades: SingleOutputStreamOperator<Trade> } {
  // The session drives it: in a replay by event time, live by the machine's clock, so that a replay is exact either way.
  environment.setProcessingTime('source');

  const session = describeSessionSource(environment, createReader);

  const controls = session.getSideOutput(CONTROL).broadcast();

  const trades = session
    .keyBy('symbol')
    .connect(controls)
    .process(new TradeFunction(options))
    .name('trade')
    .uid('trade')
    .returns(TRADE);

  trades.sinkTo(TRADES_SINK).uid('trades');
  trades.getSideOutput(LATE_QUOTES).sinkTo(LATE_QUOTES_SINK).uid('late-quotes');
  return { session, trades };
}
