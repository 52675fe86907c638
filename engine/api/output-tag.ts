import type { StructType } from './struct.ts';

/** Names a side output. A tag with a struct travels in fixed layout, one without travels as JSON. */
export class OutputTag<T> {
  readonly id: string;
  readonly struct: StructType | undefined;
  declare private readonly phantom: T;

  /** @throws Error for an empty id */
  constructor(id: string, struct?: StructType) {
    if (id.length === 0)
      throw new Error('OutputTag tried to use an empty id; give each side output a name of its own.');
    this.id = id;
    this.struct = struct;
  }
}
