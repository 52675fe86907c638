import { IllegalStateError } from '../core/errors.ts';
import type { Mail, MailAnswer } from '../runtime/task/task.ts';

interface OpenQuestion {
  readonly resolve: (answer: MailAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly subtask: number;
}

/** Questions to tasks that wait for their answers. Every one of them is settled, at the latest when its thread ends. */
export class TaskQuestions {
  private readonly open = new Map<number, OpenQuestion>();
  private nextId = 0;

  /** How many wait. */
  get count(): number {
    return this.open.size;
  }

  /** @param send brings the mail to the subtask's thread */
  ask(subtask: number, mailOf: (id: number) => Mail, send: (mail: Mail) => void): Promise<MailAnswer> {
    const id = this.nextId;
    this.nextId += 1;
    return new Promise((resolve, reject) => {
      this.open.set(id, { resolve, reject, subtask });
      send(mailOf(id));
    });
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
}
