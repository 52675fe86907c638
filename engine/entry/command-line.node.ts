import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { parseArguments, type CliCommand } from './cli/arguments.ts';
import { runSavepoint } from './cli/savepoint-command.node.ts';
import { runBars } from './cli/bars-command.node.ts';
import { runAudit } from './cli/audit-command.node.ts';
import { runExecutions } from './cli/executions-command.node.ts';
import { runFeed } from './cli/feed-command.node.ts';
import { runGateway } from './cli/gateway-command.node.ts';
import { runInspect } from './cli/inspect-command.node.ts';
import { takeInterrupt } from './cli/interrupt.node.ts';
import { runKill } from './cli/kill-command.node.ts';
import { runLive } from './cli/live-command.node.ts';
import { CliError, EXIT_INPUT, EXIT_INTERNAL, EXIT_USAGE, storeExitCode, usage } from './cli/messages.ts';
import { runRescale } from './cli/rescale-command.node.ts';
import { runPositions } from './cli/positions-command.node.ts';
import { runExplain } from './cli/explain-command.node.ts';
import { runExplainTrade } from './cli/explain-trade-command.node.ts';
import { runQuery } from './cli/query-command.node.ts';
import { runReplay, runSample } from './cli/replay-command.node.ts';
import { runProfiles, runRecord } from './cli/record-command.node.ts';
import { tell } from './cli/tell.node.ts';
import { JobFailedError } from './job-failed-error.ts';
import { failureOf } from './session/session-reader.node.ts';
import { StoreError } from '../contract/durable-store.ts';
import { InputError } from '../connectors/sources/input-error.ts';
import { assertNever } from '../core/assert.ts';
import { programVersion } from './program-version.ts';
import { removeUnfinishedFiles } from '../core/unfinished-files.node.ts';

async function run(command: CliCommand): Promise<void> {
  switch (command.kind) {
    case 'help':
      process.stdout.write(usage(command.topic));
      return;
    case 'version':
      process.stdout.write(`flinktrade ${programVersion()}\n`);
      return;
    case 'replay':
      return runReplay(command);
    case 'sample':
      return runSample(command);
    case 'bars':
      return runBars(command);
    case 'executions':
      return runExecutions(command);
    case 'record':
      return runRecord(command);
    case 'inspect':
      return runInspect(command);
    case 'feed':
      return runFeed(command);
    case 'gateway':
      return runGateway(command);
    case 'live':
      return runLive(command);
    case 'savepoint':
      return runSavepoint(command);
    case 'kill':
      return runKill(command);
    case 'rescale':
      return runRescale(command);
    case 'audit':
      return runAudit(command);
    case 'query':
      return runQuery(command);
    case 'explain':
      return runExplain(command);
    case 'explain-trade':
      return runExplainTrade(command);
    case 'positions':
      return runPositions(command);
    case 'profiles':
      return runProfiles();
    default:
      return assertNever(command);
  }
}

/** What went wrong, for a person; a stack only for what is our own fault, and only when asked for. */
function explain(error: unknown): { readonly exitCode: number; readonly message: string } {
  if (error instanceof CliError) return { exitCode: error.exitCode, message: error.message };
  if (error instanceof InputError) {
    const failure = failureOf(error);
    return {
      exitCode: failure.kind === 'unreadable' ? EXIT_INPUT : EXIT_USAGE,
      message: `${failure.message}\n  at ${failure.where}`,
    };
  }
  if (error instanceof JobFailedError && error.isStateRefused) return { exitCode: EXIT_INPUT, message: error.message };
  if (error instanceof StoreError) return { exitCode: storeExitCode(error), message: error.message };
  const { message, stack } = error as Error;
  const details =
    process.env['FLINKTRADE_DEBUG'] === undefined ? 'Set FLINKTRADE_DEBUG=1 for the details.' : String(stack);
  return { exitCode: EXIT_INTERNAL, message: `An internal failure, not your mistake: ${message}\n${details}` };
}

/** Shells say 128 + the signal's number of a program that a signal ended. */
const EXIT_SIGNAL_BASE = 128;

/** Ctrl-C and closed pipes end the program in order: what is unfinished is removed on its way out. */
function listenToTheOutside(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (takeInterrupt(signal)) return;
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
      tell(`Interrupted (${signal}): what was not finished was not written.`);
      removeUnfinishedFiles();
      // A thread that waits for a pipe cannot be ended by itself, only with the process.
      if (process.argv.some(isPipe)) process.kill(process.pid, signal);
      process.exit(EXIT_SIGNAL_BASE + constants.signals[signal]);
    });
  }
  // Whoever writes looks at its own errors; a reader that closes early (head, less) is none.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = EXIT_USAGE;
  });
  process.stderr.on('error', () => undefined);
}

function isPipe(path: string): boolean {
  try {
    const found = statSync(path);
    return found.isFIFO() || found.isCharacterDevice() || found.isSocket();
  } catch {
    return false;
  }
}

async function main(): Promise<void> {
  listenToTheOutside();
  const command = parseArguments(process.argv.slice(2));
  if (!command.ok) {
    tell(command.problem);
    process.exitCode = EXIT_USAGE;
    return;
  }
  try {
    await run(command.value);
  } catch (error) {
    const { exitCode, message } = explain(error);
    tell(message);
    process.exitCode = exitCode;
  }
}

await main();
