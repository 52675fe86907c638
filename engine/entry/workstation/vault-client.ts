import { StoreError, type DurableStore } from '../../contract/durable-store.ts';
import type { StoreEvent } from '../../contract/store-events.ts';
import type { VaultCall, VaultLabel, VaultMessage, VaultQuestion, VaultResult } from '../../contract/vault-messages.ts';
import type { StoreCopy } from '../../connectors/storage/store-copy.ts';

/**
 * The engine's end of the way to the vault. Coordinator thread only. It keeps no time: MirroredStore gives up on a copy
 * that does not answer.
 */
export class VaultLink {
  readonly #post: (question: VaultQuestion) => void;
  readonly #onEvent: (event: StoreEvent) => void;
  readonly #waiting = new Map<number, (result: VaultResult) => void>();
  #questions = 0;

  constructor(post: (question: VaultQuestion) => void, onEvent: (event: StoreEvent) => void) {
    this.#post = post;
    this.#onEvent = onEvent;
  }

  receive(message: VaultMessage): void {
    if (message.kind === 'event') return this.#onEvent(message.event);
    // An answer nobody waits for any more came too late; its question was given up.
    this.#waiting.get(message.id)?.(message.result);
    this.#waiting.delete(message.id);
  }

  copy(label: VaultLabel): StoreCopy {
    const where = `vault ${label.toUpperCase()}`;
    return {
      label,
      where,
      open: async () => {
        await this.ask(label, { kind: 'open' });
        return new VaultClient(this, label);
      },
      setAside: async () => (await this.ask(label, { kind: 'set-aside' }, 'set-aside')).to,
    };
  }

  /** @throws StoreError when the vault refuses */
  ask<Kind extends VaultResult['kind'] = 'done'>(
    vault: VaultLabel,
    call: VaultCall,
    kind = 'done' as Kind,
  ): Promise<Extract<VaultResult, { kind: Kind }>> {
    const id = (this.#questions += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (result) => {
        if (result.kind === kind) resolve(result as Extract<VaultResult, { kind: Kind }>);
        else if (result.kind === 'refused') reject(new StoreError(result.reason, result.where, result.message));
        else reject(new StoreError('failed', `vault ${vault}`, `Asked to ${call.kind}, it answered "${result.kind}".`));
      });
      this.#post({ id, vault, call });
    });
  }
}

/** One copy of the vault as a store. */
class VaultClient implements DurableStore {
  readonly #link: VaultLink;
  readonly #label: VaultLabel;

  constructor(link: VaultLink, label: VaultLabel) {
    this.#link = link;
    this.#label = label;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#link.ask(this.#label, { kind: 'put', name, bytes });
  }

  async get(name: string): Promise<Uint8Array | null> {
    return (await this.#link.ask(this.#label, { kind: 'get', name }, 'value')).bytes;
  }

  async list(prefix: string): Promise<readonly string[]> {
    return (await this.#link.ask(this.#label, { kind: 'list', prefix }, 'names')).names;
  }

  async remove(names: readonly string[]): Promise<void> {
    await this.#link.ask(this.#label, { kind: 'remove', names });
  }

  async close(): Promise<void> {
    await this.#link.ask(this.#label, { kind: 'close' });
  }
}
