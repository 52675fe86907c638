/** A broken promise inside the program, never a user's mistake: the task stops and says which promise it was. */
export class BugError extends Error {
  override readonly name = 'BugError';
}

/** Checks a promise the code relies on. The message says what was expected and what was found. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BugError(message);
}

/** Ends a switch over a union: the compiler refuses a forgotten case, the running program names an unknown one. */
export function assertNever(value: never): never {
  throw new BugError(`A case was forgotten for ${JSON.stringify(value)}.`);
}
