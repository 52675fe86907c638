import { ipcRenderer } from 'electron';
import { VAULT_PORT_CHANNEL, VAULT_PORT_HANDOVER } from '../contract/vault-port.ts';

/** The preload of a vault's page: hands over its port, and nothing else. The page gets no function at all. */
ipcRenderer.on(VAULT_PORT_CHANNEL, (event) => {
  const [port] = event.ports;
  if (port !== undefined) window.postMessage(VAULT_PORT_HANDOVER, window.location.origin, [port]);
});
