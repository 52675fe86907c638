import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundleEngine } from '../../build/bundle/engine.mjs';
import { isFresh, markFresh, markStale } from '../../build/bundle/stamp.mjs';
import { stateOfModules } from '../../build/runtime/node-modules.mjs';
import { temporaryFolder } from '../support/temporary-folder.ts';

function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function lockOf(version: string): string {
  return JSON.stringify({
    packages: {
      '': { name: 'project' },
      'node_modules/a': { version, integrity: `sha512-${version}` },
      'node_modules/only-on-windows': { version: '1.0.0', integrity: 'sha512-w', optional: true },
    },
  });
}

describe('node modules', () => {
  function project(): string {
    const root = temporaryFolder('modules');
    write(root, 'package-lock.json', lockOf('1.0.0'));
    return root;
  }

  /** What npm leaves after an installation: the packages of this platform, and its own list of them. */
  function install(root: string, version: string): void {
    const { packages } = JSON.parse(lockOf(version)) as { packages: Record<string, unknown> };
    write(
      root,
      'node_modules/.package-lock.json',
      JSON.stringify({ packages: { 'node_modules/a': packages['node_modules/a'] } }),
    );
    write(root, 'node_modules/a/package.json', '{}');
  }

  test('are missing in a bare clone', () => {
    expect(stateOfModules(project())).toBe('missing');
  });

  test('are ready when npm installed what the lockfile says, packages of other platforms aside', () => {
    const root = project();
    install(root, '1.0.0');

    expect(stateOfModules(root)).toBe('ready');
    expect(stateOfModules(root)).toBe('ready');
  });

  test('are stale once the lockfile asks for another version', () => {
    const root = project();
    install(root, '1.0.0');
    stateOfModules(root);
    write(root, 'package-lock.json', lockOf('2.0.0'));

    expect(stateOfModules(root)).toBe('stale');
  });

  test('are stale when an installation broke off', () => {
    const root = project();
    install(root, '1.0.0');
    rmSync(join(root, 'node_modules', '.package-lock.json'));
    const other = project();
    install(other, '1.0.0');
    rmSync(join(other, 'node_modules', 'a'), { recursive: true });

    expect(stateOfModules(root)).toBe('stale');
    expect(stateOfModules(other)).toBe('stale');
  });
});

describe('a stamp', () => {
  test('is fresh for the same inputs and results that are there', () => {
    const root = temporaryFolder('stamp');
    const stamp = join(root, 'deep', 'stamp');
    const result = join(root, 'result');
    writeFileSync(result, '');
    markFresh(stamp, 'hash');

    expect(isFresh(stamp, 'hash', [result])).toBe(true);
    expect(isFresh(stamp, 'other hash', [result])).toBe(false);
    expect(isFresh(stamp, 'hash', [join(root, 'gone')])).toBe(false);
    markStale(stamp);
    expect(isFresh(stamp, 'hash', [result])).toBe(false);
  });
});

describe('the engine bundles', () => {
  test('are built once per change of the sources, one file per entry', async () => {
    const root = temporaryFolder('bundle');
    expect((await bundleEngine({ root })).kind).toBe('nothing to build');
    write(root, 'engine/core/word.ts', `export const word: string = 'first';`);
    write(root, 'engine/entry/cli.node.ts', `import { word } from '../core/word.ts';\nconsole.log(word);`);
    write(root, 'engine/entry/task.node.ts', `console.log('task');`);

    const built = await bundleEngine({ root });
    const again = await bundleEngine({ root });
    write(root, 'engine/core/word.ts', `export const word: string = 'second';`);
    const changed = await bundleEngine({ root });

    expect(built).toEqual({
      kind: 'built',
      files: [join(root, 'dist/engine/cli.js'), join(root, 'dist/engine/task.js')],
    });
    expect(again.kind).toBe('fresh');
    expect(changed.kind).toBe('built');
    expect(readFileSync(join(root, 'dist/engine/cli.js'), 'utf8')).toContain('second');
  });

  test('that cannot be built stay stale', async () => {
    const root = temporaryFolder('bundle');
    write(root, 'engine/entry/cli.node.ts', `console.log('whole');`);
    await bundleEngine({ root });
    write(root, 'engine/entry/cli.node.ts', `console.log('broken`);

    await expect(bundleEngine({ root })).rejects.toThrow();
    await expect(bundleEngine({ root })).rejects.toThrow();
  });
});
