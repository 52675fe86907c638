import type { AsyncWaitWork } from './async.ts';
import type {
  Collector,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
  ProcessFunction,
} from './functions.ts';
import type { OutputTag } from './output-tag.ts';
import type { ExternalSink, RecordTypes, Sink } from './sink.ts';
import type { SourceReader, SourceReaderContext } from './source.ts';
import type { JoinWork } from './joins/join-work.ts';
import type { WatermarkStrategy } from './watermark-strategy.ts';
import type { WindowWork } from './windows/window-work.ts';

/**
 * What a job author's calls leave behind: nodes that know their inputs. `graph/` turns them into a job; the author never
 * sees them.
 */
export interface StreamEdge {
  readonly from: StreamNode;
  /** null: the main output. */
  readonly side: OutputTag<unknown> | null;
}

export type KeySelector = string | ((record: never) => unknown);

export type Partitioning =
  | { readonly kind: 'forward' }
  | { readonly kind: 'key'; readonly selector: KeySelector }
  | { readonly kind: 'broadcast' }
  /** From the source thread to each subtask in turn; from a subtask to the same one. */
  | { readonly kind: 'rebalance' };

export interface NodeInput {
  /** More than one after a union. */
  readonly edges: readonly StreamEdge[];
  readonly partitioning: Partitioning;
}

/** One operator of the program as written. */
export type NodeWork =
  | {
      readonly kind: 'source';
      readonly createReader: (context: SourceReaderContext) => SourceReader<unknown>;
      readonly strategy: WatermarkStrategy;
    }
  | { readonly kind: 'map'; readonly map: (value: unknown) => unknown }
  | { readonly kind: 'filter'; readonly filter: (value: unknown) => boolean }
  | { readonly kind: 'flat-map'; readonly flatMap: (value: unknown, out: Collector<unknown>) => void }
  | { readonly kind: 'process'; readonly userFunction: ProcessFunction<unknown, unknown> }
  | { readonly kind: 'keyed-process'; readonly userFunction: KeyedProcessFunction<never, unknown, unknown> }
  | {
      readonly kind: 'keyed-co-process';
      readonly userFunction: KeyedCoProcessFunction<never, unknown, unknown, unknown>;
    }
  | {
      readonly kind: 'keyed-broadcast';
      readonly userFunction: KeyedBroadcastProcessFunction<never, unknown, unknown, unknown>;
    }
  | WindowWork
  | JoinWork
  | AsyncWaitWork
  | { readonly kind: 'sink'; readonly sink: Sink<unknown> | ExternalSink<unknown> };

export interface StreamNode {
  /** 0, 1, 2 ... in the order of the program's calls: the same on every thread that builds the job. */
  readonly id: number;
  readonly work: NodeWork;
  readonly inputs: readonly NodeInput[];
  name: string;
  uid: string | null;
  types: RecordTypes | null;
}
