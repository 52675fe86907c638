import type { LiveState } from './live-state.node.ts';
import type { RecoveredLive } from './live-session.node.ts';

/** What a live session went on from, in one sentence. */
export function recoveredText({ restored, quotes: held }: LiveState, { quotes, records }: RecoveredLive): string {
  const read = `${records} record${records === 1 ? '' : 's'}`;
  if (restored === null) return `Recovered ${quotes} quotes from the journal, from its beginning (${read} read).`;
  const taken = new Date(restored.createdAtMs).toISOString();
  return `Recovered ${quotes} quotes: ${held} from checkpoint ${restored.id}, taken ${taken}, and ${quotes - held} from the journal behind it (${read} read).`;
}
