/** Main's log goes to stderr, one line with its wall time; no quote and no file content is ever written there. */
export function log(line: string): void {
  process.stderr.write(`${new Date().toISOString()} main: ${line}\n`);
}
