// `npm test`: sets up whatever is missing, then checks and tests everything and ends with one line of counts.
// `--only checks|unit|e2e` runs a part. Nothing is skipped without being named at the end.
import './runtime/node-version.mjs';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { argv, env, execPath, exit } from 'node:process';
import { repositoryRoot } from './checks/source-tree.mjs';
import { findDisplay, startScreen } from './runtime/display.mjs';
import { ensureModules } from './runtime/node-modules.mjs';

/** @typedef {import('./checks/outcome-reporter.mjs').Outcome} Outcome */

/** Far above what a run takes; a run that hangs must end and say where. */
const stepLimitMs = 12 * 60_000;

const total = { passed: 0, failed: 0 };
/** @type {string[]} */
const failures = [];
/** @type {{ name: string, reason: string }[]} */
const skips = [];

const only = argv.includes('--only') ? argv[argv.indexOf('--only') + 1] : undefined;
/** @param {'checks' | 'unit' | 'e2e'} part */
const wanted = (part) => only === undefined || only === part;

/** @param {string} message */
const say = (message) => console.log(`test: ${message}`);

/** @param {string} title */
function heading(title) {
  console.log(`\n== ${title}`);
}

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;
// A run that is stopped takes its test runner and its screen with it.
process.once('exit', () => running?.kill());
for (const [signal, code] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])) {
  process.once(signal, () => exit(code));
}

try {
  await main();
} catch (error) {
  failures.push(`set-up: ${/** @type {Error} */ (error).message}`);
  total.failed += 1;
}
exit(summary());

async function main() {
  await ensureModules(repositoryRoot, say);
  if (wanted('checks')) await checks();
  if (wanted('unit')) {
    heading('unit, property and conformance tests');
    await vitest('unit', {});
  }
  if (!wanted('e2e')) return;
  const broken = failures.find((failure) => failure.startsWith('bundles'));
  if (broken === undefined) return endToEnd();
  // Every one of them would wait in vain for a window or an engine, which takes minutes.
  total.failed += 1;
  failures.push('e2e: not run, because the bundles could not be built');
}

async function checks() {
  const bin = (/** @type {string} */ path) => join(repositoryRoot, 'node_modules', path);
  await check('types', [bin('typescript/bin/tsc'), '-b']);
  await check('lint', [bin('eslint/bin/eslint.js'), '.', '--cache', '--cache-location', '.cache/eslint']);
  await check('room walls', [join('build', 'checks', 'walls.mjs')]);
  await check('bundles of the engine', [join('build', 'bundle', 'engine.mjs')]);
  await check('bundles of the application', [join('build', 'bundle', 'app.mjs')]);
}

/**
 * A check counts as one test.
 * @param {string} name
 * @param {string[]} args
 */
async function check(name, args) {
  heading(name);
  const started = performance.now();
  const code = await run(args, {});
  if (code === 0) {
    total.passed += 1;
    say(`${name}: in order (${seconds(started)})`);
  } else {
    total.failed += 1;
    failures.push(`${name}: see above (code ${code})`);
  }
}

async function endToEnd() {
  heading('end-to-end tests');
  const { findElectron } = await import('./runtime/electron.mjs');
  const { ensureSystem } = await import('./runtime/system-libraries.mjs');
  const { bundleApp } = await import('./bundle/app.mjs');
  const display = await findDisplay();
  const electron = await findElectron({ say, thorough: true });
  ensureSystem(electron.executable, { screen: display.kind === 'absent', say });
  await bundleApp({ log: say });
  const screen = display.kind === 'absent' ? await startScreen() : undefined;
  say(`end-to-end tests run in ${electron.description}`);
  say(display.kind === 'absent' ? `screen: Xvfb ${screen?.display} (${display.reason})` : `screen: ${display.via}`);
  try {
    await vitest('e2e', screen === undefined ? {} : { DISPLAY: screen.display });
  } finally {
    await screen?.stop();
  }
}

/**
 * @param {string} project
 * @param {Record<string, string>} variables
 */
async function vitest(project, variables) {
  const outcomeFile = join(repositoryRoot, 'test-results', `${project}.json`);
  mkdirSync(join(repositoryRoot, 'test-results'), { recursive: true });
  rmSync(outcomeFile, { force: true });
  const started = performance.now();
  const vitestProgram = join(repositoryRoot, 'node_modules', 'vitest', 'vitest.mjs');
  const code = await run([vitestProgram, 'run', '--project', project, '--passWithNoTests'], {
    ...variables,
    FLINKTRADE_TEST_OUTCOME: outcomeFile,
  });
  if (!existsSync(outcomeFile)) {
    total.failed += 1;
    failures.push(`${project}: the test runner ended with code ${code} and told no outcome`);
    return;
  }
  /** @type {Outcome} */
  const outcome = JSON.parse(readFileSync(outcomeFile, 'utf8'));
  total.passed += outcome.passed;
  total.failed += outcome.failed;
  skips.push(...outcome.skipped);
  for (const broken of outcome.broken) failures.push(`${project}: ${broken}`);
  if (outcome.failed > 0) failures.push(`${project}: ${outcome.failed} tests, see above`);
  // A file that cannot be loaded, or an error outside any test, is a failure that no test counts.
  if (outcome.broken.length > 0) total.failed += outcome.broken.length;
  else if (code !== 0 && outcome.failed === 0) {
    total.failed += 1;
    failures.push(`${project}: the test runner ended with code ${code}`);
  }
  if (outcome.passed + outcome.failed + outcome.skipped.length + outcome.broken.length === 0) {
    total.failed += 1;
    failures.push(`${project}: found no test`);
  }
  say(
    `${project}: ${outcome.passed} passed, ${outcome.failed} failed, ${outcome.skipped.length} skipped (${seconds(started)})`,
  );
}

/**
 * @param {string[]} args of Node
 * @param {Record<string, string>} variables
 * @returns {Promise<number>}
 */
function run(args, variables) {
  const child = spawn(execPath, args, {
    cwd: repositoryRoot,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...env, ...variables },
    timeout: stepLimitMs,
  });
  running = child;
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      running = undefined;
      if (signal !== null) {
        say(`stopped by ${signal}${signal === 'SIGTERM' ? ` after ${stepLimitMs / 60_000} minutes` : ''}`);
      }
      resolve(code ?? 1);
    });
  });
}

/** @param {number} started */
function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}

/** @returns {number} the exit code */
function summary() {
  console.log('');
  if (skips.length > 0) {
    console.log(`SKIPPED, ${skips.length}:`);
    for (const { name, reason } of skips) console.log(`  ${name}\n    because: ${reason}`);
  }
  if (failures.length > 0) {
    console.log('FAILED:');
    for (const failure of failures) console.log(`  ${failure}`);
  }
  const skipped = skips.length > 0 ? `, ${skips.length} skipped` : '';
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}
