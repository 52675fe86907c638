import { printable } from './messages.ts';

/** Says something to the person at the terminal; standard output belongs to results. */
export function tell(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}
