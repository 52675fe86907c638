import { IllegalStateError } from '../../core/errors.ts';
import { stateAnswerOf } from '../../runtime/query/queryable-job.ts';
import type { StateQueryReason } from '../../runtime/query/state-query-error.ts';
import type { StateAnswer, StateQuestion } from '../../runtime/query/state-question.ts';
import type { Mail, MailAnswer } from '../../runtime/task/task.ts';

/** Who is asked: job-runner.node.ts. */
export interface AskedTasks {
  readonly isRunning: boolean;
  has(subtask: number): boolean;
  /** @returns false when the subtask does not answer any more */
  send(subtask: number, mail: Mail): boolean;
}

export interface SubtaskRows {
  readonly subtaskIndex: number;
  readonly rowCount: number;
  readonly buffer: ArrayBuffer;
}

interface OpenQuestion {
  readonly resolve: (answer: MailAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly subtask: number;
}

/** Enough for every task to have as many as it takes, and not so many that memory is theirs. */
const QUESTIONS_OPEN_MAX = 4_096;
const JOB_ENDED = 'The job has ended; run it with lingers: true to ask it afterwards, until it is closed.';

/** Questions to tasks that wait for their answers. Every one of them is settled, at the latest when its thread ends. */
export class TaskQuestions {
  private readonly tasks: AskedTasks;
  private readonly open = new Map<number, OpenQuestion>();
  private nextId = 0;

  constructor(tasks: AskedTasks) {
    this.tasks = tasks;
  }

  /** How many wait for the subtask's answer. @param subtask null: no task, which is asked nothing */
  waitingFor(subtask: number | null): number {
    let waiting = 0;
    for (const question of this.open.values()) if (question.subtask === subtask) waiting += 1;
    return waiting;
  }

  /** @returns what a subtask answered; why not, where it did not */
  async askState(subtask: number, question: StateQuestion): Promise<StateAnswer> {
    if (this.open.size >= QUESTIONS_OPEN_MAX)
      return refused('busy', `${QUESTIONS_OPEN_MAX} questions wait already; ask again later, or less often.`);
    if (this.tasks.isRunning && !this.tasks.has(subtask))
      return refused('not-served', `There is no task ${subtask}: the parallelism is being changed.`);
    try {
      return stateAnswerOf(await this.ask(subtask, (id) => ({ kind: 'question', id, question })));
    } catch (error) {
      return refused(this.tasks.isRunning ? 'not-served' : 'ended', (error as Error).message);
    }
  }

  /** Rows that changed since the last request (or all that ever did), of one subtask. */
  async askRows(subtaskIndex: number, name: string, all: boolean): Promise<SubtaskRows> {
    const answer = await this.ask(subtaskIndex, (id) => ({ kind: 'rows', id, name, all }));
    const { rowCount, buffer } = answer as Extract<MailAnswer, { kind: 'rows' }>;
    return { subtaskIndex, rowCount, buffer };
  }

  answered(answer: MailAnswer): void {
    const question = this.open.get(answer.id);
    this.open.delete(answer.id);
    if (answer.kind === 'refusal') question?.reject(new IllegalStateError(answer.problem));
    else question?.resolve(answer);
  }

  /** @param subtask null: all of them */
  refuse(subtask: number | null, problem: string): void {
    for (const [id, question] of this.open) {
      if (subtask !== null && question.subtask !== subtask) continue;
      this.open.delete(id);
      question.reject(new IllegalStateError(problem));
    }
  }

  private ask(subtask: number, mailOf: (id: number) => Mail): Promise<MailAnswer> {
    const id = this.nextId;
    this.nextId += 1;
    return new Promise((resolve, reject) => {
      this.open.set(id, { resolve, reject, subtask });
      if (this.tasks.send(subtask, mailOf(id))) return;
      this.open.delete(id);
      reject(new IllegalStateError(JOB_ENDED));
    });
  }
}

function refused(reason: StateQueryReason, problem: string): StateAnswer {
  return { kind: 'refused', reason, problem };
}
