import type { FieldReference, SessionProfile } from './profile-schema.ts';

export interface NamedField {
  readonly path: readonly (string | number)[];
  readonly reference: FieldReference;
}

type ProfileFields = Pick<SessionProfile, 'symbol' | 'time' | 'bid' | 'ask' | 'where'>;

/** All fields the profile refers to, with their paths in it. */
export function fieldsOf(profile: ProfileFields): readonly NamedField[] {
  const found: NamedField[] = [];
  const add = (path: readonly (string | number)[], reference: FieldReference | undefined): void => {
    if (reference !== undefined) found.push({ path, reference });
  };
  if ('field' in profile.symbol) add(['symbol', 'field'], profile.symbol.field);
  add(['time', 'field'], profile.time.field);
  if ('date' in profile.time && profile.time.date !== undefined && 'field' in profile.time.date)
    add(['time', 'date', 'field'], profile.time.date.field);
  for (const name of ['bid', 'ask'] as const) {
    add([name, 'price'], profile[name]?.price);
    add([name, 'size'], profile[name]?.size);
  }
  profile.where?.forEach((each, index) => add(['where', index, 'field'], each.field));
  return found;
}
