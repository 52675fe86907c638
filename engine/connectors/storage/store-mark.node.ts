import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeDurably } from './durable-file.node.ts';
import { codeOf, storeFailure } from './store-failure.node.ts';
import type { StoreMark } from './store-mark.ts';

/** A mark in a file of its own. */
export class FileMark implements StoreMark {
  readonly where: string;

  constructor(path: string) {
    this.where = path;
  }

  async read(): Promise<Uint8Array | null> {
    try {
      return new Uint8Array(await readFile(this.where));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      throw storeFailure(error, this.where, 'read the mark of the store');
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      await mkdir(dirname(this.where), { recursive: true, mode: 0o700 });
      await writeDurably(this.where, bytes, `${this.where}.new`);
    } catch (error) {
      throw storeFailure(error, this.where, 'write the mark of the store');
    }
  }
}
