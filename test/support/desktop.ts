import type { TestProject } from 'vitest/node';
import { bundleApp } from '../../build/bundle/app.mjs';
import { findDisplay, startScreen } from '../../build/runtime/display.mjs';
import { findElectron } from '../../build/runtime/electron.mjs';
import { ensureSystem } from '../../build/runtime/system-libraries.mjs';

/** What an end-to-end test needs to know to open the application. */
export interface Desktop {
  /** The program to run. */
  readonly executable: string;
  /** `33.2.1`; tests that need a newer one skip, saying so. */
  readonly electronVersion: string;
  /** Value for DISPLAY, or the empty string to keep what is set. */
  readonly display: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    desktop: Desktop;
  }
}

/**
 * Finds an Electron, bundles the application and provides a screen. Does nothing that `npm test` has done already.
 * @returns the desktop, and how to take the screen away again
 */
export async function prepareDesktop(
  say: (message: string) => void,
): Promise<{ readonly desktop: Desktop; readonly stop: () => Promise<void> }> {
  const found = await findDisplay();
  const electron = await findElectron({ say });
  ensureSystem(electron.executable, { screen: found.kind === 'absent', say });
  await bundleApp({ log: say });
  const screen = found.kind === 'absent' ? await startScreen() : undefined;
  say(electron.description);
  const desktop = {
    executable: electron.executable,
    electronVersion: electron.version,
    display: screen?.display ?? '',
  };
  return { desktop, stop: screen?.stop ?? (() => Promise.resolve()) };
}

/** Vitest global set-up of the end-to-end tests. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { desktop, stop } = await prepareDesktop((message) => console.error(`e2e: ${message}`));
  project.provide('desktop', desktop);
  return stop;
}
