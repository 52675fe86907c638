import { openFolderStore } from '../../connectors/storage/folder-store.node.ts';
import type { DurableStore } from '../../contract/durable-store.ts';

/**
 * The state of a session that is kept in a folder (`--state DIR`).
 * @throws StoreError `locked`: somebody has it open; `newer`, `damaged`, `full`, `failed`
 */
export function openStateStore(folder: string): Promise<DurableStore> {
  return openFolderStore(folder);
}
