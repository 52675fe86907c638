import { describe, expect, test } from 'vitest';
import { AsyncFunction, type ResultFuture } from '../../engine/api/async.ts';
import {
  EMPTY_RESULT_PREDICATE,
  exponentialBackoffRetry,
  fixedDelayRetry,
  type RetryStrategy,
} from '../../engine/api/async-retry.ts';
import { OrderedStreamElementQueue } from '../../engine/runtime/async/ordered-queue.ts';
import type { QueuedElement, QueueEntry } from '../../engine/runtime/async/stream-element-queue.ts';
import { UnorderedStreamElementQueue } from '../../engine/runtime/async/unordered-queue.ts';
import { AsyncWaitOperatorTestHarness } from '../../engine/runtime/harness/async-harness.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { readTraces, type TraceOutput } from './traces.ts';

interface QueueStep {
  readonly op: 'putRecord' | 'putWatermark' | 'complete';
  readonly id: string;
  readonly ts: number;
  readonly results: readonly string[];
  readonly accepted: boolean;
  readonly out: readonly TraceOutput[];
  readonly size: number;
  readonly checkpointedInFlight?: readonly string[];
  readonly checkpointedInFlight_sorted?: readonly string[];
}

interface QueueScenario {
  readonly mode: 'ORDERED' | 'UNORDERED';
  readonly capacity: number;
  readonly steps: readonly QueueStep[];
}

type LogLine = Readonly<Record<string, string | number | boolean>>;

interface RetryScenario {
  readonly name: string;
  readonly timeout: number;
  readonly log: readonly LogLine[];
}

const nameOf = (element: QueuedElement): string =>
  element.kind === 'record' ? String(element.value) : `W${element.watermarkMs}`;

function runQueue({ mode, capacity, steps }: QueueScenario): void {
  const queue =
    mode === 'ORDERED' ? new OrderedStreamElementQueue(capacity) : new UnorderedStreamElementQueue(capacity);
  const entries = new Map<string, QueueEntry>();
  steps.forEach((step, index) => {
    const told = `step ${index}: ${JSON.stringify(step)}`;
    if (step.op === 'complete') queue.complete(entries.get(step.id) as QueueEntry, step.results);
    else {
      const put = queue.tryPut(
        step.op === 'putRecord'
          ? { kind: 'record', value: step.id, timestamp: step.ts }
          : { kind: 'watermark', watermarkMs: step.ts },
      );
      expect(put !== null, told).toBe(step.accepted);
      if (put !== null && step.op === 'putRecord') entries.set(step.id, put);
    }
    const out: TraceOutput[] = [];
    queue.emitCompleted(({ element, results }) => {
      if (element.kind === 'watermark') out.push({ watermark: element.watermarkMs });
      else for (const record of results ?? []) out.push({ record: String(record), ts: element.timestamp });
    });
    expect(out, told).toEqual(step.out);
    expect(queue.size, told).toBe(step.size);
    const inFlight = queue.elements().map(nameOf);
    if (step.checkpointedInFlight !== undefined) expect(inFlight, told).toEqual(step.checkpointedInFlight);
    else expect(inFlight.sort(), told).toEqual(step.checkpointedInFlight_sorted);
  });
}

/** Answers at once: nothing, or from the given attempt on. It ends its own timeouts. */
class ScriptedService extends AsyncFunction<string, string> {
  private readonly log: LogLine[];
  private readonly now: () => number;
  private readonly okFrom: number;
  private attempt = 0;

  constructor(log: LogLine[], now: () => number, okFrom: number) {
    super();
    this.log = log;
    this.now = now;
    this.okFrom = okFrom;
  }

  asyncInvoke(_input: string, future: ResultFuture<string>): void {
    this.attempt += 1;
    this.log.push({ attempt: this.attempt, at: this.now() });
    future.complete(this.attempt >= this.okFrom ? [`ok${this.attempt}`] : []);
  }

  override timeout(_input: string, future: ResultFuture<string>): void {
    this.log.push({ timeoutCalled: true, at: this.now() });
    future.complete(['TIMEOUT']);
  }
}

const fixed: RetryStrategy<string> = fixedDelayRetry(
  { maxAttempts: 3, delayMs: 10 },
  { ifResult: EMPTY_RESULT_PREDICATE },
);
const RETRY_SCRIPTS: Readonly<Record<string, { retry?: RetryStrategy<string>; okFrom: number }>> = {
  'fixed delay 3 attempts x 10 ms, always empty result': { retry: fixed, okFrom: Infinity },
  'fixed delay 3 x 10 ms, ok at attempt 3': { retry: fixed, okFrom: 3 },
  'fixed delay 3 x 10 ms but timeout 25 ms': { retry: fixed, okFrom: Infinity },
  'exponential initial 10 max 100 x2, 5 attempts': {
    retry: exponentialBackoffRetry(
      { maxAttempts: 5, initialMs: 10, maxMs: 100, multiplier: 2 },
      { ifResult: EMPTY_RESULT_PREDICATE },
    ),
    okFrom: Infinity,
  },
  'no retry strategy': { okFrom: Infinity },
};

function runRetries({ name, timeout }: RetryScenario): LogLine[] {
  const { retry, okFrom } = RETRY_SCRIPTS[name];
  const log: LogLine[] = [];
  let nowMs = 0;
  const harness = new AsyncWaitOperatorTestHarness<string, string>(
    new ScriptedService(log, () => nowMs, okFrom),
    'ordered',
    {
      timeoutMs: timeout,
      capacity: 10,
      ...(retry !== undefined && { retry }),
    },
  );
  harness.setProcessingTime(0);
  harness.processElement('x', 5);
  for (; nowMs <= 1500; nowMs += 1) {
    harness.setProcessingTime(nowMs);
    for (const element of harness.takeOutput())
      if (element.kind === 'record') log.push({ emit: element.value, ts: element.timestamp ?? NaN, at: nowMs });
  }
  return [...log, { end: 'after 1500 ms' }];
}

describeWithSharedData('asynchronous operators, as recorded from Flink', ['conformance/async.json'], ([file]) => {
  const { queueScenarios, retryScenarios } = readTraces<{
    queueScenarios: QueueScenario[];
    retryScenarios: RetryScenario[];
  }>(file);

  describe('queues', () => {
    test.each(queueScenarios.map((scenario, index) => [index, scenario.mode, scenario.capacity, scenario] as const))(
      'trace %i: %s, capacity %i',
      (_index, _mode, _capacity, scenario) => runQueue(scenario),
    );
  });

  test.each(retryScenarios.map((scenario) => [scenario.name, scenario] as const))('retries: %s', (_name, scenario) => {
    expect(runRetries(scenario)).toEqual(scenario.log);
  });
});
