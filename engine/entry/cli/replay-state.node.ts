import { StoreError } from '../../contract/durable-store.ts';
import type { CheckpointSettings } from '../session/checkpoint-settings.ts';
import { identityOf, type SessionIdentity } from '../session/session-identity.node.ts';
import type { SessionParameters } from '../session/session-parameters.ts';
import { openStateStore } from '../session/state-store.node.ts';
import { SessionMismatchError, SessionState } from '../session/session-state.node.ts';
import { CliError, EXIT_INPUT, EXIT_USAGE } from './messages.ts';
import { tell } from './tell.node.ts';

/** Nobody needs to hear of them. */
const QUIET_EVENTS: ReadonlySet<string> = new Set(['fresh-start', 'opened']);

/** Opens `--state DIR` and says what was found there. @throws CliError */
export async function openReplayState(
  folder: string,
  parameters: SessionParameters,
  settings: CheckpointSettings,
  workers: number,
): Promise<SessionState> {
  const identity = await readIdentity(parameters);
  const state = await openState(folder, identity, settings.retained);
  await state.openTrail(folder, (error) =>
    tell(`The audit trail could not be stored yet: ${(error as Error).message}`),
  );
  for (const { id, problem } of state.refused) tell(`Checkpoint ${id} in ${folder} cannot be used: ${problem}`);
  const { restored } = state;
  if (restored !== null) {
    const taken = new Date(restored.createdAtMs).toISOString();
    tell(`Going on from checkpoint ${restored.id} in ${folder}, taken ${taken}. Remove the folder to start over.`);
  }
  await state.auditStart(parameters, workers);
  return state;
}

async function readIdentity(parameters: SessionParameters): Promise<SessionIdentity> {
  try {
    return await identityOf(parameters);
  } catch (error) {
    const { message } = error as Error;
    throw new CliError(EXIT_INPUT, `With --state an input must be a file that can be read again: ${message}`);
  }
}

async function openState(folder: string, identity: SessionIdentity, retained: number): Promise<SessionState> {
  try {
    const store = await openStateStore(folder, ({ kind, message }) => {
      if (!QUIET_EVENTS.has(kind)) tell(message);
    });
    return await SessionState.open(store, folder, identity, retained);
  } catch (error) {
    if (error instanceof SessionMismatchError) {
      throw new CliError(
        EXIT_USAGE,
        `${folder} holds another session; it differs in: ${error.which.join(', ')}. Bring what it was started with, or name another folder.`,
      );
    }
    if (!(error instanceof StoreError)) throw error;
    const isUnreadable = error.kind === 'lost' || error.kind === 'damaged';
    throw new CliError(isUnreadable ? EXIT_INPUT : EXIT_USAGE, `--state ${folder} cannot be used: ${error.message}`);
  }
}
