import { openLivePlace } from '../../engine/entry/session/live-place.ts';
import type { DurableStore } from '../../engine/contract/durable-store.ts';
import { openStateFolder } from '../../engine/connectors/storage/state-folder.node.ts';

/** Copies the journal of a workstation's live session to a state folder of its own, as the command line reads it. */
export async function copyJournal(workstationState: string, folder: string): Promise<void> {
  const from = await openStateFolder(workstationState, () => undefined);
  const to = await openStateFolder(folder, () => undefined);
  try {
    await copyParts(await openLivePlace(from, false), to);
  } finally {
    await to.close();
    await from.close();
  }
}

/** @param live the place of a live session in its store */
export async function copyParts(live: DurableStore, to: DurableStore): Promise<void> {
  for (const name of await live.list('journal/')) await to.put(name, (await live.get(name)) ?? new Uint8Array(0));
}
