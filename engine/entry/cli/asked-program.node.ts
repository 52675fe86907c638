import { WebSocket } from 'ws';
import { join } from 'node:path';
import { workstationFolder } from './workstation-folder.node.ts';
import { findInstances } from '../serve/instance-file.node.ts';
import { readToken } from '../serve/query-token.node.ts';
import { CliError, EXIT_INPUT, EXIT_INTERNAL, EXIT_NOT_FOUND, EXIT_USAGE, type ExitCode } from './messages.ts';
import type { AskedProgram } from './query-arguments.ts';

const ANSWER_MS_MAX = 15_000;
const HOW_TO_START =
  'Turn on the local server in the workstation (Settings), or start flinktrade replay or live with --serve PORT.';

/** A running program that answers questions about its state. */
export class RunningProgram {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  /** @returns the body: parsed JSON, or CSV as it came; @throws CliError that says what to do */
  async get(path: string, query: URLSearchParams, accept: 'application/json' | 'text/csv'): Promise<unknown> {
    const response = await this.#fetch(`${path}${query.size === 0 ? '' : `?${query.toString()}`}`, accept);
    const text = await response.text();
    if (response.ok) return accept === 'text/csv' ? text : (JSON.parse(text) as unknown);
    const { code, message } = (JSON.parse(text) as { error: { code: string; message: string } }).error;
    throw new CliError(exitCodeOf(response.status, code), message);
  }

  /** A WebSocket on which it tells of changes. */
  push(): WebSocket {
    return new WebSocket(`${this.url.replace('http', 'ws')}/v1/push`, {
      headers: { authorization: `Bearer ${this.#token}` },
      perMessageDeflate: false,
    });
  }

  async #fetch(path: string, accept: string): Promise<Response> {
    try {
      return await fetch(`${this.url}${path}`, {
        headers: { authorization: `Bearer ${this.#token}`, accept },
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
    } catch (error) {
      const { cause, message } = error as Error;
      const why = cause instanceof Error ? cause.message : message;
      throw new CliError(EXIT_INPUT, `Nobody answers at ${this.url}: ${why}. ${HOW_TO_START}`);
    }
  }
}

/** @throws CliError when nobody runs, or several do and none was named */
export function findProgram({ url, tokenFile, folder: asked }: AskedProgram): RunningProgram {
  const folder = asked ?? workstationFolder();
  const running = findInstances(folder);
  if (url !== null) {
    const own = running.find((instance) => instance.url === url)?.tokenPath;
    return new RunningProgram(url, tokenOf(tokenFile ?? own ?? join(folder, 'query-token')));
  }
  if (running.length === 0) throw new CliError(EXIT_INPUT, `No program runs that can be asked. ${HOW_TO_START}`);
  if (running.length > 1) {
    const lines = running.map((instance) => `  --url ${instance.url}   ${instance.kind}, process ${instance.pid}`);
    throw new CliError(EXIT_USAGE, `${running.length} programs run that can be asked; say which:\n${lines.join('\n')}`);
  }
  const [instance] = running;
  return new RunningProgram(instance.url, tokenOf(tokenFile ?? instance.tokenPath));
}

function tokenOf(path: string): string {
  try {
    return readToken(path);
  } catch (error) {
    throw new CliError(EXIT_INPUT, `The token cannot be read: ${(error as Error).message}`);
  }
}

function exitCodeOf(status: number, code: string): ExitCode {
  if (status === 401) return EXIT_INPUT;
  if (code === 'no-state' || code === 'unknown-checkpoint' || code === 'unknown-job') return EXIT_NOT_FOUND;
  if (status === 400 || status === 404) return EXIT_USAGE;
  return status === 500 ? EXIT_INTERNAL : EXIT_INPUT;
}
