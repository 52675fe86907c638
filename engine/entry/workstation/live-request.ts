import { fromUtf8, toUtf8 } from '../../core/utf8.ts';
import type { DurableStore } from '../../contract/durable-store.ts';
import type { SessionRequest } from '../../contract/window.ts';

/** The journal has everything of a live session but that it was open, and with how many workers. */
const NAME = 'session/live';

interface KeptRequest {
  readonly version: 1;
  readonly request: SessionRequest;
}

export async function keepLiveRequest(store: DurableStore, request: SessionRequest): Promise<void> {
  const kept: KeptRequest = { version: 1, request };
  await store.put(NAME, toUtf8.encode(JSON.stringify(kept)));
}

/** @returns null: no live session was interrupted. @throws StoreError */
export async function readLiveRequest(store: DurableStore): Promise<SessionRequest | null> {
  const bytes = await store.get(NAME);
  return bytes === null ? null : (JSON.parse(fromUtf8.decode(bytes)) as KeptRequest).request;
}

export async function forgetLiveRequest(store: DurableStore): Promise<void> {
  await store.remove([NAME]);
}
