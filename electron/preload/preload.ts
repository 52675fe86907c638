import { contextBridge, ipcRenderer, webUtils } from 'electron';
import { PORT_CHANNEL, PORT_HANDOVER, REQUESTS, type RequestName, type Requests } from '../contract/channels.ts';
import type { FlinkTradeApi } from '../contract/preload-api.ts';

/**
 * Runs sandboxed, in its own world, before the page. Gives the page one frozen object of named functions and hands over
 * its port; keeps nothing, and never passes on ipcRenderer, a channel name or an event.
 */
function ask<Name extends RequestName>(
  name: Name,
  request: Requests[Name]['request'],
): Promise<Requests[Name]['answer']> {
  return ipcRenderer.invoke(REQUESTS[name], request) as Promise<Requests[Name]['answer']>;
}

const api: FlinkTradeApi = {
  connect: () => ask('connect', null),
  ready: (place) => ask('ready', place),
  command: (command) => ask('command', command),
  chooseFiles: (kind) => ask('chooseFiles', kind),
  announceDropped: (files) => {
    // The path of a File that a script made is empty: only what a person really dropped has one.
    const paths = files.map((file) => webUtils.getPathForFile(file as File)).filter((path) => path.length > 0);
    return ask('announceDropped', paths);
  },
  exportText: (request) => ask('exportText', request),
  exportAudit: () => ask('exportAudit', null),
  importRules: () => ask('importRules', null),
  takeLaunch: () => ask('takeLaunch', null),
  openLink: (name) => ask('openLink', name),
  setAppearance: (appearance) => ask('setAppearance', appearance),
};

// A port cannot cross contextBridge; posting it to our own page, to our own origin only, transfers it.
ipcRenderer.on(PORT_CHANNEL, (event) => {
  const [port] = event.ports;
  if (port !== undefined) window.postMessage(PORT_HANDOVER, window.location.origin, [port]);
});

contextBridge.exposeInMainWorld('flinktrade', api);
