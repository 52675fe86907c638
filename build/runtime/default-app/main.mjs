// Stands in for Electron's own default app, which the Electron of the npm registry comes without: loads the application
// folder named as the first argument, with name, version and data folder as Electron's own would set them.
import { app } from 'electron';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { argv, exit } from 'node:process';
import { pathToFileURL } from 'node:url';

const named = argv.slice(1).find((argument) => !argument.startsWith('-'));
if (named === undefined) {
  console.error('Name the folder of the application to run: electron [flags] FOLDER');
  exit(2);
}
const folder = resolve(named);
const description = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
// Electron itself sets this when an application runs unpackaged from a folder.
Object.assign(process, { defaultApp: true });
// Electron has these two for its own default app and leaves them out of its type declarations.
const hidden = /** @type {Electron.App & { setVersion(version: string): void, setAppPath(path: string): void }} */ (
  app
);
app.setName(description.productName ?? description.name);
if (description.version !== undefined) hidden.setVersion(description.version);
hidden.setAppPath(folder);
// A test names a data folder of its own on the command line; Electron has taken it already.
if (!app.commandLine.hasSwitch('user-data-dir')) app.setPath('userData', join(app.getPath('appData'), app.getName()));
await import(pathToFileURL(join(folder, description.main ?? 'index.js')).href);
