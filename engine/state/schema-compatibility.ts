import { SCHEMA_VERSION_FIRST, type StateSchema } from '../api/state-schema.ts';
import { assertNever } from '../core/assert.ts';
import { StateMigrationError } from '../core/errors.ts';
import type { FieldType } from '../memory/record-layout.ts';
import type { StateKind } from './operator-snapshot.ts';
import { plainCopy } from './plain-copy.ts';

type StructFields = Readonly<Record<string, FieldType>>;

/** What was written with a state, to tell later whether it can be read (Flink: TypeSerializerSnapshot). */
export interface StoredSchema {
  readonly name: string;
  readonly kind: StateKind;
  readonly version: number;
  /** Of structs whose rows were stored; null: plain data. */
  readonly fields: StructFields | null;
}

/** What a function asks for. */
export interface DeclaredSchema {
  readonly schema: StateSchema | undefined;
  /** Of structs; null: any other kind. */
  readonly fields: StructFields | null;
}

/** Flink: TypeSerializerSchemaCompatibility. */
export type SchemaCompatibility =
  | { readonly kind: 'compatible-as-is' }
  /** `migrate` takes what is stored of one key, and gives what the declared state restores. */
  | { readonly kind: 'compatible-after-migration'; readonly migrate: (stored: unknown) => unknown }
  | { readonly kind: 'incompatible'; readonly problem: string };

const UNVERSIONED: StateSchema = { version: SCHEMA_VERSION_FIRST, migrations: [], defaults: {} };

export function versionOf(schema: StateSchema | undefined): number {
  return schema?.version ?? SCHEMA_VERSION_FIRST;
}

/** Whether stored state, of the same kind, can be taken for what is declared now, and how. */
export function resolveSchemaCompatibility(stored: StoredSchema, declared: DeclaredSchema): SchemaCompatibility {
  const schema = declared.schema ?? UNVERSIONED;
  if (stored.version > schema.version) {
    return incompatible(
      stored,
      `this program knows version ${schema.version}. It was left as it is: use the program that wrote it, or a newer one.`,
    );
  }
  const steps = schema.migrations.filter(({ from }) => from >= stored.version);
  for (let version = stored.version; version < schema.version; version += 1) {
    if (steps[version - stored.version]?.from !== version)
      return incompatible(
        stored,
        `there is no migration from ${version} to ${version + 1}, on the way to version ${schema.version}. It was left as it is: use a program that has one.`,
      );
  }
  if (declared.fields !== null) {
    if (steps.length === 0 && stored.fields !== null) {
      if (sameFields(declared.fields, stored.fields)) return { kind: 'compatible-as-is' };
      const problem = fieldsProblem(stored.fields, declared.fields, schema);
      if (problem !== null) return incompatible(stored, problem);
    }
  } else if (steps.length === 0 && Object.keys(schema.defaults).length === 0) {
    return { kind: 'compatible-as-is' };
  }
  return { kind: 'compatible-after-migration', migrate: migrationOf(stored, declared, schema, steps) };
}

/** @returns null: what is stored can be taken as it is; @throws StateMigrationError when it cannot be taken at all */
export function migrationTo(stored: StoredSchema, declared: DeclaredSchema): ((stored: unknown) => unknown) | null {
  const compatibility = resolveSchemaCompatibility(stored, declared);
  switch (compatibility.kind) {
    case 'compatible-as-is':
      return null;
    case 'compatible-after-migration':
      return compatibility.migrate;
    case 'incompatible':
      throw new StateMigrationError(compatibility.problem);
    default:
      return assertNever(compatibility);
  }
}

function incompatible(stored: StoredSchema, problem: string): SchemaCompatibility {
  return {
    kind: 'incompatible',
    problem: `State '${stored.name}' was stored in schema version ${stored.version}; ${problem}`,
  };
}

/** Whether rows can be taken as they are: the same fields of the same types in the same order. */
function sameFields(declared: StructFields, stored: StructFields): boolean {
  const storedFields = Object.entries(stored);
  const fields = Object.entries(declared);
  return (
    storedFields.length === fields.length &&
    fields.every(([name, type], index) => storedFields[index][0] === name && storedFields[index][1] === type)
  );
}

