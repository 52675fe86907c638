// Writes what a test run came to, so that build/test.mjs can add the runs up and name every skipped test.
import { writeFileSync } from 'node:fs';
import { env } from 'node:process';

/** @typedef {{ passed: number, failed: number, skipped: { name: string, reason: string }[], broken: string[] }} Outcome */

/** A vitest reporter. Silent unless FLINKTRADE_TEST_OUTCOME names a file. */
export default class OutcomeReporter {
  /** @param {ReadonlyArray<import('vitest/node').TestModule>} modules */
  onTestRunEnd(modules, /** @type {ReadonlyArray<unknown>} */ unhandledErrors) {
    const file = env['FLINKTRADE_TEST_OUTCOME'];
    if (file === undefined || file === '') return;
    /** @type {Outcome} */
    const outcome = { passed: 0, failed: 0, skipped: [], broken: [] };
    for (const module of modules) {
      if (module.errors().length > 0) outcome.broken.push(module.relativeModuleId);
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') outcome.passed += 1;
        else if (result.state === 'failed') outcome.failed += 1;
        else
          outcome.skipped.push({
            name: `${module.relativeModuleId} > ${test.fullName}`,
            reason: reasonOf(result, test.options.mode),
          });
      }
    }
    if (unhandledErrors.length > 0) outcome.broken.push(`${unhandledErrors.length} unhandled errors`);
    writeFileSync(file, JSON.stringify(outcome));
  }
}

/**
 * @param {import('vitest/node').TestResult} result
 * @param {string} mode
 */
function reasonOf(result, mode) {
  if (result.state === 'skipped' && result.note !== undefined && result.note !== '') return result.note;
  return mode === 'run' ? 'did not run; its suite failed or was skipped' : `marked ${mode}, no reason given`;
}
