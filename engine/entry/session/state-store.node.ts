import { openStateFolder } from '../../connectors/storage/state-folder.node.ts';
import type { DurableStore } from '../../contract/durable-store.ts';
import type { StoreEvent } from '../../contract/store-events.ts';

/**
 * The state of a session in a folder (`--state DIR`): two copies of everything, and a mark that knows when one is lost.
 * @param onEvent what the store did by itself to keep what it was given
 * @throws StoreError `locked`: somebody has it open; `lost`, `newer`, `damaged`, `full`, `failed`
 */
export function openStateStore(
  folder: string,
  onEvent: (event: StoreEvent) => void = () => undefined,
): Promise<DurableStore> {
  return openStateFolder(folder, onEvent);
}
