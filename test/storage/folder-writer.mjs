// Puts values into the folder store named on its command line until it is killed, and prints each name once it is stored.
import { build } from 'esbuild';

const { outputFiles } = await build({
  entryPoints: [new URL('../../engine/connectors/storage/folder-store.node.ts', import.meta.url).pathname],
  bundle: true,
  platform: 'node',
  format: 'esm',
  write: false,
});
const { openFolderStore } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0]?.contents ?? []).toString('base64')}`
);
const store = await openFolderStore(process.argv[2]);
for (let index = 0; index < 1e6; index += 1) {
  const name = `journal/${index}`;
  await store.put(name, new Uint8Array(5000).fill(index));
  process.stdout.write(`${name}\n`);
}
