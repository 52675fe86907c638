import type { Mail, MailAnswer, Mailbox } from './task/task.ts';

/** A mailbox within one thread. */
export class LocalMailbox implements Mailbox {
  private readonly mails: Mail[] = [];
  private readonly onAnswer: (answer: MailAnswer) => void;

  constructor(onAnswer: (answer: MailAnswer) => void) {
    this.onAnswer = onAnswer;
  }
  post(mail: Mail): void {
    this.mails.push(mail);
  }
  hasMail(): boolean {
    return this.mails.length > 0;
  }
  take(): Mail | undefined {
    return this.mails.shift();
  }
  answer(answer: MailAnswer): void {
    this.onAnswer(answer);
  }
}
