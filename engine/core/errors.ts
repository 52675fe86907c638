/**
 * Errors with the meaning, and in the places Flink has a text the very text, of the Java exceptions of the same name.
 * They are raised at a job author's mistakes; broken promises of the engine itself are BugErrors (assert.ts).
 */
export class IllegalArgumentError extends Error {
  override readonly name: string = 'IllegalArgumentError';
}

export class IllegalStateError extends Error {
  override readonly name: string = 'IllegalStateError';
}

/** Something that must be there is null or undefined. */
export class NullPointerError extends Error {
  override readonly name: string = 'NullPointerError';
}

export class UnsupportedOperationError extends Error {
  override readonly name: string = 'UnsupportedOperationError';
}

/** State that cannot be given back: other kind, other fields, other parallelism bounds. */
export class StateMigrationError extends Error {
  override readonly name: string = 'StateMigrationError';
}
