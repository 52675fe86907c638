import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { onTestFinished } from 'vitest';

const CLI = resolve(import.meta.dirname, '..', '..', 'dist', 'engine', 'cli.js');

export interface ServedFeed {
  readonly url: string;
  readonly port: string;
  readonly process: ChildProcess;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

/** `flinktrade feed` in a process of its own: the simulated market, with positions for it as `p.csv` in the folder. */
export async function serveFeed(folder: string, words: readonly string[] = []): Promise<ServedFeed> {
  return serveSession(folder, ['--positions-out', 'p.csv', '--seed', '7', ...words]);
}

/** `flinktrade feed` with these words, in a process of its own. */
export async function serveSession(folder: string, words: readonly string[]): Promise<ServedFeed> {
  const given = words.includes('--port') ? words : ['--port', '0', ...words];
  const child = spawn(process.execPath, [CLI, 'feed', ...given], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const url = line.toString().trim();
  return {
    url,
    port: new URL(url).port,
    process: child,
    kill: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
