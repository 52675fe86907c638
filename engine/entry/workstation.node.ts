import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { EngineCommand, EngineEvent, StorageStatus } from '../contract/window.ts';
import { StoreError } from '../contract/durable-store.ts';
import { AUDIT_ANCHOR, openAnchorFile } from '../connectors/audit/audit-anchor-file.node.ts';
import { openAuditTrail } from '../connectors/audit/open-audit-trail.node.ts';
import { assert } from '../core/assert.ts';
import { machineClock, machineRandom } from '../core/machine.node.ts';
import { watchFaults } from './workstation/watch-faults.node.ts';
import { openWorkstationStore, type StateFolder } from './workstation/open-workstation-store.node.ts';
import type { VaultAccess } from './workstation/state-keeper.node.ts';
import { KillLine } from './session/kill-line.ts';
import { watchRescaleRequests } from './session/rescale-request.node.ts';
import { programVersion } from './program-version.ts';
import { openLivePlace } from './session/live-place.ts';
import { WorkstationAudit, type OpenTrail } from './workstation/workstation-audit.node.ts';
import { QueryDesk } from './workstation/query-desk.node.ts';
import { Workstation } from './workstation/workstation.node.ts';

assert(parentPort !== null, 'The workstation engine runs in a worker thread of the main process.');
const port = parentPort;

const tellStorage = (storage: StorageStatus): void =>
  port.postMessage({ kind: 'storage', storage } satisfies EngineEvent);
const access = workerData as ((VaultAccess | StateFolder) & { readonly killLine?: SharedArrayBuffer }) | null;
const place = openWorkstationStore(access, {
  clock: machineClock,
  onStatus: tellStorage,
  onEvent: (event) => {
    const { kind } = event;
    audit.storeEvent(event);
    if (kind === 'nearly-full' || kind === 'room-again') workstation.setNearlyFull(kind === 'nearly-full');
  },
});

/** A machine that is known to stand still for longer, or a test that cannot wait so long, sets another time. */
const hangMs = Number(process.env['FLINKTRADE_HANG_MS'] ?? 0);
/** @throws StoreError, or the anchor file's error */
async function openTrail(): Promise<OpenTrail | null> {
  const store = (await place.dependencies.store) ?? null;
  if (store === null || place.folder === null) return null;
  const anchorPath = join(place.folder, AUDIT_ANCHOR);
  const trail = await openAuditTrail(store, anchorPath, (error) =>
    port.postMessage({
      kind: 'notice',
      tone: 'bad',
      text: `The audit trail could not be stored yet: ${(error as Error).message}`,
    } satisfies EngineEvent),
  );
  return { trail, store, anchor: openAnchorFile(anchorPath) };
}

const audit = new WorkstationAudit({
  opening: openTrail(),
  clock: machineClock,
  emit: (event) => port.postMessage(event),
});

const workstation = new Workstation({
  audit,
  clock: machineClock,
  random: machineRandom,
  emit: (event, transfer) => port.postMessage(event, [...(transfer ?? [])]),
  engine: `FlinkTrade engine ${programVersion()}, Node ${process.versions.node}`,
  makeToken: () => randomUUID(),
  ...(hangMs > 0 && { hangMs }),
  ...place.dependencies,
  killLine: new KillLine(access?.killLine),
  openLiveStore: async (anew) => {
    const store = (await place.dependencies.store) ?? null;
    if (store !== null) return openLivePlace(store, anew);
    const status = place.keeper?.status;
    const why = status?.kind === 'not-kept' ? status.message : 'there is no vault.';
    throw new StoreError(
      'failed',
      'the vault',
      `A live session needs a place for its journal, and there is none: ${why}`,
    );
  },
});
const desk = new QueryDesk({
  current: () => workstation.served,
  folder: place.folder,
  emit: (event) => port.postMessage(event),
});
workstation.start();
if (place.folder !== null) watchRescaleRequests(place.folder, (workers) => workstation.setWorkers(workers));
// For tests of what follows alone: a file in the state's folder names the thread that ends or hangs.
if (process.env['FLINKTRADE_FAULTS'] === '1' && place.folder !== null)
  watchFaults(place.folder, {
    killThread: (index) => workstation.disturb((session) => session.killThread(index)),
    hangThread: (index) => workstation.disturb((session) => session.hangThread(index)),
    killEngine: () => process.exit(70),
  });

// One command after the other: an `open` must be done before the `play` that follows it.
let last: Promise<void> = Promise.resolve();
port.on('message', (command: EngineCommand) => {
  if (QueryDesk.isFor(command)) return void desk.handle(command);
  // The switch must not wait behind a file that is slow to open, nor a window that wants to show something.
  if (Workstation.isUrgent(command)) void workstation.handle(command);
  else last = last.then(() => workstation.handle(command));
  if (command.kind === 'hello') desk.tellStatus();
  if (command.kind === 'hello' && place.keeper !== null) tellStorage(place.keeper.status);
});
