import { machineClock, startMachineTimer } from '../../core/machine.node.ts';
import { sha256 } from '../../core/sha256.node.ts';
import type { DurableStore } from '../../contract/durable-store.ts';
import { newAuditId, openAnchorFile, osUser } from './audit-anchor-file.node.ts';
import { AuditTrail } from './audit-trail.ts';

/**
 * The trail of a store on this machine: its clock, its user, and an id of its own for this start of the program.
 * @param anchorPath the anchor's file, outside of the store: `join(stateFolder, AUDIT_ANCHOR)`
 * @param onFailure what could not be stored when nobody was waiting for it; it is tried again every second
 * @throws StoreError, or the anchor file's error
 */
export function openAuditTrail(
  store: DurableStore,
  anchorPath: string,
  onFailure: (error: unknown) => void,
): Promise<AuditTrail> {
  return AuditTrail.open(store, {
    run: newAuditId(),
    who: osUser(),
    anchor: openAnchorFile(anchorPath),
    clock: machineClock,
    sha256,
    newTrailId: newAuditId,
    startTimer: startMachineTimer,
    onFailure,
  });
}
