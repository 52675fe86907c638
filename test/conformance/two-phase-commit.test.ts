import { expect, test } from 'vitest';
import { TwoPhaseCommitSinkFunction } from '../../engine/api/two-phase-commit-sink.ts';
import { TwoPhaseCommitSinkTestHarness } from '../../engine/runtime/harness/two-phase-commit-harness.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { readTraces } from './traces.ts';

interface Scenario {
  readonly name: string;
  readonly steps: readonly { readonly op: string; readonly log: readonly string[] }[];
}

/** Writes down what is asked of it. Transactions are numbered over all starts. */
class LoggingSink extends TwoPhaseCommitSinkFunction<string, { readonly name: string }> {
  private readonly log: string[];
  private readonly nextNumber: () => number;

  constructor(log: string[], nextNumber: () => number) {
    super();
    this.log = log;
    this.nextNumber = nextNumber;
  }

  beginTransaction(): { name: string } {
    const name = `tx${this.nextNumber()}`;
    this.log.push(`begin ${name}`);
    return { name };
  }
  invoke({ name }: { name: string }, value: string): void {
    this.log.push(`write ${value} -> ${name}`);
  }
  preCommit({ name }: { name: string }): void {
    this.log.push(`preCommit ${name}`);
  }
  commit({ name }: { name: string }): void {
    this.log.push(`commit ${name}`);
  }
  abort({ name }: { name: string }): void {
    this.log.push(`abort ${name}`);
  }
  override recoverAndCommit({ name }: { name: string }): void {
    this.log.push(`recoverAndCommit ${name}`);
  }
  override recoverAndAbort({ name }: { name: string }): void {
    this.log.push(`recoverAndAbort ${name}`);
  }
}

function run(harness: TwoPhaseCommitSinkTestHarness<string, { readonly name: string }>, op: string) {
  const [name, argument = ''] = op.split(' ');
  switch (name) {
    case 'open':
      return harness.open();
    case 'write':
      return harness.write(argument);
    case 'snapshot':
      return harness.snapshot(Number(argument));
    case 'complete':
      return harness.notifyCheckpointComplete(Number(argument));
    // As in Flink, nothing is to be done: a later checkpoint, or a restore, decides about its transactions.
    case 'abort':
    case 'aborted':
      return undefined;
    case 'restore':
      return harness.restore(Number(argument));
    case 'finish':
      return harness.finish();
    case 'close':
      return harness.close();
    default:
      throw new Error(`unknown step ${op}`);
  }
}

describeWithSharedData(
  'a two-phase-commit sink commits, aborts and recovers as recorded from Flink',
  ['conformance/two-phase-commit.json'],
  ([file]) => {
    const { scenarios } = readTraces<{ scenarios: Scenario[] }>(file);
    test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, { steps }) => {
      const log: string[] = [];
      let count = 0;
      const harness = new TwoPhaseCommitSinkTestHarness(() => new LoggingSink(log, () => (count += 1)));
      for (const step of steps) {
        await run(harness, step.op);
        expect(log.splice(0), step.op).toEqual(step.log);
      }
    });
  },
);
