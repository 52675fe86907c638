import { existsSync } from 'node:fs';
import { fastCrc32 } from '../../connectors/files/fast-crc32.node.ts';
import { GeneratedBytes } from '../../connectors/files/generated-bytes.node.ts';
import type { OpenSession } from '../../connectors/files/open-session.node.ts';
import { JournalReader, type FoundJournal } from '../../connectors/journal/journal-reader.ts';
import { MemoryBytes, type ByteSource } from '../../connectors/decode/byte-source.ts';
import { RecordingInput } from '../../connectors/recording/recording-input.ts';
import { InputError } from '../../connectors/sources/input-error.ts';
import { SymbolTable } from '../../connectors/sources/symbol-table.ts';
import { StoreError, type DurableStore } from '../../contract/durable-store.ts';
import { openStateStore } from './state-store.node.ts';

/**
 * Opens the journal of a live session as a session: a replay of it is the session.
 * @throws InputError when there is none, when it is damaged, or when the session still runs
 */
export async function openJournal(folder: string): Promise<OpenSession> {
  // Looking must not make one.
  if (!existsSync(folder)) throw unreadable(folder, 'input-missing', `There is no folder ${folder}.`);
  let store: DurableStore | null = null;
  try {
    store = await openStateStore(folder);
    return await openJournalOf(store, folder);
  } catch (error) {
    await store?.close();
    if (error instanceof StoreError) throw unreadable(folder, 'input-damaged', error.message);
    throw error;
  }
}

/** As `openJournal`, of a store that is open; closing the session closes it. */
export async function openJournalOf(store: DurableStore, name: string): Promise<OpenSession> {
  const reader = new JournalReader(store, fastCrc32);
  const found = await reader.open(false);
  const { settings } = found;
  if (settings === null) throw unreadable(name, 'input-empty', `${name} has no journal of a live session.`);
  const symbols = new SymbolTable();
  const bytes = new GeneratedBytes(name, upstream(name), partsOf(reader, name));
  const input = await RecordingInput.open(bytes, symbols, fastCrc32, { isOpenEnded: true });
  const why =
    found.cutOff === null ? 'the journal of a live session' : `the journal of a live session. ${found.cutOff}`;
  return {
    inputs: [input],
    symbols,
    chosen: [{ input: name, profile: 'recording', why, description: 'The journal of a live session.' }],
    outOfOrdernessMs: settings.outOfOrdernessMs,
    maxFutureMs: settings.maxFutureMs,
    live: settings,
    close: async () => {
      await input.close();
      await store.close();
    },
  };
}

export type { FoundJournal };

async function* partsOf(reader: JournalReader, name: string): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* reader.rest();
  } catch (error) {
    if (error instanceof StoreError) throw unreadable(name, 'input-damaged', error.message);
    throw error;
  }
}

/** A journal's length is not known before it is read. */
function upstream(name: string): ByteSource {
  return new MemoryBytes(name, new Uint8Array(0));
}

function unreadable(
  input: string,
  code: 'input-missing' | 'input-damaged' | 'input-empty',
  message: string,
): InputError {
  return new InputError('unreadable', code, { input }, message);
}
