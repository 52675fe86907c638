// Checks the walls between rooms that the compiler cannot see, and says where an import belongs.
// Run by `npm run check`; `node build/checks/walls.mjs [root]` checks another tree.
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix, resolve } from 'node:path';
import { argv, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { importsOf, machineCallsOf, parse } from './module-facts.mjs';
import { privateTextIn } from './private-text.mjs';
import { providerFiles, rendererRuntimeExceptions, rooms } from './rooms.mjs';
import { listFiles, repositoryRoot } from './source-tree.mjs';

const moduleFile = /\.(ts|tsx|mts|cts)$/;

/** @param {string} file */
const roomOf = (file) => rooms.find((room) => room.files.test(file));

/**
 * @param {string} root
 * @returns {string[]} one message per breach, `file:line: what was found. What to do.`
 */
export function findBreaches(root) {
  /** @type {string[]} */
  const breaches = [];
  for (const file of listFiles(root)) {
    breaches.push(...privateTextIn(root, file));
    if (!moduleFile.test(file) || file.endsWith('.d.ts')) continue;
    const source = parse(file, readFileSync(join(root, file), 'utf8'));
    for (const found of importsOf(source)) {
      const breach = breachOfImport(file, found);
      if (breach !== undefined) breaches.push(`${file}:${found.line}: ${breach}`);
    }
    if (file.startsWith('engine/') && !providerFiles.test(file)) {
      for (const call of machineCallsOf(source)) {
        breaches.push(
          `${file}:${call.line}: ${call.text} is the machine's own clock, timer or chance, found in the engine. ` +
            'Take a clock, timers or random as an argument; engine/core/*.node.ts provides them.',
        );
      }
    }
  }
  return breaches;
}

/**
 * @param {string} file
 * @param {import('./module-facts.mjs').FoundImport} found
 * @returns {string | undefined}
 */
function breachOfImport(file, found) {
  const room = roomOf(file);
  if (room === undefined) {
    return 'this file lies in no room. Move it to a room of ARCHITECTURE.md, or add the room to build/checks/rooms.mjs.';
  }
  return found.specifier.startsWith('.') ? breachOfRelative(file, room, found) : breachOfPackage(file, room, found);
}

/**
 * @param {string} file
 * @param {import('./rooms.mjs').Room} room
 * @param {import('./module-facts.mjs').FoundImport} found
 */
function breachOfPackage(file, room, found) {
  const { specifier } = found;
  if (isBuiltin(specifier)) {
    const mayUseNode = !/^(engine|renderer)\/|^electron\/(contract|preload)\//.test(file) || file.endsWith('.node.ts');
    if (mayUseNode && !(file.startsWith('engine/') && !file.endsWith('.node.ts'))) return undefined;
    return `imports ${specifier}, a part of Node, which ${room.name} does not have. Put it in a *.node.ts file of the engine or in electron/main.`;
  }
  if (room.packages === undefined || room.packages.test(specifier)) return undefined;
  return `imports the package ${specifier}, which ${room.name} (${room.belongs}) may not use. Allowed: ${room.packages.source}.`;
}

/**
 * @param {string} file
 * @param {import('./rooms.mjs').Room} room
 * @param {import('./module-facts.mjs').FoundImport} found
 */
function breachOfRelative(file, room, found) {
  const target = posix.normalize(posix.join(posix.dirname(file), found.specifier));
  const from = file.startsWith('engine/');
  if (from && !file.endsWith('.node.ts') && target.endsWith('.node.ts') && !found.typeOnly) {
    return `imports ${target}, which needs Node, into a file that must run anywhere. Take it as an argument and join them in engine/entry.`;
  }
  const other = roomOf(target);
  if (other === undefined) return targetOutside(target);
  if (room.mayImport.includes(other.name)) return undefined;
  if (found.typeOnly && room.mayImportTypesOf?.includes(other.name)) return undefined;
  if (room.name === 'renderer' && rendererRuntimeExceptions.some((exception) => exception.file.test(target)))
    return undefined;
  const onlyTypes = room.mayImportTypesOf?.includes(other.name)
    ? ` Only types may come from ${other.name}: write \`import type\`.`
    : '';
  return (
    `${room.name} imports ${target} of ${other.name}.${onlyTypes} ` +
    `${room.name} may import: ${[...room.mayImport, ...(room.mayImportTypesOf ?? []).map((name) => `${name} (types)`)].join(', ')}. ` +
    `${room.name} is for ${room.belongs}; ${other.name} is for ${other.belongs}.`
  );
}

/** @param {string} target */
function targetOutside(target) {
  if (/\.(json|css|svg|png|html)(\?.*)?$/.test(target)) return undefined;
  return `imports ${target}, which lies in no room of build/checks/rooms.mjs. Move it to a room.`;
}

if (argv[1] !== undefined && resolve(argv[1]) === fileURLToPath(import.meta.url)) {
  const root = argv[2] === undefined ? repositoryRoot : resolve(argv[2]);
  const breaches = findBreaches(root);
  for (const breach of breaches) console.error(breach);
  console.log(breaches.length === 0 ? 'walls: every room keeps to itself' : `walls: ${breaches.length} breaches`);
  exit(breaches.length === 0 ? 0 : 1);
}
