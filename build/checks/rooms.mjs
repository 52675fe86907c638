// The plan of the house: which room may import from which. walls.mjs enforces it.

/**
 * @typedef {object} Room
 * @property {string} name
 * @property {RegExp} files paths, relative to the repository root, that belong to the room
 * @property {readonly string[]} mayImport names of rooms
 * @property {readonly string[]} [mayImportTypesOf] rooms of which only types may be imported
 * @property {RegExp} [packages] bare imports that the room may use; absent: any
 * @property {string} belongs what lives here, for the message that names the right room
 */

const below = /** @type {const} */ ({
  core: [],
  contract: ['core'],
  memory: ['contract', 'core'],
  api: ['contract', 'core', 'memory'],
  // A job graph speaks of key groups, which state assigns; state knows no graph.
  graph: ['contract', 'core', 'memory', 'api', 'state'],
  state: ['contract', 'core', 'memory', 'api'],
  runtime: ['contract', 'core', 'memory', 'api', 'graph', 'state'],
  connectors: ['contract', 'core', 'memory', 'api', 'graph', 'state', 'runtime', 'trading'],
  testing: ['contract', 'core', 'memory', 'api', 'graph', 'state', 'runtime'],
  trading: ['contract', 'core', 'api'],
  examples: ['contract', 'core', 'api'],
});

/** @type {Record<keyof typeof below, string>} */
const belongs = {
  contract: 'the words shared with other rooms: branded ids, records, commands, events, wire layout of frames',
  core: 'assert, brand, decimal, clock, random, disposable, result',
  memory: 'shared rings, record layouts, flyweights',
  api: 'what the author of a job uses',
  graph: 'StreamGraph, JobGraph, chaining',
  state: 'key groups, keyed state, serializers, snapshots',
  runtime: 'tasks, operators, time, exchange, checkpoints, queries, metrics',
  connectors: 'sources and sinks',
  testing: 'the test harness for operators',
  trading: 'the rules of FlinkTrade and its job; nothing generic',
  examples: 'example jobs, written as a user would',
};

// A package the engine uses is bundled into every thread; it must be small and pure. `ws` is for *.node.ts files alone.
const enginePackages = /^(zod|ws)(\/|$)/;

/** @type {Room[]} */
const engineRooms = Object.entries(below).map(([name, lower]) => ({
  name: `engine/${name}`,
  files: new RegExp(`^engine/${name}/`),
  mayImport: [name, ...lower].map((room) => `engine/${room}`),
  packages: enginePackages,
  belongs: belongs[/** @type {keyof typeof below} */ (name)],
}));

const everyEngineRoom = [...engineRooms.map((room) => room.name), 'engine/entry'];

/** @type {readonly Room[]} */
export const rooms = [
  ...engineRooms,
  {
    name: 'engine/entry',
    files: /^engine\/entry\//,
    mayImport: everyEngineRoom,
    packages: enginePackages,
    belongs: 'the only place that joins jobs to machinery',
  },
  {
    name: 'electron/contract',
    files: /^electron\/contract\//,
    mayImport: ['electron/contract', 'engine/contract'],
    packages: /^(zod)(\/|$)/,
    belongs: 'every channel between main, preload and windows, as one table',
  },
  {
    name: 'electron/main',
    files: /^electron\/main\//,
    mayImport: ['electron/main', 'electron/contract', ...everyEngineRoom],
    packages: /^(electron|zod)(\/|$)/,
    belongs: 'app, engine host, couriers, doors, windows',
  },
  {
    name: 'electron/preload',
    files: /^electron\/preload\//,
    mayImport: ['electron/preload', 'electron/contract', 'engine/contract'],
    packages: /^(electron|zod)(\/|$)/,
    belongs: 'the typed functions that a window is given',
  },
  {
    name: 'renderer',
    files: /^renderer\//,
    mayImport: ['renderer', 'renderer-runtime-exceptions'],
    mayImportTypesOf: ['engine/contract', 'electron/contract'],
    packages: /^(?!electron($|\/)|node:)/,
    belongs: 'what a window shows',
  },
  {
    name: 'build',
    files: /^(build\/|[^/]+\.config\.(ts|mjs)$)/,
    mayImport: ['build'],
    belongs: 'bundles, packages, checks, the Electron runtime',
  },
  {
    name: 'test',
    files: /^test\//,
    mayImport: [
      'test',
      'build',
      'renderer',
      'electron/contract',
      'electron/main',
      'electron/preload',
      ...everyEngineRoom,
    ],
    belongs: 'tests, which may look at everything',
  },
];

/**
 * What a window may load of the engine at run time, each with its reason.
 * @type {readonly { file: RegExp, reason: string }[]}
 */
export const rendererRuntimeExceptions = [
  { file: /^engine\/contract\/bars\.ts$/, reason: 'bars arrive as numbers in an order of their own' },
  { file: /^engine\/contract\/frames\.ts$/, reason: 'frames arrive as bytes and are decoded in the window' },
  {
    file: /^engine\/contract\/rules-fields\.ts$/,
    reason: 'the settings form shows the fields, units and help the schema checks by',
  },
  { file: /^engine\/core\/decimal\.ts$/, reason: 'prices in frames are whole numbers and shown as exact decimals' },
  { file: /^engine\/contract\/rules-presets\.ts$/, reason: 'presets are offered in the rules form' },
  { file: /^engine\/contract\/rules-schema\.ts$/, reason: 'the rules form is validated by the schema the engine uses' },
];

/** The files that hand clock, timers and randomness to the engine: the only ones that may call the machine's own. */
export const providerFiles = /^engine\/core\/[^/]+\.node\.ts$/;
