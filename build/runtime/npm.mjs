// Calls the npm client that the user has.
import { env, execPath, platform } from 'node:process';

/**
 * The npm that started this script where there is one, else the one on the path.
 * @param {readonly string[]} args
 * @returns {{ command: string, args: string[], shell: boolean }}
 */
export function npmCommand(args) {
  const running = env['npm_execpath'];
  if (running !== undefined && /npm-cli\.c?js$/.test(running)) {
    return { command: execPath, args: [running, ...args], shell: false };
  }
  // npm is a .cmd file on Windows, which Node starts through a shell only.
  return platform === 'win32'
    ? { command: 'npm.cmd', args: [...args], shell: true }
    : { command: 'npm', args: [...args], shell: false };
}
