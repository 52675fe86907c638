import { readyProfiles } from '../../connectors/profiles/ready-profiles.ts';
import { recordSession } from '../../connectors/recording/record-session.node.ts';
import type { CliCommand } from './arguments.ts';

export async function runRecord(command: Extract<CliCommand, { kind: 'record' }>): Promise<void> {
  const made = await recordSession(command.inputs, command.profile, command.output);
  for (const { input, profile, why } of made.chosen) process.stderr.write(`${input}: read as ${profile} (${why})\n`);
  const { quotes, symbols, origin } = made.footer;
  process.stderr.write(`${made.file}: ${quotes} quotes of ${symbols} symbols; of ${origin.rows} rows ${origin.quarantined} were quarantined and ${origin.ignored} ignored\n`);
}

export function runProfiles(): void {
  for (const { name, description } of readyProfiles()) process.stdout.write(`${name.padEnd(24)} ${description ?? ''}\n`);
}
