/**
 * Looks at the room on the profile's disk, so that trading stops before a write fails: IndexedDB on a full disk closes for
 * good (https://github.com/electron/electron/issues/41877).
 */
/** Below it: room for half an hour of journal, a checkpoint and LevelDB's own compactions. */
export const NEARLY_FULL_BYTES = 256 * 1024 * 1024;
/** Above it again; the distance keeps a disk that hovers from switching to and fro. */
export const ROOM_AGAIN_BYTES = 320 * 1024 * 1024;
/** At the fastest journal (5 MB/s) and two copies, some 50 MB pass in that time. */
export const LOOK_EVERY_MS = 5000;

export type Room = 'enough' | 'nearly-full';

export class DiskWatch {
  readonly #freeBytes: () => Promise<number>;
  readonly #onChange: (room: Room, freeBytes: number) => void;
  #room: Room = 'enough';

  constructor(freeBytes: () => Promise<number>, onChange: (room: Room, freeBytes: number) => void) {
    this.#freeBytes = freeBytes;
    this.#onChange = onChange;
  }

  get room(): Room {
    return this.#room;
  }

  /** To be called every LOOK_EVERY_MS. A disk that cannot be asked tells nothing new. */
  async look(): Promise<void> {
    const freeBytes = await this.#freeBytes().catch(() => null);
    if (freeBytes === null) return;
    const room = freeBytes < NEARLY_FULL_BYTES ? 'nearly-full' : freeBytes > ROOM_AGAIN_BYTES ? 'enough' : this.#room;
    if (room === this.#room) return;
    this.#room = room;
    this.#onChange(room, freeBytes);
  }
}
