import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AUDIT_ANCHOR } from '../../connectors/audit/audit-anchor-file.node.ts';
import { openFolderStore } from '../../connectors/storage/folder-store.node.ts';
import { openStateFolder } from '../../connectors/storage/state-folder.node.ts';
import type { DurableStore } from '../../contract/durable-store.ts';
import { CliError, EXIT_INPUT } from './messages.ts';
import { tell } from './tell.node.ts';

/**
 * A state folder, or one of its copies, for whoever reads its audit trail or its checkpoints. Nothing is made where there is
 * nothing: a wrong name must not look like an empty trail, nor leave a store where somebody keeps other things.
 * @throws CliError, StoreError
 */
export async function openExistingStore(folder: string): Promise<DurableStore> {
  const has = (name: string): boolean => existsSync(join(folder, name));
  if (has('format')) return openFolderStore(folder);
  if (has('a') || has('b') || has('mark')) {
    return openStateFolder(folder, ({ severity, message }) => {
      if (severity === 'warning') tell(message);
    });
  }
  if (has(AUDIT_ANCHOR)) {
    throw new CliError(
      EXIT_INPUT,
      `${folder} has the anchor of an audit trail, but the store with the trail is gone. Bring it back from a copy.`,
    );
  }
  throw new CliError(EXIT_INPUT, `${folder} is no state folder: it was never the DIR of --state DIR.`);
}
