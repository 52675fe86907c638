import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { app, BrowserWindow } from 'electron';
import { MARK_EVERY_MS, newEpoch, openStateFolder } from '../../../engine/connectors/storage/state-folder.node.ts';
import type { MirroredStore } from '../../../engine/connectors/storage/mirrored-store.ts';
import { openMirroredStore } from '../../../engine/connectors/storage/open-mirrored-store.ts';
import { FileMark } from '../../../engine/connectors/storage/store-mark.node.ts';
import { StoreError } from '../../../engine/contract/durable-store.ts';
import type { VaultMessage } from '../../../engine/contract/vault-messages.ts';
import { machineClock, startMachineTimer, waitMs } from '../../../engine/core/machine.node.ts';
import { sha256 } from '../../../engine/core/sha256.node.ts';
import { openLivePlace } from '../../../engine/entry/session/live-place.ts';
import { VaultLink } from '../../../engine/entry/workstation/vault-client.ts';
import { declareScheme } from '../../../electron/main/app-scheme.ts';
import { lockDown } from '../../../electron/main/lockdown.ts';
import { Vault } from '../../../electron/main/vault.ts';
import { copyParts } from '../copied-journal.ts';
import type { VaultReport } from './report.ts';

/**
 * The real vault without the workstation around it: the same windows, pages, couriers and mirrored store, driven by a
 * test. One program, five things it can do:
 *
 *   fill     puts and removes a fixed set of values, and then idles until it is killed
 *   write    puts and removes values for ever, until it is killed
 *   trickle  puts small values, and goes on when the disk is full, until it is killed
 *   read     reads every value, waits until both copies are whole, and ends
 *   export   copies the journal of the live session to a state folder, FLINKTRADE_JOURNAL, and ends
 *
 * SIGUSR2 makes it delete the database of one copy under its page, as Chromium does with one it finds damaged; SIGWINCH
 * makes one page hang. Prints one VaultReport a line.
 */
const TRICKLE_EVERY_MS = 50;
const [mode = '', distFolder = '', userData = ''] = process.argv.slice(-3);
app.setPath('userData', userData);
const report = (line: VaultReport): void => void process.stdout.write(`@${JSON.stringify(line)}\n`);
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

