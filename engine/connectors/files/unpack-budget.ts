import type { ByteSource } from '../decode/byte-source.ts';
import { InputError } from '../sources/input-error.ts';

/** Market data packs 5 to 60 times. A bomb packs 1,000 times. */
const RATIO_MAX = 200;
/** Small files may pack better by chance: the ratio is looked at from here on. */
const RATIO_FROM_BYTES = 64 * 1_048_576;
/** A year of full US equity quotes is below this; nobody replays more in one go. */
const UNPACKED_BYTES_MAX = 1_099_511_627_776;

/** Guards one packed input against archives made to unpack without end. Memory is flat anyway; this bounds the time. */
export class UnpackBudget {
  readonly #source: ByteSource;
  #unpackedBytes = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** @throws InputError when there is far more than packed data can honestly hold */
  unpacked(bytes: number): void {
    this.#unpackedBytes += bytes;
    const suspicious =
      this.#unpackedBytes > RATIO_FROM_BYTES && this.#unpackedBytes > this.#source.bytesRead * RATIO_MAX;
    if (!suspicious && this.#unpackedBytes <= UNPACKED_BYTES_MAX) return;
    const { name, bytesRead } = this.#source;
    throw new InputError(
      'unreadable',
      'archive-too-large',
      { input: name, byte: bytesRead },
      `${name} unpacks to more than session data can: ${this.#unpackedBytes} bytes from ${bytesRead} (at most ${RATIO_MAX} to 1). If it is genuine, unpack it first and name the unpacked file.`,
    );
  }
}
