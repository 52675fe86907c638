import { IllegalArgumentError } from '../../core/errors.ts';

/** What the functions of one operator keep besides keys, on one subtask, by name. */
export class OperatorStates {
  private readonly snapshots = new Map<string, () => unknown>();
  private readonly restores = new Map<string, (parts: readonly unknown[]) => void>();
  private restored: readonly Readonly<Record<string, unknown>>[] = [];

  /** @param restore called at once with every old subtask's part, in their order, when the job was restored */
  register(name: string, snapshot: () => unknown, restore: (parts: readonly unknown[]) => void): void {
    if (this.snapshots.has(name))
      throw new IllegalArgumentError(
        `Operator state '${name}' is registered twice in one operator; give each a name of its own.`,
      );
    this.snapshots.set(name, snapshot);
    this.restores.set(name, restore);
    const parts = this.restored.filter((part) => name in part).map((part) => part[name]);
    if (parts.length > 0) restore(parts);
  }

  snapshot(): Record<string, unknown> {
    return Object.fromEntries([...this.snapshots].map(([name, snapshot]) => [name, snapshot()]));
  }

  /** The parallelism has changed: functions that run take the parts of all old subtasks for what they had. */
  replace(parts: readonly Readonly<Record<string, unknown>>[]): void {
    for (const [name, restore] of this.restores) {
      const own = parts.filter((part) => name in part).map((part) => part[name]);
      if (own.length > 0) restore(own);
    }
  }

  /** Before the functions are opened. */
  restore(parts: readonly Readonly<Record<string, unknown>>[]): void {
    this.restored = parts;
  }
}
