import { defineConfig } from 'vitest/config';

/** Every reporter run writes what passed, failed and was skipped, and why, where build/test.mjs asks for it. */
const reporters = ['default', './build/checks/outcome-reporter.mjs'];

export default defineConfig({
  test: {
    reporters,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
          exclude: ['test/e2e/**', 'test/kill/**', 'test/performance/**', 'node_modules/**'],
          globalSetup: ['test/support/engine-bundle.ts'],
          // Most of their time is waiting for processes, timers and sockets: on two cores, two files at once.
          maxWorkers: 2,
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/engine-bundle.ts', 'test/support/desktop.ts'],
          // One desktop, one focus, two cores: windows that run side by side slow each other down.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          // The real program killed and its files damaged, over and over: too long for every run of `npm test`.
          name: 'kill',
          include: ['test/kill/**/*.test.ts'],
          globalSetup: ['test/support/engine-bundle.ts', 'test/support/desktop.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
