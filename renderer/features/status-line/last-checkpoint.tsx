import { useEffect, useState } from 'react';
import type { CheckpointRecord } from '../../../engine/contract/checkpoint-record.ts';
import { ageText } from '../../format/time-text.ts';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

const AGE_EVERY_MS = 1000;

/** The last complete checkpoint: what a crash now would go back to. A click shows all of them. */
export function LastCheckpoint() {
  const { session, layout } = useWorkstation();
  const state = useStore(session, (one) => one.state);
  const nowMs = useNow();
  if (state === null) return null;
  const last = state.history.findLast(({ status }) => status === 'completed');
  const failures = failuresSince(state.history, last);
  return (
    <button
      type="button"
      className={state.notKept !== null || failures > 0 ? 'tone-warning' : ''}
      title="The last complete checkpoint: a crash now would go on from there; click for more"
      data-testid="last-checkpoint"
      data-checkpoint={last?.id ?? ''}
      onClick={() => layout.show('state')}
    >
      {words(state.notKept, last, nowMs)}
      {failures > 0 ? `, ${failures} failed since` : ''}
    </button>
  );
}

function words(notKept: string | null, last: CheckpointRecord | undefined, nowMs: number): string {
  if (notKept !== null) return 'no checkpoints';
  if (last === undefined) return 'checkpoint \u2026';
  return `checkpoint ${last.id}, ${ageText(nowMs - last.triggeredAtMs)}`;
}

export function failuresSince(history: readonly CheckpointRecord[], last: CheckpointRecord | undefined): number {
  return history.filter(({ id, status }) => status === 'failed' && id > (last?.id ?? 0)).length;
}

function useNow(): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), AGE_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return nowMs;
}
