import { inject } from 'vitest';
import { launchOn } from './electron-launch.ts';
import type { LaunchOptions, RunningApp } from './electron-launch.ts';

export { resizeWindow, takeScreenshots, windowSizes } from './electron-launch.ts';
export type { LaunchOptions, RunningApp } from './electron-launch.ts';

/**
 * Starts the application in the Electron at hand. Close it in the test that opened it:
 * `await using app = await launchApp()`.
 */
export function launchApp(options: LaunchOptions = {}): Promise<RunningApp> {
  return launchOn(inject('desktop'), options);
}
