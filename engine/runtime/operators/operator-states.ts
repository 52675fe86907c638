import { SCHEMA_VERSION_FIRST, type StateSchema } from '../../api/state-schema.ts';
import { IllegalArgumentError } from '../../core/errors.ts';
import { migrationTo, versionOf } from '../../state/schema-compatibility.ts';

/** Beside the states: their schema versions by name. Absent where they had none. */
const VERSIONS = '$versions';

interface Registered {
  readonly snapshot: () => unknown;
  readonly restore: (parts: readonly unknown[]) => void;
  readonly schema: StateSchema | undefined;
}

/** What the functions of one operator keep besides keys, on one subtask, by name. */
export class OperatorStates {
  private readonly states = new Map<string, Registered>();
  private restored: readonly Readonly<Record<string, unknown>>[] = [];

  /**
   * @param restore called at once with every old subtask's part, in their order, when the job was restored
   * @throws StateMigrationError for parts that the schema cannot take
   */
  register(
    name: string,
    snapshot: () => unknown,
    restore: (parts: readonly unknown[]) => void,
    schema?: StateSchema,
  ): void {
    if (this.states.has(name) || name === VERSIONS)
      throw new IllegalArgumentError(
        `Operator state '${name}' is registered twice in one operator; give each a name of its own.`,
      );
    const registered = { snapshot, restore, schema };
    this.states.set(name, registered);
    giveBack(name, registered, this.restored);
  }

  snapshot(): Record<string, unknown> {
    const parts: [string, unknown][] = [];
    const versions: Record<string, number> = {};
    for (const [name, { snapshot, schema }] of this.states) {
      parts.push([name, snapshot()]);
      versions[name] = versionOf(schema);
    }
    return Object.fromEntries(parts.length === 0 ? parts : [...parts, [VERSIONS, versions]]);
  }

  /** The parallelism has changed: functions that run take the parts of all old subtasks for what they had. */
  replace(parts: readonly Readonly<Record<string, unknown>>[]): void {
    for (const [name, registered] of this.states) giveBack(name, registered, parts);
  }

  /** Before the functions are opened. */
  restore(parts: readonly Readonly<Record<string, unknown>>[]): void {
    this.restored = parts;
  }
}

function giveBack(
  name: string,
  { restore, schema }: Registered,
  parts: readonly Readonly<Record<string, unknown>>[],
): void {
  const own = parts
    .filter((part) => name in part)
    .map((part) => {
      const versions = (part[VERSIONS] ?? {}) as Readonly<Record<string, number>>;
      const version = versions[name] ?? SCHEMA_VERSION_FIRST;
      const migrate = migrationTo({ name, kind: 'value', version, fields: null }, { schema, fields: null });
      return migrate === null ? part[name] : migrate(part[name]);
    });
  if (own.length > 0) restore(own);
}
