import type { QueriedValue } from '../../api/queryable-state.ts';
import type { Clock } from '../../core/time.ts';
import { computeKeyGroupRangeForOperatorIndex, type KeyGroupRange } from '../../state/key-groups.ts';
import { assignKeyToParallelOperator } from '../../state/key-groups.ts';
import type { Key } from '../../state/java-hash.ts';
import { CheckpointQueries } from './checkpoint-queries.ts';
import { immutable } from './immutable-copy.ts';
import { decodeCursor, encodeCursor } from './list-cursor.ts';
import type { QueryableJobs, ServedJob } from './queryable-job.ts';
import type { QueryableDescriptor } from './queryable-states.ts';
import { FirstRows, placeOf } from './row-order.ts';
import { NO_STATE, StateQueryError } from './state-query-error.ts';
import { StateSubscription, type SubscriptionOptions } from './state-subscription.ts';
import type {
  Condition,
  FoundState,
  ListedRow,
  ListQuestion,
  LookedUp,
  Ordering,
  QueryableInfo,
  StateAnswer,
  StateQuestion,
} from './state-question.ts';

/** A look-up of more keys than this is refused. */
export const KEYS_ASKED_MAX = 1_000;
/** A page of more rows than this is refused. */
export const PAGE_ROWS_MAX = 1_000;
const PAGE_ROWS_DEFAULT = 100;
/** A question that is not answered for so long, because its task waits or its key groups move, is given up. */
const TIMEOUT_MS_DEFAULT = 3_000;
/** Key groups move within milliseconds: asked again this often. */
const RETRY_MS = 5;

export interface QueryClientOptions {
  readonly clock: Clock;
  /** Calls `wake` once after `delayMs`; the returned function takes that back. */
  readonly startTimer: (delayMs: number, wake: () => void) => () => void;
  readonly timeoutMs?: number;
}

export interface AskOptions {
  /** The id of a kept checkpoint; absent: the state as it is. */
  readonly asOf?: number;
  /** For computed queries that take one. */
  readonly argument?: unknown;
}

export interface ListOptions {
  readonly prefix?: string;
  readonly where?: readonly Condition[];
  /** Absent: by key. */
  readonly order?: Ordering;
  /** Only keys of these groups; both ends belong to it. */
  readonly keyGroups?: KeyGroupRange;
  /** 1 to 1,000; default 100. */
  readonly limit?: number;
  /** From the page before. */
  readonly cursor?: string;
  readonly asOf?: number;
}

export interface Page<V> {
  readonly rows: readonly {
    readonly key: Key;
    readonly value: V;
    /** As FoundState's. */
    readonly expiresAtMs?: number | readonly number[];
  }[];
  /** Of the next page; null: this is the last. */
  readonly cursor: string | null;
}

/**
 * Asks the state of running jobs (Flink: QueryableStateClient). Every answer is a copy, taken between two records: never
 * half written. It is what the job knows now: a failure may take back what was read, unless a checkpoint was asked.
 *
 * A list is no snapshot of all its rows: each row is whole, and one that moves while pages are read may be missed or seen
 * twice. Ask a checkpoint (`asOf`) where that matters.
 *
 * Nothing is remembered between two questions, so one that came too early or hit a rescale spoils none after it.
 * @throws StateQueryError from every method, with a reason and Flink's words
 */
export class QueryableStateClient {
  private readonly jobs: QueryableJobs;
  private readonly options: QueryClientOptions;
  private readonly checkpoints = new CheckpointQueries();

  constructor(jobs: QueryableJobs, options: QueryClientOptions) {
    this.jobs = jobs;
    this.options = options;
  }

  get jobIds(): readonly string[] {
    return this.jobs.ids();
  }

  /** The value of one key, typed by the descriptor it was registered with. */
  async getKvState<D extends QueryableDescriptor>(
    jobId: string,
    key: Key,
    descriptor: D,
    options: AskOptions = {},
  ): Promise<QueriedValue<D>> {
    const { queryableName, name } = descriptor;
    if (queryableName === undefined)
      throw new StateQueryError(
        'bad-question',
        `State '${name}' is not queryable: its descriptor has no queryable name.`,
      );
    const [found] = await this.findAll(jobId, queryableName, [key], options, descriptor);
    return present(found).value as QueriedValue<D>;
  }

  /** @throws StateQueryError `no-state` for a key without */
  async get(jobId: string, name: string, key: Key, options: AskOptions = {}): Promise<unknown> {
    return (await this.find(jobId, name, key, options)).value;
  }

  /** As `get`, with when it expires. */
  async find(jobId: string, name: string, key: Key, options: AskOptions = {}): Promise<FoundState> {
    return present((await this.findAll(jobId, name, [key], options, null))[0]);
  }

