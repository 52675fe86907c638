import type { InputStatus, ReaderOutput, SourceReader, SourceReaderContext } from '../../../engine/api/source.ts';
import { assignKeyToParallelOperator } from '../../../engine/state/key-groups.ts';
import type { FinalRecord } from '../commit-log.ts';
import { Draws } from '../draws.ts';
import type { ScriptedPace } from '../scripted-source.ts';
import type { SimulatedJob } from '../simulated-job.ts';
import { partsOf, type DrawnStreams, type StreamRecord } from './drawn-streams.ts';
import { ServiceBooks, SimulatedService, type CallEvent } from './simulated-service.ts';
import { STREAM_SINKS, streamsJob, TIMER_AFTER_MS, type Counted, type StreamsParameters } from './streams-job.ts';
import { streamsByTheBook } from './streams-oracle.ts';

const NOTHING_CAME = 0.4;
/** Of the steps: somebody asks for a key's state. */
const ASKED = 0.1;

/** What goes on outside of the process, and is still true when it is gone. */
class StreamsWorld {
  readonly books = new ServiceBooks();
  readonly happened = new Set<CallEvent | 'state-read'>();
  readonly violations: string[] = [];
}

/** What comes out is in the sinks. */
interface StreamsResults {
  readonly stepsTaken: number;
}

class StepsReader implements SourceReader<StreamRecord> {
  next: number;
  readonly #drawn: DrawnStreams;
  readonly #pace: ScriptedPace;
  readonly #draws: Draws;

  constructor(drawn: DrawnStreams, pace: ScriptedPace, seed: number, { restoredState }: SourceReaderContext) {
    this.#drawn = drawn;
    this.#pace = pace;
    this.#draws = new Draws(seed);
    this.next = (restoredState as number | null) ?? 0;
  }

  pollNext(output: ReaderOutput<StreamRecord>): InputStatus {
    const { steps } = this.#drawn;
    const { holdAt, mayGoOn, recordsMax } = this.#pace;
    if (this.next === steps.length) return 'end-of-input';
    if ((this.next >= holdAt && !mayGoOn()) || this.#draws.chance(NOTHING_CAME)) return 'more-available';
    const drawn = this.next + this.#draws.int(1, recordsMax);
    const to = Math.min(steps.length, this.next < holdAt ? Math.min(drawn, holdAt) : drawn);
    for (; this.next < to; this.next += 1) {
      const step = steps[this.next];
      if (step.kind === 'record') output.collect(step, step.ts);
      else if (step.kind === 'watermark') output.emitWatermark(step.ts);
      else output.emitProcessingTime(step.ms);
    }
    return 'more-available';
  }
  snapshotState(): number {
    return this.next;
  }
  isAvailable(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

const asWritten = (record: unknown): FinalRecord => {
  const text = JSON.stringify(record);
  // No line is told twice, so a line is its own name.
  return { id: text, text };
};

/** Windows, joins, calls of a service, state with a time to live and state that is asked for: one job, as the seed drew it. */
export function simulatedStreams(
  drawn: DrawnStreams,
  keepsWorkers: boolean,
): SimulatedJob<StreamsResults, StreamsWorld> {
  const tellsOrder = keepsWorkers && drawn.calls?.mode === 'ordered';
  const book = streamsByTheBook(drawn, TIMER_AFTER_MS, tellsOrder);
  const prefixes = prefixesOf(drawn);
  const placeOf = new Map(drawn.steps.map((step, place) => [step.kind === 'record' ? step.sequence : -1, place]));
  return {
    quotes: drawn.steps.length,
    trades: 0,
    sinks: Object.fromEntries(STREAM_SINKS.map((name) => [name, asWritten])),
    createWorld: () => new StreamsWorld(),
    sequenceOf: (record) => placeOf.get((record as StreamRecord).sequence) ?? -1,
    begin: ({ seed, pace, scheduler, world }) => {
      const draws = new Draws(seed + 1);
      let reader: StepsReader | null = null;
      const told = { events: world.happened, isCalm: () => reader !== null && reader.next === drawn.steps.length };
      const service =
        drawn.calls === null ? null : new SimulatedService(world.books, scheduler, draws, drawn.calls, told);
      const parameters: StreamsParameters = {
        drawn,
        tellsOrder,
        service,
        createSource: (context) => (reader = new StepsReader(drawn, pace, seed, context)),
      };
      return {
        job: streamsJob,
        parameters,
        get sequence() {
          return reader?.next ?? 0;
        },
        atStep: (executor) => {
          service?.pass();
          if (!draws.chance(ASKED)) return;
          const { key } = draws.of(drawn.records);
          const subtask = assignKeyToParallelOperator(key, executor.maxParallelism, executor.parallelism);
          void executor
            .askState(subtask, { kind: 'look-up', name: 'counted', keys: [key], argument: null })
            .then((answer) => {
              if (answer.kind !== 'looked-up' || answer.values[0] === null) return;
              world.happened.add('state-read');
              const { count, sum } = answer.values[0].value as Counted;
              if (prefixes.get(key)?.[count] !== sum)
                world.violations.push(
                  `Key ${key} was read as ${count} records with the sum ${sum}, which it never had.`,
                );
            });
        },
        ...(service !== null && { onAllWaiting: () => service.goOn() }),
        results: () => ({ stepsTaken: reader?.next ?? 0 }),
      };
    },
    judge: ({ log, world, results }) => {
      const problems = [...world.violations];
      if (results.stepsTaken !== drawn.steps.length) problems.push(`The source ended at step ${results.stepsTaken}.`);
      for (const sink of STREAM_SINKS) {
        const found = log(sink).texts().sort();
        const expected = book[sink] ?? [];
        const missing = expected.filter((line) => !found.includes(line));
        const wrong = found.filter((line) => !expected.includes(line));
        if (missing.length + wrong.length > 0 || found.length !== expected.length)
          problems.push(
            `${sink}: missing ${missing.slice(0, 5).join(' ')}; not to be there ${wrong.slice(0, 5).join(' ')} (${found.length} of ${expected.length} lines)`,
          );
      }
      if (drawn.calls !== null) problems.push(...callProblems(drawn, world.books));
      return problems;
    },
    oddities: ({ happened }) => [...partsOf(drawn), ...happened],
  };
}

/** By key: the sum of the numbers of its first 0, 1, 2 ... records. */
function prefixesOf({ records }: DrawnStreams): Map<string, number[]> {
  const sums = new Map<string, number[]>();
  for (const { key, sequence } of records) {
    const own = sums.get(key) ?? [0];
    sums.set(key, own);
    own.push((own.at(-1) as number) + sequence);
  }
  return sums;
}

/** Every order was carried out once, however often it was asked for. */
function callProblems({ records }: DrawnStreams, { executed }: ServiceBooks): string[] {
  const known = new Set(executed);
  const twice = executed.length - known.size;
  const unknown = executed.filter((sequence) => !records.some((record) => record.sequence === sequence));
  return twice > 0 || unknown.length > 0
    ? [`The service carried out ${twice} orders twice, and nobody's: ${unknown.join(' ')}.`]
    : [];
}
