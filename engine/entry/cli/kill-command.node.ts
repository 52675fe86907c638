import { machineClock } from '../../core/machine.node.ts';
import { KillFlag } from '../workstation/kill-flag.node.ts';
import type { KillCommand } from './arguments.ts';
import { CliError, EXIT_USAGE } from './messages.ts';
import { tell } from './tell.node.ts';
import { workstationFolder } from './workstation-folder.node.ts';

/** Presses the kill switch: a file in the workstation's data folder, which it looks for fifty times a second. */
export function runKill({ folder }: KillCommand): void {
  const flag = new KillFlag(folder ?? workstationFolder());
  const was = flag.isOn;
  try {
    flag.press('flinktrade kill', machineClock.wallMs());
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
