import { describe, expect, it } from 'vitest';
import { SessionPace } from '../../engine/entry/workstation/session-pace.ts';

function pace(startPaused: boolean): { pace: SessionPace; sent: string[]; kept: unknown[] } {
  const sent: string[] = [];
  const kept: unknown[] = [];
  return {
    pace: new SessionPace({
      startPaused,
      send: ({ kind }) => sent.push(kind),
      keep: (desk) => kept.push(desk),
    }),
    sent,
    kept,
  };
}

describe('A session that is held for want of room', () => {
  it('goes on by itself when it was playing, and stays paused when it was not', () => {
    const playing = pace(false);
    playing.pace.setHeld(true);
    playing.pace.setHeld(false);
    expect(playing.sent).toEqual(['pause', 'resume']);

    const paused = pace(true);
    paused.pace.setHeld(true);
    paused.pace.setHeld(false);
    expect(paused.sent).toEqual([]);
  });

  it('takes a wish to play or pause, keeps it, and follows it once there is room', () => {
    const { pace: session, sent, kept } = pace(false);
    session.setHeld(true);

    expect(session.setPaused(true)).toBe(true);
    expect(session.setPaused(true)).toBe(false);
    session.setHeld(false);

    expect(session.status).toBe('paused');
    expect(sent).toEqual(['pause']);
    expect(kept).toEqual([{ paused: true }]);
  });
});
