/**
 * What can be wrong with an input as a whole (a wrong row is quarantined instead).
 * `unreadable`: it cannot be read to its end (command line: exit code 3). `wrong-usage`: it can be read, but the profile
 * does not fit or is wrong itself (exit code 2).
 */
export type InputErrorKind = 'unreadable' | 'wrong-usage';

/** Stable, machine-readable. */
export type InputErrorCode =
  | 'input-missing'
  | 'input-is-a-directory'
  | 'input-unreadable'
  | 'input-truncated'
  | 'input-damaged'
  | 'input-changed'
  | 'input-empty'
  | 'archive-unusable'
  | 'archive-too-large'
  | 'recording-damaged'
  | 'recording-version'
  | 'profile-invalid'
  | 'profile-unknown'
  | 'profile-ambiguous'
  | 'profile-does-not-fit'
  | 'columns-missing'
  | 'time-unit';

export interface InputErrorPlace {
  readonly input: string;
  /** Last line that was read whole, from 1. */
  readonly line?: number;
  /** Byte offset in the file as it is stored. */
  readonly byte?: number;
}

/** A user's mistake or a damaged file: its text is shown as it is, its stack never. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly kind: InputErrorKind;
  readonly code: InputErrorCode;
  readonly place: InputErrorPlace;

  constructor(kind: InputErrorKind, code: InputErrorCode, place: InputErrorPlace, message: string) {
    super(message);
    this.kind = kind;
    this.code = code;
    this.place = place;
  }
}
