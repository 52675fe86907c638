import { bundleEngine } from '../../build/bundle/engine.mjs';

/**
 * Vitest global set-up: worker threads run the bundles in dist/engine, so these must be what the sources say before a
 * test starts one. Costs a hash of the sources when nothing changed. A bundle that cannot be built is told and is not
 * there; tests that need none of it still run, and `npm test` counts the build as a check of its own.
 */
export async function setup(): Promise<void> {
  try {
    await bundleEngine({ log: console.error });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
}