/** What one version of a struct cannot differ in from itself. */
function fieldsProblem(stored: StructFields, declared: StructFields, schema: StateSchema): string | null {
  const gone = Object.keys(stored).filter((name) => !(name in declared));
  if (gone.length > 0) return `it has fields that are no longer declared: ${gone.join(', ')}. ${RAISE_VERSION}`;
  const changed = Object.keys(stored).filter((name) => declared[name] !== stored[name]);
  if (changed.length > 0) {
    const types = changed.map((name) => `${name} (${stored[name]}, now ${declared[name]})`);
    return `it has fields of another type: ${types.join(', ')}. ${RAISE_VERSION}`;
  }
  const added = Object.keys(declared).filter((name) => !(name in stored) && !(name in schema.defaults));
  if (added.length > 0) return `it lacks fields that have no default: ${added.join(', ')}. ${DECLARE_DEFAULT}`;
  return null;
}

const RAISE_VERSION = 'Raise the version and say with a migration what becomes of them.';
const DECLARE_DEFAULT = 'Declare defaults for them (withSchema), or give them in a migration.';

function migrationOf(
  stored: StoredSchema,
  declared: DeclaredSchema,
  schema: StateSchema,
  steps: StateSchema['migrations'],
): (stored: unknown) => unknown {
  const { fields } = declared;
  const migrateOne = (value: unknown): unknown => {
    const migrated = steps.reduce((before, { from, migrate }) => {
      const after = (migrate as (before: unknown) => unknown)(before);
      if (after === undefined)
        throw new StateMigrationError(
          `The migration of state '${stored.name}' from ${from} to ${from + 1} gave nothing.`,
        );
      return after;
    }, value);
    return fields === null ? withDefaults(migrated, schema) : settledFields(stored.name, migrated, fields, schema);
  };
  return (data) => mapValues(stored.kind, plainCopy(data), migrateOne);
}

function withDefaults(value: unknown, { defaults }: StateSchema): unknown {
  const isObject = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isObject ? { ...defaults, ...value } : value;
}

/** Exactly the declared fields, each of its type. */
function settledFields(name: string, value: unknown, fields: StructFields, schema: StateSchema): unknown {
  const settled: Record<string, unknown> = { ...schema.defaults, ...(value as Record<string, unknown>) };
  // Views of structs say their struct's name.
  delete settled['kind'];
  const unknown = Object.keys(settled).filter((field) => !(field in fields));
  if (unknown.length > 0)
    throw new StateMigrationError(
      `State '${name}' has fields that are no longer declared: ${unknown.join(', ')}. ${RAISE_VERSION}`,
    );
  for (const [field, type] of Object.entries(fields)) {
    const found = settled[field];
    if (found === undefined)
      throw new StateMigrationError(`State '${name}' lacks fields that have no default: ${field}. ${DECLARE_DEFAULT}`);
    if (!fits(found, type))
      throw new StateMigrationError(
        `Field '${field}' of state '${name}' must be ${type}; after its migrations it is ${JSON.stringify(found)}.`,
      );
  }
  return settled;
}

function fits(value: unknown, type: FieldType): boolean {
  if (type === 'symbol') return typeof value === 'string';
  if (type === 'f64') return typeof value === 'number';
  if (value !== Number(value) || (value | 0) !== value) return false;
  return type === 'i32' || (value << 24) >> 24 === value;
}

interface Stamped {
  readonly value: unknown;
}

/** Applies a migration to each value in what a state of that kind stores of one key. */
function mapValues(kind: StateKind, data: unknown, migrate: (value: unknown) => unknown): unknown {
  const stamped = (entry: Stamped): unknown => ({ ...entry, value: migrate(entry.value) });
  const mapEntries = (of: (entry: never) => unknown): unknown =>
    new Map([...(data as Map<unknown, never>)].map(([key, entry]) => [key, of(entry)]));
  switch (kind) {
    case 'struct':
    case 'value':
    case 'reducing':
      return migrate(data);
    case 'aggregating':
      return { accumulator: migrate((data as { readonly accumulator: unknown }).accumulator) };
    case 'list':
      return (data as unknown[]).map(migrate);
    case 'map':
      return mapEntries(migrate);
    case 'ttl-value':
    case 'ttl-reducing':
    case 'ttl-aggregating':
      return stamped(data as Stamped);
    case 'ttl-list':
      return (data as Stamped[]).map(stamped);
    case 'ttl-map':
      return mapEntries(stamped);
  }
}
