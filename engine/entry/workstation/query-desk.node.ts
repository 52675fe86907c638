import type { EngineCommand, EngineEvent, ServerStatus } from '../../contract/window.ts';
import { assertNever } from '../../core/assert.ts';
import { repeatEvery } from '../../core/machine.node.ts';
import type { QueryableStateClient } from '../../runtime/query/queryable-state-client.ts';
import { StateQueryError } from '../../runtime/query/state-query-error.ts';
import { programVersion } from '../program-version.ts';
import { explainSymbol } from '../serve/explain-symbol.ts';
import { queryClient, serveQueries, type Serving } from '../serve/serving.node.ts';
import { SESSION_JOB, sessionJobs, sessionOf, type ServedSession } from '../serve/trading-queries.ts';

/** Where the workstation's server is found, unless somebody else is there already. */
const SERVER_PORT = 8786;
const ANY_PORT = 0;

/** A page is read by a person. */
const JOB_PAGE_EVERY_MS = 1_000;

const KINDS = ['set-server', 'show-server-token', 'ask-symbol-state', 'ask-trade', 'watch-job'] as const;
export type QueryCommand = Extract<EngineCommand, { kind: (typeof KINDS)[number] }>;

export interface QueryDeskOptions {
  /** What is asked; null: there is no session. */
  readonly current: () => ServedSession | null;
  /** Of the token and of the note by which the command line finds this program; null: nothing can be kept, nor served. */
  readonly folder: string | null;
  readonly emit: (event: EngineEvent) => void;
}

/**
 * Whoever asks the workstation about its state: the window, and, once a person has turned it on, programs on this machine.
 * All of them by the same client. Coordinator thread only.
 */
export class QueryDesk {
  readonly #options: QueryDeskOptions;
  readonly #client: QueryableStateClient;
  #serving: Serving | null = null;
  #status: ServerStatus = { kind: 'off' };
  #stopWatching: () => void = () => undefined;
  /** Turning on and off take turns. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: QueryDeskOptions) {
    this.#options = options;
    this.#client = queryClient(sessionJobs(options.current));
  }

  static isFor(command: EngineCommand): command is QueryCommand {
    return (KINDS as readonly EngineCommand['kind'][]).includes(command.kind);
  }

  /** Answers with events. */
  async handle(command: QueryCommand): Promise<void> {
    switch (command.kind) {
      case 'set-server':
        this.#turn = this.#turn.then(() => this.#set(command.on));
        return this.#turn;
      case 'show-server-token':
        if (this.#serving !== null) this.#options.emit({ kind: 'server-token', token: this.#serving.token });
        return;
      case 'ask-symbol-state':
        return this.#tellSymbol(command);
      case 'ask-trade':
        return this.#tellTrade(command);
      case 'watch-job':
        return this.#watchJob(command.on);
      default:
        return assertNever(command);
    }
  }

  tellStatus(): void {
    this.#options.emit({ kind: 'server', server: this.#status });
  }

  #watchJob(on: boolean): void {
    this.#stopWatching();
    this.#stopWatching = () => undefined;
    if (!on) return;
    const tell = (): void => {
      const page = this.#options.current()?.meter?.page(SESSION_JOB) ?? null;
      this.#options.emit({ kind: 'job-page', page });
    };
    this.#stopWatching = repeatEvery(JOB_PAGE_EVERY_MS, tell);
    tell();
  }

  async #set(on: boolean): Promise<void> {
    if (on && this.#serving === null) this.#status = await this.#open();
    if (!on) {
      await this.#serving?.close();
      this.#serving = null;
      this.#status = { kind: 'off' };
    }
    this.tellStatus();
  }

  async #open(): Promise<ServerStatus> {
    const { folder } = this.#options;
    if (folder === null) return { kind: 'failed', message: 'There is no folder for its token, so nothing is served.' };
    const serve = (port: number): Promise<Serving> =>
      serveQueries(this.#client, { port, folder, kind: 'workstation', version: programVersion() });
    try {
      this.#serving = await serve(SERVER_PORT).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE') return serve(ANY_PORT);
        throw error;
      });
      return { kind: 'on', url: this.#serving.url, tokenPath: this.#serving.tokenPath };
    } catch (error) {
      return { kind: 'failed', message: (error as Error).message };
    }
  }

  async #tellSymbol(command: Extract<QueryCommand, { kind: 'ask-symbol-state' }>): Promise<void> {
    const { requestId, symbol, asOf, since } = command;
    const { value: known, problem } = await answerOf(() => explainSymbol(this.#client, symbol, { asOf, since }));
    this.#options.emit({ kind: 'symbol-state', requestId, symbol, asOf, since, known, problem });
  }

  async #tellTrade({ requestId, tradeId }: Extract<QueryCommand, { kind: 'ask-trade' }>): Promise<void> {
    const { value: explanation, problem } = await answerOf(() => sessionOf(this.#client).explainTrade(tradeId));
    this.#options.emit({ kind: 'trade-explained', requestId, tradeId, explanation, problem });
  }
}

/** What is not there is no problem: nobody knows of it. */
async function answerOf<T>(
  ask: () => Promise<T | null>,
): Promise<{ readonly value: T | null; readonly problem: string | null }> {
  try {
    return { value: await ask(), problem: null };
  } catch (error) {
    const isUnknown = error instanceof StateQueryError && error.reason === 'no-state';
    return { value: null, problem: isUnknown ? null : (error as Error).message };
  }
}
