import { bundleEngine } from '../../build/bundle/engine.mjs';

/**
 * Vitest global set-up: worker threads run the bundles in dist/engine, so these must be what the sources say before a
 * test starts one. Costs a hash of the sources when nothing changed.
 */
export async function setup(): Promise<void> {
  await bundleEngine({ log: console.error });
}
