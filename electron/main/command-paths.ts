import type { EngineCommand } from '../../engine/contract/window.ts';

/** A profile that comes with the product is named by a word; anything with a separator or a dot is a file. */
const PROFILE_NAME = /^[\w-]+$/;

/** @returns null when each file the command names was chosen by a person, else what to tell the window */
export function whyNotGranted(command: EngineCommand, grants: { has(path: string): boolean }): string | null {
  if (command.kind !== 'open') return null;
  const { inputs, positionsPath, profile } = command.session;
  const paths = inputs.kind === 'files' ? [...inputs.paths] : [];
  if (positionsPath !== null) paths.push(positionsPath);
  if (profile !== null && !PROFILE_NAME.test(profile)) paths.push(profile);
  const stranger = paths.find((path) => !grants.has(path));
  return stranger === undefined
    ? null
    : `${stranger} was not chosen by you on this machine. Open it through the dialog, or drop it on the window.`;
}
