import type { SessionProgress } from '../session/session-parameters.ts';

/** One line on a terminal that says how far a replay is; nothing where standard error is no terminal. */
export class ProgressLine {
  #shown = false;

  show({ fraction, totals, greatestMs }: SessionProgress): void {
    if (!process.stderr.isTTY) return;
    const part = fraction === null ? '' : `${(fraction * 100).toFixed(0).padStart(3)} %  `;
    const time = greatestMs === null ? '' : `  ${new Date(greatestMs).toISOString()}`;
    process.stderr.write(`\r\u001b[K${part}${totals.quotes} quotes${time}`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\u001b[K');
    this.#shown = false;
  }
}
