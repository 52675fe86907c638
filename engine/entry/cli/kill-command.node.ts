import { machineClock } from '../../core/machine.node.ts';
import { KillFlag } from '../workstation/kill-flag.node.ts';
import type { KillCommand } from './arguments.ts';
import { CliError, EXIT_USAGE } from './messages.ts';
import { tell } from './tell.node.ts';
import { workstationFolder } from './workstation-folder.node.ts';

/** Presses the kill switch: a file in the workstation's data folder, which the workstation watches. */
export async function runKill({ folder }: Pick<KillCommand, 'folder'>): Promise<void> {
  const flag = new KillFlag(folder ?? workstationFolder());
  const was = flag.isOn;
  try {
    await flag.press('flinktrade kill', machineClock.wallMs());
  } catch (error) {
    throw new CliError(EXIT_USAGE, `The kill switch could not be pressed: ${(error as Error).message}`);
  }
  tell(
    was
      ? `The kill switch was on already (${flag.path}).`
      : `The kill switch is on (${flag.path}): the workstation halts at once; one that is not running starts halted.`,
  );
  tell('To clear it, re-arm in the window: two deliberate acts.');
}

/**
 * The command in the two forms that need no other reader of arguments.
 * @returns false when it is another command, or could not be done: then the whole command line says why
 */
export async function pressAtOnce(words: readonly string[]): Promise<boolean> {
  const [command, option, folder, ...rest] = words;
  const isPlain = command === 'kill' && option === undefined;
  const isInFolder = command === 'kill' && option === '--user-data-dir' && folder !== undefined && rest.length === 0;
  if (!isPlain && !isInFolder) return false;
  try {
    await runKill({ folder: folder ?? null });
    return true;
  } catch {
    return false;
  }
}
