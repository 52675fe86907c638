import type { TimestampedValue } from '../../api/windows/evictors.ts';
import type { WindowComputation } from '../../api/windows/window-work.ts';
import type { AggregateFunction, ReduceFunction } from '../../api/state.ts';
import { assertNever } from '../../core/assert.ts';
import { keptRecord } from '../operators/kept-record.ts';

/**
 * What a window holds and how it grows. Contents are plain data, part of every snapshot; undefined is an empty window.
 */
export interface WindowContents {
  add(contents: unknown, value: unknown, timestamp: number): unknown;
  /** Of two windows that became one, the earlier first. */
  merge(left: unknown, right: unknown): unknown;
  /** What the function sees; null: there is nothing to emit. */
  elementsOf(contents: unknown): readonly unknown[] | null;
}

export function contentsOf(computation: WindowComputation): WindowContents {
  switch (computation.kind) {
    case 'list':
      return new ListContents();
    case 'reduce':
      return new ReducedContents(computation.reduce);
    case 'aggregate':
      return new AggregatedContents(computation.aggregate);
    default:
      return assertNever(computation);
  }
}

class ListContents implements WindowContents {
  add(contents: unknown, value: unknown): unknown {
    if (contents === undefined) return [keptRecord(value)];
    (contents as unknown[]).push(keptRecord(value));
    return contents;
  }
  merge(left: unknown, right: unknown): unknown {
    return [...(left as unknown[]), ...(right as unknown[])];
  }
  elementsOf(contents: unknown): readonly unknown[] {
    return contents as unknown[];
  }
}

class ReducedContents implements WindowContents {
  private readonly reduce: ReduceFunction<unknown>;
  constructor(reduce: ReduceFunction<unknown>) {
    this.reduce = reduce;
  }
  add(contents: unknown, value: unknown): unknown {
    return keptRecord(contents === undefined ? value : this.reduce(contents, value));
  }
  merge(left: unknown, right: unknown): unknown {
    return this.reduce(left, right);
  }
  elementsOf(contents: unknown): readonly unknown[] {
    return [contents];
  }
}

class AggregatedContents implements WindowContents {
  private readonly aggregate: AggregateFunction<unknown, unknown, unknown>;
  constructor(aggregate: AggregateFunction<unknown, unknown, unknown>) {
    this.aggregate = aggregate;
  }
  add(contents: unknown, value: unknown): unknown {
    return this.aggregate.add(value, contents === undefined ? this.aggregate.createAccumulator() : contents);
  }
  merge(left: unknown, right: unknown): unknown {
    return this.aggregate.merge(left, right);
  }
  elementsOf(contents: unknown): readonly unknown[] | null {
    const result = this.aggregate.getResult(contents);
    return result === null || result === undefined ? null : [result];
  }
}

/** For evictors: every record, with its timestamp. */
export class TimestampedContents implements WindowContents {
  add(contents: unknown, value: unknown, timestamp: number): unknown {
    const element: TimestampedValue<unknown> = {
      value: keptRecord(value),
      timestamp: Number.isNaN(timestamp) ? null : timestamp,
    };
    if (contents === undefined) return [element];
    (contents as unknown[]).push(element);
    return contents;
  }
  merge(left: unknown, right: unknown): unknown {
    return [...(left as unknown[]), ...(right as unknown[])];
  }
  elementsOf(contents: unknown): readonly TimestampedValue<unknown>[] {
    return contents as TimestampedValue<unknown>[];
  }
}

/** What a list of records is reduced or aggregated to at once: for windows with an evictor. */
export function computeAtOnce(computation: WindowComputation, values: readonly unknown[]): readonly unknown[] | null {
  if (computation.kind === 'list') return values;
  const contents = contentsOf(computation);
  let result: unknown = undefined;
  for (const value of values) result = contents.add(result, value, NaN);
  return result === undefined ? null : contents.elementsOf(result);
}
