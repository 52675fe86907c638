import { IllegalArgumentError } from '../core/errors.ts';

/** What is stored of a state that never said its version, and the first version there can be. */
export const SCHEMA_VERSION_FIRST = 1;

/** One step: what was stored in version `from`, as version `from` + 1 has it. Made by `migration`. */
export interface StateMigration {
  readonly from: number;
  /** Called once for each stored value; it may change and return what it is given, and depends on nothing else. */
  readonly migrate: (stored: never) => unknown;
}

/**
 * How what a state holds has changed over the life of a job, so that state written by an older program can be taken
 * (Flink: TypeSerializerSnapshot).
 */
export interface StateSchema {
  /** Whole, 1 or more; stored with the state. */
  readonly version: number;
  /** In order of `from`. */
  readonly migrations: readonly StateMigration[];
  /** What fields hold that the stored value, after its migrations, has not. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

/** @param migrate takes and gives what one key (one element of a list, one entry of a map) holds: of a struct its fields */
export function migration<Before, After>(from: number, migrate: (stored: Before) => After): StateMigration {
  return { from, migrate: migrate };
}

/** @throws IllegalArgumentError for a version or a migration that can never be reached */
export function stateSchema(version: number, options: Partial<Omit<StateSchema, 'version'>> = {}): StateSchema {
  if (!Number.isInteger(version) || version < SCHEMA_VERSION_FIRST)
    throw new IllegalArgumentError(`A schema version must be a whole number, 1 or more; found ${version}.`);
  const migrations = [...(options.migrations ?? [])].sort((left, right) => left.from - right.from);
  migrations.forEach(({ from }, index) => {
    if (!Number.isInteger(from) || from < SCHEMA_VERSION_FIRST || from >= version)
      throw new IllegalArgumentError(
        `A migration to schema version ${version} or below begins at 1 to ${version - 1}; found one from ${from}.`,
      );
    if (index > 0 && migrations[index - 1].from === from)
      throw new IllegalArgumentError(`There are two migrations from schema version ${from}; there can be one.`);
  });
  return { version, migrations, defaults: options.defaults ?? {} };
}

/**
 * The same state in a version of its own. A restore compares it with the stored version:
 *
 * - the same, and the same fields: taken as it is;
 * - the same, with fields that are new here and have a default: taken, the new ones filled in;
 * - older: the migrations are applied one after the other, 1 to 2, 2 to 3 ...;
 * - anything else (a newer version, a step that is missing, a field that is gone, new without a default or of another
 *   type): refused with what is wrong, and left as it is where it is stored.
 *
 *     const POSITIONS = withSchema(structState('positions', POSITION), 3, {
 *       defaults: { fee: 0 },
 *       migrations: [
 *         migration(1, ({ qty, ...rest }: PositionV1) => ({ ...rest, shares: qty })),
 *         migration(2, (position: PositionV2) => ({ ...position, shares: position.shares * 1e6 })),
 *       ],
 *     });
 *
 * @throws IllegalArgumentError for a version or migration that can never be reached, or a default for no field
 */
export function withSchema<D extends { readonly kind: string; readonly name: string }>(
  descriptor: D,
  version: number,
  options: Partial<Omit<StateSchema, 'version'>> = {},
): D & { readonly schema: StateSchema } {
  const schema = stateSchema(version, options);
  const { struct } = descriptor as { readonly struct?: { readonly fields: Readonly<Record<string, string>> } };
  for (const [field, value] of Object.entries(schema.defaults)) {
    const type = struct?.fields[field];
    if (struct !== undefined && (type === undefined || typeof value !== (type === 'symbol' ? 'string' : 'number')))
      throw new IllegalArgumentError(
        `The default of '${field}' fits no field of state '${descriptor.name}'; found ${JSON.stringify(value)}.`,
      );
  }
  return { ...descriptor, schema };
}
