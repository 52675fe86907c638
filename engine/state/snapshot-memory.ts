/** Large enough for many key groups of a small session. */
const BLOCK_BYTES = 1_048_576;
/** In front of the first blob; keeps blobs where their words can be read. */
const HEAD_BYTES = 8;
const TAKEN = 0;

/** One piece of it: `i32 taken: 1 | 4 bytes | blobs, each a multiple of 8 long`. */
interface Block {
  readonly buffer: SharedArrayBuffer;
  readonly head: Int32Array;
  /** The last snapshot that lies in it. */
  usedBy: number;
}

/**
 * Where a task writes the bytes of its snapshots, and the coordinator reads them. It is shared and used again, because
 *
 * - an ordinary buffer that is handed to another thread is detached from this one, and from the first such buffer on V8
 *   throws away all code that reads typed arrays and makes code that asks each array whether it is still there: the
 *   loop over records goes a tenth slower for the rest of the thread's life;
 * - memory that is new costs a fault for each of its pages, and a collection for what is thrown away.
 *
 * A block is the task's until the snapshot is handed over, then the coordinator's until `giveBack`, then the task's again.
 * One nobody gave back for two snapshots is left to whoever has it. Task thread only, but for `giveBack`.
 */
export class SnapshotMemory {
  private blocks: Block[] = [];
  private snapshots = 0;
  private current: Block | null = null;
  private at = 0;

  /** What is taken from here on is of another snapshot. */
  begin(): void {
    this.snapshots += 1;
    this.current = null;
    this.blocks = this.blocks.filter(({ usedBy }) => usedBy >= this.snapshots - 2);
  }

  /** @returns so many bytes, a multiple of 8, which may hold anything */
  take(bytes: number): Uint8Array {
    if (this.current === null || this.at + bytes > this.current.buffer.byteLength) this.current = this.blockFor(bytes);
    const taken = new Uint8Array(this.current.buffer, this.at, bytes);
    this.at += bytes;
    return taken;
  }

  private blockFor(bytes: number): Block {
    const least = HEAD_BYTES + bytes;
    const free = this.blocks.find(({ buffer, head }) => buffer.byteLength >= least && Atomics.load(head, TAKEN) === 0);
    const block = free ?? this.add(Math.max(least, BLOCK_BYTES));
    Atomics.store(block.head, TAKEN, 1);
    block.usedBy = this.snapshots;
    this.at = HEAD_BYTES;
    return block;
  }

  private add(bytes: number): Block {
    const buffer = new SharedArrayBuffer(bytes);
    const block = { buffer, head: new Int32Array(buffer, 0, 1), usedBy: this.snapshots };
    this.blocks.push(block);
    return block;
  }
}

/** Any thread: nobody will look at these bytes of a `SnapshotMemory` again, nor at others of the same snapshot. */
export function giveBack(blobs: readonly Uint8Array[]): void {
  for (const buffer of new Set(blobs.map((blob) => blob.buffer)))
    if (buffer instanceof SharedArrayBuffer) Atomics.store(new Int32Array(buffer, 0, 1), TAKEN, 0);
}
