import { readyProfiles } from '../../connectors/profiles/ready-profiles.ts';
import { recordSession } from '../../connectors/recording/record-session.node.ts';
import type { CliCommand } from './arguments.ts';
import { tell } from './tell.node.ts';

export async function runRecord(command: Extract<CliCommand, { kind: 'record' }>): Promise<void> {
  const made = await recordSession(command.inputs, command.profile, command.output);
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
