import { close, closeSync, existsSync, fsync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repeatEvery } from '../../core/machine.node.ts';

/** In the program's data folder. While it is there, nothing trades. */
const FLAG_FILE = 'kill-switch';
/** A person's finger is slower; the promise is 100 ms. */
const LOOK_EVERY_MS = 20;

/**
 * The kill switch as a file: the one thing that anybody can press who can write into the program's folder, whatever window,
 * thread or store hangs, and that is still pressed after any crash. `flinktrade kill` makes it, the workstation makes it
 * when its own switch is pressed, and only the second of the two acts of re-arming removes it. What is in it is for people.
 */
export class KillFlag {
  readonly #path: string;
  #stop: () => void = () => undefined;
  #isOn: boolean;

  /** @param folder the program's data folder */
  constructor(folder: string) {
    this.#path = join(folder, FLAG_FILE);
    this.#isOn = existsSync(this.#path);
  }

  get path(): string {
    return this.#path;
  }

  /** As of the last look. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Calls `pressed` once each time somebody else makes the file. */
  watch(pressed: () => void): void {
    this.#stop = repeatEvery(LOOK_EVERY_MS, () => {
      const isThere = existsSync(this.#path);
      const isNew = isThere && !this.#isOn;
      // One that somebody removed by hand stays pressed here: re-arming takes its two acts.
      if (!isNew) return;
      this.#isOn = true;
      pressed();
    });
  }

  /**
   * The file is there at once. Resolves when it would survive a power cut; rejects with the file system's error, and the
   * switch counts as pressed all the same.
   */
  async press(by: string, atMs: number): Promise<void> {
    const wasThere = this.#isOn && existsSync(this.#path);
    this.#isOn = true;
    if (wasThere) return;
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const file = openSync(this.#path, 'w', 0o600);
    try {
      writeSync(file, `Trading is halted. Pressed by: ${by}, ${new Date(atMs).toISOString()}.\n`);
      // Not waited for by the thread: a busy disk takes its time.
      await promisify(fsync)(file);
    } finally {
      await promisify(close)(file);
    }
    syncFolder(dirname(this.#path));
  }

  /** @throws the file system's error; the switch is then still on */
  release(): void {
    rmSync(this.#path, { force: true });
    syncFolder(dirname(this.#path));
    this.#isOn = false;
  }

  dispose(): void {
    this.#stop();
  }
}

/** Windows has no such thing; there a file's name is durable with the file. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
