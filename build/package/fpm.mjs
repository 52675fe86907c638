#!/usr/bin/env node
// Does for electron-builder what fpm would do for a .deb, with dpkg-deb, which every Debian has. electron-builder would
// download fpm with a Ruby of its own; CUSTOM_FPM_PATH points here instead.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { argv, exit } from 'node:process';

const flags = new Set(['--force', '--debug']);

/** @type {Map<string, string[]>} */
const options = new Map();
/** @type {string[]} */
const mappings = [];
for (let index = 2; index < argv.length; index += 1) {
  const argument = /** @type {string} */ (argv[index]);
  if (flags.has(argument)) continue;
  if (argument.startsWith('-')) {
    const [name = '', inline] = argument.split(/=(.*)/s);
    const value = inline ?? argv[(index += 1)] ?? '';
    options.set(name, [...(options.get(name) ?? []), value]);
  } else mappings.push(argument);
}

/**
 * @param {string} name
 * @returns {string}
 */
function one(name) {
  const value = options.get(name)?.at(-1);
  if (value === undefined) throw new Error(`fpm stand-in: ${name} is missing`);
  return value;
}

if (one('-t') !== 'deb') {
  console.error(
    `this stand-in for fpm makes deb packages only; asked for ${one('-t')}. Unset CUSTOM_FPM_PATH to use fpm itself.`,
  );
  exit(1);
}

const staging = mkdtempSync(join(tmpdir(), 'flinktrade-deb-'));
// Made for its owner alone; a package's root folder is everybody's.
chmodSync(staging, 0o755);
try {
  for (const mapping of mappings) place(mapping);
  writeControl();
  // Owners are set by dpkg-deb. Level 6 makes a tenth less of it (71 MB instead of 79), but takes longer.
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z2', '--build', staging, one('--package')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
} finally {
  rmSync(staging, { recursive: true, force: true });
}

/** @param {string} mapping `source=target`; a source that ends in `/` gives its content */
function place(mapping) {
  const at = mapping.lastIndexOf('=');
  const source = mapping.slice(0, at);
  const target = join(staging, mapping.slice(at + 1));
  mkdirSync(source.endsWith('/') ? target : dirname(target), { recursive: true });
  cpSync(source.replace(/\/$/, ''), target, { recursive: true, verbatimSymlinks: true });
}

function writeControl() {
  const folder = join(staging, 'DEBIAN');
  mkdirSync(folder);
  const [summary = '', ...more] = one('--description').trim().split('\n');
  const fields = [
    `Package: ${one('--name')}`,
    `Version: ${one('--version')}`,
    `Architecture: ${one('--architecture')}`,
    `Maintainer: ${one('--maintainer')}`,
    `Installed-Size: ${Math.ceil(bytesBelow(staging) / 1024)}`,
    `Depends: ${(options.get('-d') ?? []).join(', ')}`,
    `Section: ${options.get('--category')?.at(-1) ?? 'default'}`,
    `Priority: ${options.get('--deb-priority')?.at(-1) ?? 'optional'}`,
    `Description: ${summary}`,
    ...more.map((line) => (line.trim() === '' ? ' .' : ` ${line.trim()}`)),
  ];
  writeFileSync(join(folder, 'control'), `${fields.join('\n')}\n`);
  for (const [option, name] of /** @type {const} */ ([
    ['--after-install', 'postinst'],
    ['--after-remove', 'postrm'],
  ])) {
    const script = options.get(option)?.at(-1);
    if (script === undefined) continue;
    writeFileSync(join(folder, name), readFileSync(script));
    chmodSync(join(folder, name), 0o755);
  }
}

/** @param {string} folder */
function bytesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && basename(entry.parentPath) !== 'DEBIAN')
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
