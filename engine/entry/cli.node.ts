import { parseArguments, type CliCommand } from './cli/arguments.ts';
import { runInspect } from './cli/inspect-command.node.ts';
import { CliError, EXIT_DONE, EXIT_INPUT, EXIT_INTERNAL, EXIT_USAGE, USAGE } from './cli/messages.ts';
import { runReplay, runSample } from './cli/replay-command.node.ts';
import { runProfiles, runRecord } from './cli/record-command.node.ts';
import { failureOf } from './session/session-reader.node.ts';
import { InputError } from '../connectors/sources/input-error.ts';
import { assertNever } from '../core/assert.ts';

/** Replaced by the bundler with the version in package.json. */
declare const FLINKTRADE_VERSION: string;

async function run(command: CliCommand): Promise<void> {
  switch (command.kind) {
    case 'help':
      process.stdout.write(USAGE);
      return;
    case 'version':
      process.stdout.write(
        `flinktrade ${typeof FLINKTRADE_VERSION === 'string' ? FLINKTRADE_VERSION : 'development'}\n`,
      );
      return;
    case 'replay':
      return runReplay(command);
    case 'sample':
      return runSample(command);
    case 'record':
      return runRecord(command);
    case 'inspect':
      return runInspect(command);
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
  const { message, stack } = error as Error;
  const details =
    process.env['FLINKTRADE_DEBUG'] === undefined ? 'Set FLINKTRADE_DEBUG=1 for the details.' : String(stack);
  return { exitCode: EXIT_INTERNAL, message: `An internal failure, not your mistake: ${message}\n${details}` };
}

async function main(): Promise<void> {
  // A reader that closes early (head, less) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_DONE);
    throw error;
  });
  const command = parseArguments(process.argv.slice(2));
  if (!command.ok) {
    process.stderr.write(`${command.problem}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  try {
    await run(command.value);
  } catch (error) {
    const { exitCode, message } = explain(error);
    process.stderr.write(`${message}\n`);
    process.exitCode = exitCode;
  }
}

await main();
