import { homedir } from 'node:os';
import { join } from 'node:path';
import { machineClock } from '../../core/machine.node.ts';
import { KillFlag } from '../workstation/kill-flag.node.ts';
import type { KillCommand } from './arguments.ts';
import { CliError, EXIT_USAGE } from './messages.ts';
import { tell } from './tell.node.ts';

/** Electron's folder for programs' data, and in it the one that bears the workstation's name. */
const PROGRAM = 'FlinkTrade';

/** Presses the kill switch: a file in the workstation's data folder, which it looks for fifty times a second. */
export function runKill({ folder }: KillCommand): void {
  const flag = new KillFlag(folder ?? dataFolder());
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

function dataFolder(): string {
  const { env, platform } = process;
  if (platform === 'win32') return join(env['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'), PROGRAM);
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', PROGRAM);
  return join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), PROGRAM);
}
