import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AsyncFunction, type ResultFuture } from '../../engine/api/async.ts';
import { AsyncWaitOperatorTestHarness } from '../../engine/runtime/harness/async-harness.ts';

/** Answers only when a step says so; a record becomes as many results as its number modulo three. */
class HeldAnswers extends AsyncFunction<number, string> {
  readonly open: { readonly input: number; readonly future: ResultFuture<string> }[] = [];

  asyncInvoke(input: number, future: ResultFuture<string>): void {
    this.open.push({ input, future });
  }

  /** @returns false: nothing waits for an answer */
  answer(dice: number): boolean {
    const [call] = this.open.splice(Math.floor(dice * this.open.length), 1);
    call?.future.complete(resultsOf(call.input));
    return call !== undefined;
  }
}

const resultsOf = (input: number): string[] => Array.from({ length: input % 3 }, (_, index) => `${input}.${index}`);

type Step =
  | { readonly kind: 'record' }
  | { readonly kind: 'watermark' }
  | { readonly kind: 'answer'; readonly dice: number }
  /** A checkpoint, a crash, and a restore with so many subtasks. */
  | { readonly kind: 'restore' };

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Step>({ kind: 'record' }) },
    { weight: 2, arbitrary: fc.constant<Step>({ kind: 'watermark' }) },
    {
      weight: 6,
      arbitrary: fc.double({ min: 0, max: 0.999, noNaN: true }).map((dice): Step => ({ kind: 'answer', dice })),
    },
    { weight: 1, arbitrary: fc.constant<Step>({ kind: 'restore' }) },
  ),
  { maxLength: 120 },
);

/** What went in, as a row of fences: the records between two watermarks. */
interface Fence {
  readonly inputs: number[];
}

/** Runs the steps to the end of the input. @returns what came out, and what went in */
function run(mode: 'ordered' | 'unordered', capacity: number, script: readonly Step[]) {
  const start = (
    state: string | null,
  ): { harness: AsyncWaitOperatorTestHarness<number, string>; calls: HeldAnswers } => {
    const calls = new HeldAnswers();
    const harness = new AsyncWaitOperatorTestHarness<number, string>(calls, mode, { timeoutMs: 0, capacity });
    if (state !== null) harness.restoreInFlight([state]);
    harness.open();
    harness.runMail();
    return { harness, calls };
  };
  let { harness, calls } = start(null);
  const out: (string | number)[] = [];
  const take = (): void => {
    for (const element of harness.takeOutput())
      if (element.kind === 'record') out.push(element.value);
      else if (element.kind === 'watermark') out.push(element.timestamp);
  };
  const fences: Fence[] = [{ inputs: [] }];
  let next = 1;
  let inFlightMost = 0;
  for (const step of script) {
    switch (step.kind) {
      case 'record':
        fences.at(-1)?.inputs.push(next);
        harness.processElement(next, next);
        next += 1;
        break;
      case 'watermark':
        harness.processWatermark(fences.length);
        fences.push({ inputs: [] });
        break;
      case 'answer':
        calls.answer(step.dice);
        harness.runMail();
        break;
      case 'restore': {
        take();
        const stored = harness.snapshotInFlight();
        ({ harness, calls } = start(stored));
        break;
      }
    }
    inFlightMost = Math.max(inFlightMost, calls.open.length);
    take();
  }
  while (!harness.endInput()) if (!calls.answer(0)) harness.runMail();
  take();
  return { out, fences, inFlightMost };
}

/** The results between each two watermarks that came out. */
function segmentsOf(out: readonly (string | number)[]): { results: string[]; watermark: number }[] {
  const segments: { results: string[]; watermark: number }[] = [{ results: [], watermark: NaN }];
  for (const one of out) {
    if (typeof one === 'string') segments.at(-1)?.results.push(one);
    else {
      (segments.at(-1) as { watermark: number }).watermark = one;
      segments.push({ results: [], watermark: NaN });
    }
  }
  return segments;
}

describe('an asynchronous operator, whatever the order of answers, checkpoints and crashes', () => {
  test('ordered: gives the results of every record once, in the order of the stream, watermarks where they were', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), steps, (capacity, script) => {
        const { out, fences, inFlightMost } = run('ordered', capacity, script);
        const kept = watermarksOf(out);
        const expected = fences.flatMap(({ inputs }, index) => [
          ...inputs.flatMap(resultsOf),
          ...(kept.has(index + 1) ? [index + 1] : []),
        ]);
        expect(out).toEqual(expected);
        expectFences(kept, fences);
        expect(inFlightMost).toBeLessThanOrEqual(capacity);
      }),
      { numRuns: 400 },
    );
  });

  test('unordered: gives the results of every record once, none before or behind a watermark it did not stand at', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), steps, (capacity, script) => {
        const { out, fences, inFlightMost } = run('unordered', capacity, script);
        const kept = watermarksOf(out);
        // Watermarks with nothing between them may have become one: their fences are taken together.
        let from = 0;
        for (const { results, watermark } of segmentsOf(out)) {
          const to = Number.isNaN(watermark) ? fences.length : watermark;
          const inputs = fences.slice(from, to).flatMap((fence) => fence.inputs);
          expect([...results].sort()).toEqual(inputs.flatMap(resultsOf).sort());
          from = to;
        }
        expectFences(kept, fences);
        expect(inFlightMost).toBeLessThanOrEqual(capacity);
      }),
      { numRuns: 400 },
    );
  });
});

const watermarksOf = (out: readonly (string | number)[]): Set<number> =>
  new Set(out.filter((one): one is number => typeof one === 'number'));

/** A watermark may only be left out where the next one stood right behind it. */
function expectFences(kept: ReadonlySet<number>, fences: readonly Fence[]): void {
  for (let watermark = 1; watermark < fences.length; watermark += 1)
    if (!kept.has(watermark)) {
      expect(fences[watermark].inputs).toEqual([]);
      expect(watermark + 1).toBeLessThan(fences.length);
    }
}
