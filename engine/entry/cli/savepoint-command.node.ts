import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { writeDurably } from '../../connectors/storage/durable-file.node.ts';
import { StoreError, type DurableStore } from '../../contract/durable-store.ts';
import { CheckpointStorage } from '../../runtime/checkpoint/checkpoint-storage.ts';
import { exportSavepoint, importSavepoint } from '../../runtime/checkpoint/savepoint-file.ts';
import { sha256Of } from '../session/session-identity.node.ts';
import { openStateStore } from '../session/state-store.node.ts';
import type { SavepointCommand } from './arguments.ts';
import { openExistingStore } from './existing-store.node.ts';
import { CliError, EXIT_INPUT, EXIT_USAGE } from './messages.ts';
import { checkOutputs } from './output-files.node.ts';
import { tell } from './tell.node.ts';

/** `flinktrade savepoint DIR -o FILE`: the newest whole checkpoint of a state folder, in one file. @throws CliError */
export async function runSavepoint(command: SavepointCommand): Promise<void> {
  await checkOutputs([{ what: '-o', path: command.output }], []);
  const store = await storeProblemsTold(() => openExistingStore(command.folder));
  try {
    const { checkpoint, refused } = await new CheckpointStorage(store, sha256Of, 1).latest();
    for (const { id, problem } of refused) tell(`Checkpoint ${id} cannot be used: ${problem}`);
    if (checkpoint === null) throw new CliError(EXIT_INPUT, `There is no whole checkpoint in ${command.folder}.`);
    const bytes = await exportSavepoint(store, sha256Of, checkpoint.id);
    await write(command.output, bytes);
    const taken = new Date(checkpoint.createdAtMs).toISOString();
    tell(`Checkpoint ${checkpoint.id}, taken ${taken}, is in ${command.output}: ${bytes.length} bytes.`);
  } catch (error) {
    throw error instanceof StoreError ? new CliError(EXIT_INPUT, error.message) : error;
  } finally {
    await store.close();
  }
}

async function storeProblemsTold(open: () => Promise<DurableStore>): Promise<DurableStore> {
  try {
    return await open();
  } catch (error) {
    throw error instanceof StoreError ? new CliError(EXIT_INPUT, error.message) : error;
  }
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeDurably(path, bytes, `${path}.${randomUUID()}.tmp`);
  } catch (error) {
    throw new CliError(EXIT_USAGE, `${path} cannot be written: ${(error as Error).message}`);
  }
}

/** `--savepoint FILE`: fills a state folder that has no checkpoint yet. @throws CliError */
export async function startFromSavepoint(folder: string, file: string): Promise<void> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new CliError(EXIT_INPUT, `The savepoint ${file} cannot be read: ${(error as Error).message}`);
  }
  const store = await storeProblemsTold(() =>
    openStateStore(folder, ({ severity, message }) => {
      if (severity === 'warning') tell(message);
    }),
  );
  try {
    await importSavepoint(store, sha256Of, bytes, file);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const isUsage = error.kind === 'failed';
    throw new CliError(isUsage ? EXIT_USAGE : EXIT_INPUT, isUsage ? `${folder}: ${error.message}` : error.message);
  } finally {
    await store.close();
  }
}
