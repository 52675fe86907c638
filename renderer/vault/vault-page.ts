import type * as contract from '../../electron/contract/vault-port.ts';
import type { VaultPageMessage, VaultPageRequest } from '../../electron/contract/vault-port.ts';
import { VaultStore } from './vault-store.ts';

/**
 * The page of a hidden window: one copy of the engine's state. It has no door but its port, and shows nothing. Answers
 * come in any order; the engine asks for one writing after the other.
 */
// A window may load only types of the contract; the compiler holds these against it.
const HANDOVER: typeof contract.VAULT_PORT_HANDOVER = 'flinktrade-vault-port-handover';
const BEAT_EVERY_MS: typeof contract.VAULT_BEAT_EVERY_MS = 1000;

const store = new VaultStore();

window.addEventListener('message', (event) => {
  const [port] = event.ports;
  if (event.source !== window || event.data !== HANDOVER || port === undefined) return;
  serve(port);
});

function serve(port: MessagePort): void {
  const post = (message: VaultPageMessage): void => port.postMessage(message);
  port.onmessage = (event: MessageEvent<VaultPageRequest>) => {
    const { id, call } = event.data;
    void store.answer(call).then((result) => post({ kind: 'answer', id, result }));
  };
  setInterval(() => post({ kind: 'beat' }), BEAT_EVERY_MS);
  post({ kind: 'beat' });
}