  /** In the order of the keys; null: that key has no state. */
  async getMany(
    jobId: string,
    name: string,
    keys: readonly Key[],
    options: AskOptions = {},
  ): Promise<readonly LookedUp[]> {
    return this.findAll(jobId, name, keys, options, null);
  }

  async list(jobId: string, name: string, options: ListOptions = {}): Promise<Page<unknown>> {
    const { asOf, keyGroups, cursor, limit = PAGE_ROWS_DEFAULT } = options;
    if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_ROWS_MAX)
      throw new StateQueryError('bad-question', `A page has 1 to ${PAGE_ROWS_MAX} rows; found ${limit}.`);
    const { prefix = '', where = [], order = null } = options;
    const identity = JSON.stringify([name, prefix, where, order, keyGroups ?? null, asOf ?? null], bigintAsText);
    const after = cursor === undefined ? null : decodeCursor(identity, cursor);
    const question: ListQuestion = { prefix, where, order, after, limit };
    const { rows, hasMore } =
      asOf === undefined
        ? await this.listLive(jobId, name, question, keyGroups ?? null)
        : await this.listCheckpoint(jobId, name, question, keyGroups ?? null, asOf);
    const last = rows.at(-1);
    return {
      rows: rows.map((row) => ({ ...row, value: immutable(row.value) })),
      cursor: hasMore && last !== undefined ? encodeCursor(identity, placeOf(last, order)) : null,
    };
  }

  /** What can be asked for. */
  async states(jobId: string): Promise<readonly QueryableInfo[]> {
    const answer = await this.ask(jobId, '*', () => this.askOne(jobId, 0, { kind: 'describe' }));
    return answer.kind === 'described' ? answer.states : [];
  }

  /** Ids of the checkpoints that can be asked with `asOf`, in order. */
  async checkpointIds(jobId: string): Promise<readonly number[]> {
    return (await this.served(jobId).checkpoints?.ids()) ?? [];
  }

  /** Tells of the given keys' values now and whenever they have changed. @returns what ends it */
  subscribe(options: SubscriptionOptions): StateSubscription {
    return new StateSubscription(this, this.options.startTimer, options);
  }

  /** @throws StateQueryError `unknown-job` */
  served(jobId: string): ServedJob {
    const served = this.jobs.find(jobId);
    if (served !== null) return served;
    const ids = this.jobs.ids().join(', ') || 'none';
    throw new StateQueryError('unknown-job', `Could not find Flink job (${jobId}). There are: ${ids}.`);
  }

  private async findAll(
    jobId: string,
    name: string,
    keys: readonly Key[],
    { asOf, argument = null }: AskOptions,
    descriptor: QueryableDescriptor | null,
  ): Promise<readonly LookedUp[]> {
    if (keys.length > KEYS_ASKED_MAX)
      throw new StateQueryError(
        'bad-question',
        `${KEYS_ASKED_MAX} keys can be asked for at once; found ${keys.length}.`,
      );
    const found =
      asOf === undefined
        ? await this.lookUp(jobId, name, keys, argument)
        : await this.checkpoints.lookUp(this.served(jobId), await this.stateOf(jobId, name), keys, asOf, descriptor);
    return found.map((value) => immutable(value));
  }

  /** Each task is asked for its keys; all of it again where a key group has moved meanwhile. */
  private async lookUp(jobId: string, name: string, keys: readonly Key[], argument: unknown): Promise<LookedUp[]> {
    const values = new Array<LookedUp>(keys.length).fill(null);
    await this.ask(jobId, name, async () => {
      const { parallelism, maxParallelism } = this.served(jobId).job;
      const places = new Map<number, number[]>();
      keys.forEach((key, place) => {
        const subtask = assignKeyToParallelOperator(key, maxParallelism, parallelism);
        places.set(subtask, [...(places.get(subtask) ?? []), place]);
      });
      const answers = await Promise.all(
        [...places].map(async ([subtask, own]) => {
          const question: StateQuestion = { kind: 'look-up', name, keys: own.map((place) => keys[place]), argument };
          const answer = await this.askOne(jobId, subtask, question);
          if (answer.kind === 'looked-up') own.forEach((place, index) => (values[place] = answer.values[index]));
          return answer;
        }),
      );
      return worstOf(answers);
    });
    return values;
  }

  private async listLive(
    jobId: string,
    name: string,
    question: ListQuestion,
    keyGroups: KeyGroupRange | null,
  ): Promise<{ readonly rows: readonly ListedRow[]; readonly hasMore: boolean }> {
    let listed: readonly Extract<StateAnswer, { kind: 'listed' }>[] = [];
    await this.ask(jobId, name, async () => {
      const { parallelism, maxParallelism } = this.served(jobId).job;
      const asked = rangeWithin(keyGroups, maxParallelism);
      const answers = await Promise.all(
        Array.from({ length: parallelism }, (_, subtask) => {
          const own = computeKeyGroupRangeForOperatorIndex(maxParallelism, parallelism, subtask);
          const range = { start: Math.max(own.start, asked.start), end: Math.min(own.end, asked.end) };
          return range.start > range.end
            ? null
            : this.askOne(jobId, subtask, { kind: 'list', name, keyGroups: range, ...question });
        }).filter((answer) => answer !== null),
      );
      listed = answers.filter((answer) => answer.kind === 'listed');
      return worstOf(answers);
    });
    const merged = new FirstRows(question);
    for (const { rows } of listed) for (const row of rows) merged.add(row);
    const { rows, hasMore } = merged.result();
    return { rows, hasMore: hasMore || listed.some((part) => part.hasMore) };
  }

  private async listCheckpoint(
    jobId: string,
    name: string,
    question: ListQuestion,
    keyGroups: KeyGroupRange | null,
    asOf: number,
  ): Promise<{ readonly rows: readonly ListedRow[]; readonly hasMore: boolean }> {
    const served = this.served(jobId);
    const range = rangeWithin(keyGroups, served.job.maxParallelism);
    return this.checkpoints.list(served, await this.stateOf(jobId, name), question, range, asOf, () => this.wait(0));
  }

  /** What is known of a state by its name, for checkpoints, which know states by operator and name. */
  private async stateOf(jobId: string, name: string): Promise<QueryableInfo> {
    const query = this.served(jobId).checkpointedQueries[name] as { readonly uid: string } | undefined;
    if (query !== undefined)
      return { name, uid: query.uid, operator: '', kind: 'computed', stateName: null, ttlMs: null };
    const states = await this.states(jobId);
    const found = states.find((state) => state.name === name);
    if (found !== undefined) return found;
    const known = states.map((state) => `${state.name} (${state.uid})`).join(', ') || 'none';
    throw new StateQueryError(
      'unknown-state',
      `No KvStateLocation found for KvState instance with name '${name}'. There are: ${known}.`,
    );
  }

  /** Asks until there is an answer, for as long as key groups move, and no longer than the time-out. */
  private async ask(jobId: string, name: string, attempt: () => Promise<StateAnswer>): Promise<StateAnswer> {
    const { clock, timeoutMs = TIMEOUT_MS_DEFAULT } = this.options;
    const until = clock.monotonicMs() + timeoutMs;
    for (;;) {
      if (this.served(jobId).job.queryState === 'starting') throw notStarted(jobId, name);
      const leftMs = Math.max(0, until - clock.monotonicMs());
      const answer = await this.within(leftMs, attempt());
      if (answer === null)
        throw new StateQueryError(
          'busy',
          `The task did not answer within ${timeoutMs} ms: it waits for a slow sink, or does not come to its questions.`,
        );
      if (answer.kind !== 'refused') return answer;
      if (answer.reason !== 'not-served' || clock.monotonicMs() + RETRY_MS >= until)
        throw new StateQueryError(answer.reason, answer.problem);
      await this.wait(RETRY_MS);
    }
  }

  private async askOne(jobId: string, subtask: number, question: StateQuestion): Promise<StateAnswer> {
    return this.served(jobId).job.askState(subtask, question);
  }

  /** @returns null when the time is over first */
  private within(timeMs: number, answer: Promise<StateAnswer>): Promise<StateAnswer | null> {
    return new Promise((resolve, reject) => {
      const takeBack = this.options.startTimer(timeMs, () => resolve(null));
      answer.then(resolve, reject).finally(takeBack);
    });
  }

  private wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.options.startTimer(delayMs, resolve);
    });
  }
}

function present(found: LookedUp): FoundState {
  if (found === null) throw new StateQueryError('no-state', NO_STATE);
  return found;
}

/** Flink's text. */
function notStarted(jobId: string, name: string): StateQueryError {
  return new StateQueryError(
    'not-started',
    `Could not retrieve location of state=${name} of job=${jobId}. Potential reasons are: i) the state is not ready, or ii) the job does not exist.`,
  );
}

/** What decides over several tasks' answers: a refusal that will not change before one that may. */
function worstOf(answers: readonly StateAnswer[]): StateAnswer {
  const refused = answers.filter((answer) => answer.kind === 'refused');
  return refused.find(({ reason }) => reason !== 'not-served') ?? refused.at(0) ?? answers[0];
}

function rangeWithin(asked: KeyGroupRange | null, maxParallelism: number): KeyGroupRange {
  if (asked === null) return { start: 0, end: maxParallelism - 1 };
  const { start, end } = asked;
  if (Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end < maxParallelism)
    return asked;
  throw new StateQueryError(
    'bad-question',
    `Key groups go from 0 to ${maxParallelism - 1}, the lower one first; found ${start} to ${end}.`,
  );
}

function bigintAsText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
