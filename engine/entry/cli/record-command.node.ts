import { readyProfiles } from '../../connectors/profiles/ready-profiles.ts';
import { recordOpened, recordSession } from '../../connectors/recording/record-session.node.ts';
import { openJournal } from '../session/open-journal.node.ts';
import type { CliCommand } from './arguments.ts';
import { tell } from './tell.node.ts';

export async function runRecord(command: Extract<CliCommand, { kind: 'record' }>): Promise<void> {
  const { journal, output } = command;
  const made =
    journal === null
      ? await recordSession(command.inputs, command.profile, output)
      : await recordOpened(await openJournal(journal), output);
  for (const { input, profile, why } of made.chosen) tell(`${input}: read as ${profile} (${why})`);
  const { quotes, symbols, origin } = made.footer;
  tell(
    `${made.file}: ${quotes} quotes of ${symbols} symbols; of ${origin.rows} rows ${origin.quarantined} were quarantined and ${origin.ignored} ignored`,
  );
}

export function runProfiles(): void {
  for (const { name, description } of readyProfiles())
    process.stdout.write(`${name.padEnd(24)} ${description ?? ''}\n`);
}
