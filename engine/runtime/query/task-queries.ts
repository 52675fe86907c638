import type { Clock } from '../../core/time.ts';
import { uidOf } from '../../graph/job-graph.ts';
import type { StreamNode } from '../../api/stream-nodes.ts';
import { assignToKeyGroup, type KeyGroupRange } from '../../state/key-groups.ts';
import type { KeyedOperator } from '../operators/keyed-operator.ts';
import type { Queryable } from './queryable-states.ts';
import { FirstRows } from './row-order.ts';
import { StateQueryError, unknownState } from './state-query-error.ts';
import type { LookedUp, StateAnswer, StateQuestion } from './state-question.ts';

/** Between two batches of records questions get this long, and what is not done then goes on after the next batch. */
const BUDGET_MS = 0.25;
/** Keys looked at between two looks at the clock. */
const STEP_KEYS = 16;
/** More questions than this at one task are refused: they would not be answered in time. */
export const QUESTIONS_WAITING_MAX = 512;

/** Work on one question, a step at a time. */
type Answering = Generator<undefined, StateAnswer>;

interface OpenQuestion {
  readonly id: number;
  readonly work: Answering;
}

interface AskedOperator {
  readonly node: StreamNode;
  readonly operator: KeyedOperator;
}

/**
 * Questions about the state of one task, answered on its thread between two batches of records: no value is ever half
 * written, and no record waits longer than the budget. Short questions do not wait for long ones.
 */
export class TaskQueries {
  private readonly operators: readonly AskedOperator[];
  private readonly clock: Clock;
  private readonly open: OpenQuestion[] = [];
  private readonly tell: (id: number, answer: StateAnswer) => void;

  constructor(operators: readonly AskedOperator[], clock: Clock, tell: (id: number, answer: StateAnswer) => void) {
    this.operators = operators;
    this.clock = clock;
    this.tell = tell;
  }

  get isBusy(): boolean {
    return this.open.length > 0;
  }

  ask(id: number, question: StateQuestion): void {
    if (this.open.length >= QUESTIONS_WAITING_MAX) {
      const problem = `${QUESTIONS_WAITING_MAX} questions wait at this task already; ask again later, or less often.`;
      return this.tell(id, { kind: 'refused', reason: 'busy', problem });
    }
    this.open.push({ id, work: this.answering(question) });
  }

  /** Works for as long as the budget allows, on one question after the other, a step of each. */
  progress(): void {
    const until = this.clock.monotonicMs() + BUDGET_MS;
    do {
      const question = this.open.shift();
      if (question === undefined) return;
      const answer = stepOf(question.work);
      if (answer === null) this.open.push(question);
      else this.tell(question.id, answer);
    } while (this.clock.monotonicMs() < until);
  }

  /** The task's key groups move, or it ends: whoever asked asks again, elsewhere. */
  refuseAll(problem: string): void {
    for (const { id } of this.open.splice(0)) this.tell(id, { kind: 'refused', reason: 'not-served', problem });
  }

  private answering(question: StateQuestion): Answering {
    switch (question.kind) {
      case 'describe':
        return this.describing();
      case 'look-up':
        return this.lookingUp(question);
      case 'list':
        return this.listing(question);
    }
  }

  private *describing(): Answering {
    const states = this.operators.flatMap(({ node, operator }) =>
      operator.queryables.all.map(({ name, kind, stateName, ttlMs }) => ({
        name,
        uid: uidOf(node),
        operator: node.name,
        kind,
        stateName,
        ttlMs,
      })),
    );
    return { kind: 'described', states };
  }

  private *lookingUp({ name, keys, argument }: Extract<StateQuestion, { kind: 'look-up' }>): Answering {
    const { operator, queryable } = this.find(name);
    const { keyGroupRange, maxParallelism } = operator.environment;
    const values: LookedUp[] = [];
    for (const key of keys) {
      const keyGroup = assignToKeyGroup(key, maxParallelism);
      if (!isWithin(keyGroup, keyGroupRange)) throw notServed(keyGroup, keyGroupRange);
      values.push(operator.queryables.read(queryable, key, argument));
      if (values.length % STEP_KEYS === 0) yield;
    }
    return { kind: 'looked-up', values };
  }

  private *listing(question: Extract<StateQuestion, { kind: 'list' }>): Answering {
    const { operator, queryable } = this.find(question.name);
    const { keyTable, queryables } = operator;
    const { keyGroupRange } = operator.environment;
    const { keyGroups } = question;
    for (const edge of [keyGroups.start, keyGroups.end])
      if (!isWithin(edge, keyGroupRange)) throw notServed(edge, keyGroupRange);
    const rows = new FirstRows(question);
    for (let slot = 0; slot < keyTable.count; slot += 1) {
      if (slot % STEP_KEYS === STEP_KEYS - 1) yield;
      if (!isWithin(keyTable.keyGroupAt(slot), keyGroups)) continue;
      const key = keyTable.keyAt(slot);
      if (!rows.wants(key)) continue;
      const found = queryables.readAt(queryable, slot, null);
      if (found !== null) rows.add({ key, ...found });
    }
    return { kind: 'listed', ...rows.result() };
  }

  private find(name: string): { readonly operator: KeyedOperator; readonly queryable: Queryable } {
    for (const { operator } of this.operators) {
      const queryable = operator.queryables.get(name);
      if (queryable !== undefined) return { operator, queryable };
    }
    const known = this.operators.flatMap(({ node, operator }) =>
      operator.queryables.all.map((queryable) => `${queryable.name} (${uidOf(node)})`),
    );
    throw unknownState(name, known);
  }
}

/** @returns null: there is more to do. A question's mistake is answered; it is no failure of the job. */
function stepOf(work: Answering): StateAnswer | null {
  try {
    const step = work.next();
    return step.done === true ? step.value : null;
  } catch (error) {
    const reason = error instanceof StateQueryError ? error.reason : 'failed';
    return { kind: 'refused', reason, problem: error instanceof Error ? error.message : String(error) };
  }
}

function isWithin(keyGroup: number, { start, end }: KeyGroupRange): boolean {
  return keyGroup >= start && keyGroup <= end;
}

/** Flink: UnknownKvStateKeyGroupLocationException. */
function notServed(keyGroup: number, { start, end }: KeyGroupRange): StateQueryError {
  return new StateQueryError('not-served', `Key group ${keyGroup} is not served here, where ${start} to ${end} are.`);
}