declareScheme();
const doInOnePage = (script: string): void => {
  const [window] = BrowserWindow.getAllWindows();
  window?.webContents.executeJavaScript(script).catch(() => undefined);
};
process.on('SIGUSR2', () => doInOnePage("indexedDB.deleteDatabase('flinktrade-vault'); 0"));
process.on('SIGWINCH', () => doInOnePage('for (;;);'));
app.on('window-all-closed', () => undefined);
app
  .whenReady()
  .then(run)
  .catch((error: unknown) => {
    report({ kind: 'broken', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    app.exit(1);
  });

async function run(): Promise<void> {
  lockDown();
  const vault = new Vault({
    userData,
    preload: join(distFolder, 'electron', 'vault-preload.cjs'),
    pages: join(distFolder, 'renderer'),
    mayStart: Promise.resolve(),
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  app.on('before-quit', () => vault.end());
  const store = await open(vault);
  if (store === null) return app.quit();
  if (mode === 'fill') await fill(store);
  else if (mode === 'write') await write(store);
  else if (mode === 'trickle') await trickle(store);
  else if (mode === 'export') await exportJournal(store);
  else await read(store);
}

async function open(vault: Vault): Promise<MirroredStore | null> {
  const { vaultPort, markFile } = vault.connect();
  const link = new VaultLink(
    (question) => vaultPort.postMessage(question),
    (event) => report({ kind: 'event', event }),
  );
  vaultPort.on('message', (message: VaultMessage) => link.receive(message));
  try {
    const store = await openMirroredStore({
      where: 'the vault',
      copies: [link.copy('a'), link.copy('b')],
      mark: new FileMark(markFile),
      newEpoch,
      sha256,
      clock: machineClock,
      startTimer: startMachineTimer,
      markEveryMs: MARK_EVERY_MS,
      onEvent: (event) => report({ kind: 'event', event }),
    });
    report({ kind: 'opened', pids: app.getAppMetrics().map(({ pid, type }) => ({ pid, type })) });
    return store;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    report({ kind: 'refused', reason: error.kind, message: error.message });
    return null;
  }
}

/** The same bytes for the same name and turn. */
function bytesFor(name: string, turn: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = turn + 1;
  for (const character of name) state = (Math.imul(state, 31) + character.charCodeAt(0)) >>> 0;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

async function put(store: MirroredStore, name: string, turn: number, length: number): Promise<void> {
  const bytes = bytesFor(name, turn, length);
  report({ kind: 'asked', name, hash: hashOf(bytes) });
  await store.put(name, bytes);
  report({ kind: 'stored', name, hash: hashOf(bytes) });
}

async function remove(store: MirroredStore, names: readonly string[]): Promise<void> {
  for (const name of names) report({ kind: 'asked', name, hash: null });
  await store.remove(names);
  for (const name of names) report({ kind: 'stored', name, hash: null });
}

const numbered = (index: number): string => String(index).padStart(6, '0');

/** Enough small values that LevelDB has tables as well as a log, and values that lie in files of their own. */
async function fill(store: MirroredStore): Promise<void> {
  for (let index = 0; index < 1_600; index += 1) await put(store, `small/${numbered(index)}`, 0, 4_000);
  for (let index = 0; index < 12; index += 1) await put(store, `journal/${numbered(index)}`, 0, 100_000);
  for (let index = 0; index < 3; index += 1) await put(store, `checkpoints/${index}/part`, 0, 1_500_000);
  for (let turn = 0; turn < 3; turn += 1) await put(store, 'settings/rules', turn, 2_000);
  await remove(store, [`small/${numbered(7)}`, 'checkpoints/0/part']);
  await put(store, 'journal/last', 0, 50_000);
  await store.settled();
  report({ kind: 'idle' });
}

async function write(store: MirroredStore): Promise<void> {
  const names = await store.list('journal/');
  let next = Number(names.at(-1)?.slice('journal/'.length) ?? -1) + 1;
  for (;;) {
    await put(store, `journal/${numbered(next)}`, next, 100_000);
    if (next % 10 === 9) {
      await Promise.all([
        put(store, `checkpoints/${numbered(next)}/part`, next, 2_000_000),
        put(store, 'settings/rules', next, 1_000),
      ]);
      await remove(store, [
        `journal/${numbered(next - 9)}`,
        `journal/${numbered(next - 8)}`,
        `checkpoints/${numbered(next - 20)}/part`,
      ]);
    }
    next += 1;
  }
}

async function trickle(store: MirroredStore): Promise<void> {
  for (let index = 0; ; index += 1) {
    await waitMs(TRICKLE_EVERY_MS);
    try {
      await put(store, `journal/${numbered(index)}`, index, 20_000);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      report({ kind: 'unstored', reason: error.kind, message: error.message });
    }
  }
}

async function exportJournal(store: MirroredStore): Promise<void> {
  const to = await openStateFolder(process.env['FLINKTRADE_JOURNAL'] ?? '', () => undefined);
  await copyParts(await openLivePlace(store, false), to);
  await to.close();
  report({ kind: 'idle' });
  app.quit();
}

async function read(store: MirroredStore): Promise<void> {
  for (const name of await store.list('')) {
    try {
      const bytes = await store.get(name);
      report({ kind: 'value', name, hash: bytes === null ? null : hashOf(bytes) });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      report({ kind: 'value', name, hash: error.kind });
    }
  }
  // As the workstation does a while after its start: a copy that nobody reads may be damaged all the same.
  await store.scrub();
  await store.settled();
  report({ kind: 'whole', copies: store.status.copies.map(({ serves }) => serves) });
  app.quit();
}
