/** What a running command does when it is told to end; null: leave at once. */
let handler: ((signal: string) => void) | null = null;

/**
 * From here on the first Ctrl-C (or SIGTERM, SIGHUP) asks the command to end by itself; the next one ends the program.
 * @returns what takes that back
 */
export function onInterrupt(end: (signal: string) => void): () => void {
  handler = end;
  return () => {
    if (handler === end) handler = null;
  };
}

/** @returns whether a command takes care of it */
export function takeInterrupt(signal: string): boolean {
  const end = handler;
  handler = null;
  end?.(signal);
  return end !== null;
}
