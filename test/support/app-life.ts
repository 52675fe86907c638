import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { electronFlags } from '../../build/runtime/display.mjs';
import type { Desktop } from './desktop.ts';

const repositoryRoot = resolve(import.meta.dirname, '..', '..');
const LIFE_MS_MAX = 120_000;
const LOOK_EVERY_MS = 20;

/**
 * One life of the real program, started as a person does and watched from outside only: its processes, and the mark of its
 * store, whose number rises with every writing. Nothing is attached to it, so whatever is killed dies as it would at a desk.
 */
export class AppLife {
  readonly #child: ChildProcess;
  readonly #userData: string;
  readonly #exited: Promise<void>;
  #isOver = false;
  #output = '';

  constructor(desktop: Desktop, userData: string, words: readonly string[] = []) {
    this.#userData = userData;
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      FLINKTRADE_FAULTS: '1',
      ...(desktop.display === '' ? {} : { DISPLAY: desktop.display }),
    };
    delete env['ELECTRON_RUN_AS_NODE'];
    delete env['NODE_OPTIONS'];
    const args = [...electronFlags(), '--disable-gpu', `--user-data-dir=${userData}`, repositoryRoot, ...words];
    // A group of its own: killing it takes every process of the program at once.
    this.#child = spawn(desktop.executable, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-8_000)));
    const limit = setTimeout(() => this.#killGroup(), LIFE_MS_MAX);
    this.#exited = new Promise((done) => {
      this.#child.once('exit', () => {
        this.#isOver = true;
        clearTimeout(limit);
        done();
      });
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get output(): string {
    return this.#output;
  }

  /** Number of the newest writing that the mark knows of. */
  writings(): number {
    return writingsOf(this.#userData);
  }

  /** Resolves once so many more values were written, or the time is over. @returns whether they were */
  async wrote(more: number, withinMs: number): Promise<boolean> {
    const target = this.writings() + more;
    for (let waited = 0; waited < withinMs && !this.#isOver; waited += LOOK_EVERY_MS) {
      if (this.writings() >= target) return true;
      await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
    }
    return false;
  }

  /** The whole program at once. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#killGroup();
    await this.#exited;
  }

  /** A page's process: the first one made shows the window, the others are the vault. @returns null: there is none */
  killPage(which: 'window' | 'vault', random: number): number | null {
    const pages = this.#pages();
    const found = which === 'window' ? pages[0] : pages.slice(1)[Math.floor(random * (pages.length - 1))];
    if (found === undefined) return null;
    process.kill(found, 'SIGKILL');
    return found;
  }

  /** A thread of the engine, which dies as if it had crashed. @param index of the task; -1: the sources */
  killThread(index: number): void {
    writeFileSync(join(this.#userData, 'fault'), String(index));
  }

  #pages(): number[] {
    const found: { readonly pid: number; readonly client: number }[] = [];
    for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      try {
        const words = readFileSync(`/proc/${name}/cmdline`, 'utf8');
        if (!words.includes('--type=renderer') || !words.includes(this.#userData)) continue;
        found.push({ pid: Number(name), client: Number(/--renderer-client-id=(\d+)/.exec(words)?.[1] ?? 0) });
      } catch {
        // It ended while it was looked at.
        continue;
      }
    }
    return found.sort((left, right) => left.client - right.client).map(({ pid }) => pid);
  }

  #killGroup(): void {
    try {
      if (this.#child.pid !== undefined && !this.#isOver) process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // It has just ended by itself.
      return;
    }
  }
}

export function writingsOf(userData: string): number {
  try {
    return Number(/"sequence":(\d+)/.exec(readFileSync(join(userData, 'store.mark'), 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
