import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TwoPhaseCommitSinkFunction } from '../../engine/api/two-phase-commit-sink.ts';
import { TwoPhaseCommitSinkTestHarness } from '../../engine/runtime/harness/two-phase-commit-harness.ts';

/** What outlives a crash: prepared files, and what was made visible. */
class Outside {
  transactions = 0;
  readonly prepared = new Map<number, readonly number[]>();
  readonly visible = new Map<number, readonly number[]>();
  failingCommits = 0;

  get records(): number[] {
    return [...this.visible].sort(([left], [right]) => left - right).flatMap(([, records]) => records);
  }
}

interface Transaction {
  readonly number: number;
  readonly records: number[];
}

class FileLikeSink extends TwoPhaseCommitSinkFunction<number, Transaction> {
  private readonly outside: Outside;

  constructor(outside: Outside) {
    super();
    this.outside = outside;
  }

  beginTransaction(): Transaction {
    this.outside.transactions += 1;
    return { number: this.outside.transactions, records: [] };
  }
  invoke(transaction: Transaction, value: number): void {
    transaction.records.push(value);
  }
  async preCommit(transaction: Transaction): Promise<void> {
    const records = [...transaction.records];
    await Promise.resolve();
    this.outside.prepared.set(transaction.number, records);
  }
  async commit({ number }: Transaction): Promise<void> {
    await Promise.resolve();
    if (this.outside.failingCommits > 0) {
      this.outside.failingCommits -= 1;
      throw new Error(`no room for transaction ${number}`);
    }
    const records = this.outside.prepared.get(number);
    if (records === undefined) throw new Error(`transaction ${number} was never prepared`);
    this.outside.visible.set(number, records);
  }
  abort({ number }: Transaction): void {
    if (this.outside.visible.has(number)) throw new Error(`transaction ${number} was committed and then aborted`);
    this.outside.prepared.delete(number);
  }
}

describe('a two-phase-commit sink', () => {
  test('records that come while the pre-commit is awaited belong to the next checkpoint', async () => {
    const outside = new Outside();
    const harness = new TwoPhaseCommitSinkTestHarness(() => new FileLikeSink(outside));
    await harness.open();
    harness.write(1);

    const snapshot = harness.snapshot(1);
    harness.write(2);
    await snapshot;
    await harness.notifyCheckpointComplete(1);

    expect(outside.records).toEqual([1]);
  });

  test('a checkpoint is not safe before what an older one pre-commits is', async () => {
    const outside = new Outside();
    const late: (() => void)[] = [];
    class LateSink extends FileLikeSink {
      override async preCommit(transaction: Transaction): Promise<void> {
        await new Promise<void>((resolve) => late.push(resolve));
        return super.preCommit(transaction);
      }
    }
    const harness = new TwoPhaseCommitSinkTestHarness(() => new LateSink(outside));
    await harness.open();
    const safe: number[] = [];
    const snapshots = [1, 2].map((id) => {
      harness.write(id);
      return harness.snapshot(id).then(() => safe.push(id));
    });

    // The newest goes on first.
    late[1]();
    await new Promise((resolve) => setImmediate(resolve));
    expect(safe).toEqual([]);
    late[0]();
    await Promise.all(snapshots);
    await harness.notifyCheckpointComplete(2);

    expect(safe).toEqual([1, 2]);
    expect(outside.records).toEqual([1, 2]);
  });

  test('after a pre-commit that failed no checkpoint succeeds that would commit it', async () => {
    const outside = new Outside();
    class FailingSink extends FileLikeSink {
      override preCommit(transaction: Transaction): Promise<void> {
        return transaction.number === 1 ? Promise.reject(new Error('the disk is full')) : super.preCommit(transaction);
      }
    }
    const harness = new TwoPhaseCommitSinkTestHarness(() => new FailingSink(outside));
    await harness.open();

    await expect(harness.snapshot(1)).rejects.toThrow('the disk is full');
    await expect(harness.snapshot(2)).rejects.toThrow('the disk is full');
  });

  test('a failing commit does not keep the others back, and is made good by the restart', async () => {
    const outside = new Outside();
    const harness = new TwoPhaseCommitSinkTestHarness(() => new FileLikeSink(outside));
    await harness.open();
    for (const id of [1, 2]) {
      harness.write(id);
      await harness.snapshot(id);
    }

    outside.failingCommits = 1;
    await expect(harness.notifyCheckpointComplete(2)).rejects.toThrow('no room for transaction 1');
    expect(outside.records).toEqual([2]);
    await harness.restore(2);

    expect(outside.records).toEqual([1, 2]);
  });

  test('after the end of the input the last checkpoint commits, and nothing is begun any more', async () => {
    const outside = new Outside();
    const harness = new TwoPhaseCommitSinkTestHarness(() => new FileLikeSink(outside));
    await harness.open();
    harness.write(1);

    await harness.finish();
    await harness.snapshot(1);
    await harness.notifyCheckpointComplete(1);
    await harness.close();

    expect(outside.records).toEqual([1]);
    expect(outside.transactions).toBe(1);
    expect(() => harness.write(2)).toThrow('no transaction');
  });

  test('whatever completes, crashes and comes again, each record is visible exactly once', async () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 5, arbitrary: fc.constant('write' as const) },
        { weight: 2, arbitrary: fc.constant('snapshot' as const) },
        { weight: 2, arbitrary: fc.constant('complete' as const) },
        { weight: 1, arbitrary: fc.constant('complete again' as const) },
        { weight: 1, arbitrary: fc.constant('crash' as const) },
        { weight: 1, arbitrary: fc.constant('crash while restoring' as const) },
      ),
      { maxLength: 80 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const outside = new Outside();
        const harness = new TwoPhaseCommitSinkTestHarness(() => new FileLikeSink(outside));
        await harness.open();
        let position = 0;
        let taken = 0;
        /** Source position of each checkpoint; complete ones are what a restart goes back to. */
        const positions = new Map<number, number>();
        let completed = 0;
        for (const step of script) {
          if (step === 'write') harness.write((position += 1));
          else if (step === 'snapshot') {
            await harness.snapshot((taken += 1));
            positions.set(taken, position);
          } else if (step === 'complete') {
            completed = taken;
            await harness.notifyCheckpointComplete(completed);
          } else if (step === 'complete again') await harness.notifyCheckpointComplete(completed);
          else {
            // A checkpoint can be complete without the sink having heard of it.
            completed = Math.max(completed, taken - 1);
            if (completed === 0) continue;
            if (step === 'crash while restoring') {
              outside.failingCommits = 1;
              await harness.restore(completed).catch(() => undefined);
              outside.failingCommits = 0;
            }
            await harness.restore(completed);
            taken = completed;
            position = positions.get(completed) as number;
          }
        }
        await harness.finish();
        await harness.snapshot(taken + 1);
        await harness.notifyCheckpointComplete(taken + 1);
        expect(outside.records).toEqual(Array.from({ length: position }, (_, index) => index + 1));
      }),
      { numRuns: 300 },
    );
  });
});
