import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findBreaches } from '../../build/checks/walls.mjs';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A tree with these files and nothing else. */
function treeOf(files: Readonly<Record<string, string>>): string {
  const root = temporaryFolder('walls');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe('the wall check', () => {
  const allowed: readonly (readonly [string, string, string])[] = [
    ['contract may import core', 'engine/contract/a.ts', `import { id } from '../core/brand.ts';`],
    ['runtime may import state', 'engine/runtime/task/a.ts', `import { a } from '../../state/key-groups.ts';`],
    [
      'a node file of the engine may import Node',
      'engine/core/clock.node.ts',
      `import { performance } from 'node:perf_hooks';`,
    ],
    ['the clock provider may read the clock', 'engine/core/clock.node.ts', `export const now = () => Date.now();`],
    [
      'the window may import types of the contract',
      'renderer/stores/a.ts',
      `import type { Frame } from '../../engine/contract/window.ts';`,
    ],
    [
      'the window may load the frame decoder',
      'renderer/stores/a.ts',
      `import { decode } from '../../engine/contract/frames.ts';`,
    ],
    ['a date made from a time stamp is no clock', 'engine/core/a.ts', `export const day = new Date(0).getUTCDay();`],
    [
      'words in comments and strings do not count',
      'engine/core/a.ts',
      `// Math.random()\nexport const text = 'Date.now()';`,
    ],
    ['a test may look at everything', 'test/engine/a.test.ts', `import { a } from '../../engine/runtime/a.ts';`],
  ];
  test.each(allowed)('%s', (_name, file, text) => {
    expect(findBreaches(treeOf({ [file]: text }))).toEqual([]);
  });

  const refused: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'core imports contract',
      'engine/core/a.ts',
      `import { a } from '../contract/a.ts';`,
      /engine\/core imports engine\/contract\/a\.ts of engine\/contract/,
    ],
    [
      'trading imports runtime',
      'engine/trading/a.ts',
      `import { a } from '../runtime/a.ts';`,
      /engine\/trading may import: .*engine\/api/,
    ],
    [
      'state imports graph, its sibling',
      'engine/state/a.ts',
      `import type { a } from '../graph/a.ts';`,
      /engine\/state imports/,
    ],
    [
      'the engine imports electron',
      'engine/runtime/a.ts',
      `import { app } from 'electron';`,
      /imports the package electron/,
    ],
    ['the engine imports Node', 'engine/runtime/a.ts', `import { readFileSync } from 'node:fs';`, /\*\.node\.ts/],
    ['the engine re-exports a node file', 'engine/core/a.ts', `export { now } from './clock.node.ts';`, /needs Node/],
    [
      'the engine loads a node file later',
      'engine/core/a.ts',
      `export const a = () => import('./clock.node.ts');`,
      /needs Node/,
    ],
    [
      'the engine rolls dice',
      'engine/trading/a.ts',
      `export const a = Math.random();`,
      /a\.ts:1: Math\.random .*as an argument/,
    ],
    ['the engine hands its clock on', 'engine/runtime/a.ts', `export const a = { now: Date.now };`, /Date\.now/],
    [
      'the engine starts a timer',
      'engine/runtime/a.node.ts',
      `\nsetTimeout(() => {}, 1);`,
      /a\.node\.ts:2: setTimeout\(\)/,
    ],
    ['the engine asks for the date', 'engine/trading/a.ts', `export const a = new Date();`, /new Date\(\)/],
    [
      'the window loads the contract',
      'renderer/stores/a.ts',
      `import { a } from '../../engine/contract/window.ts';`,
      /write `import type`/,
    ],
    [
      'the window loads the contract for a type',
      'renderer/a.ts',
      `import { type A } from '../engine/contract/window.ts';`,
      /write `import type`/,
    ],
    [
      'the window imports the state room',
      'renderer/stores/a.ts',
      `import type { A } from '../../engine/state/a.ts';`,
      /renderer imports engine\/state/,
    ],
    ['the window imports electron', 'renderer/a.ts', `import { ipcRenderer } from 'electron';`, /the package electron/],
    [
      'main imports the window',
      'electron/main/a.ts',
      `import { App } from '../../renderer/app.tsx';`,
      /electron\/main imports renderer/,
    ],
    ['a room that is not in the plan', 'engine/utils/a.ts', `import { a } from './b.ts';`, /lies in no room/],
  ];
  test.each(refused)('refuses: %s', (_name, file, text, message) => {
    const breaches = findBreaches(treeOf({ [file]: text }));

    expect(breaches).toHaveLength(1);
    expect(breaches[0]).toMatch(message);
    expect(breaches[0]).toMatch(new RegExp(`^${file.replaceAll('.', '\\.')}:\\d+: `));
  });

  test('refuses a path of one machine, whatever the file', () => {
    const path = ['', 'home', 'somebody', 'project'].join('/');

    expect(findBreaches(treeOf({ 'notes.md': `see\n${path}` }))).toEqual([
      expect.stringMatching(/^notes\.md:2: holds an absolute path/),
    ]);
    expect(findBreaches(treeOf({ 'notes.md': `see https://example.com${path}` }))).toEqual([]);
  });

  test('refuses a lockfile that names the registry it was made with', () => {
    const lock = JSON.stringify({ resolved: 'https://mirror.example/a.tgz' }, null, 1);

    expect(findBreaches(treeOf({ 'package-lock.json': lock }))).toEqual([expect.stringMatching(/registry address/)]);
  });
});
