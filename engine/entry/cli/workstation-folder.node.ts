import { homedir } from 'node:os';
import { join } from 'node:path';

/** Electron's folder for programs' data, and in it the one that bears the workstation's name. */
const PROGRAM = 'FlinkTrade';

/** Where the workstation keeps its data, unless it was started with another folder. */
export function workstationFolder(): string {
  const { env, platform } = process;
  if (platform === 'win32') return join(env['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'), PROGRAM);
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', PROGRAM);
  return join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), PROGRAM);
}
