import { describe, expect, test, vi } from 'vitest';
import type { EngineEvent, Progress } from '../../engine/contract/window.ts';
import { EventRouter } from '../../renderer/bridge/event-router.ts';
import { FrameLoop } from '../../renderer/drawing/frame-loop.ts';
import { BarStore } from '../../renderer/stores/bar-store.ts';
import { ChartStore } from '../../renderer/stores/chart-store.ts';
import { RowStore, STATUS_OPEN } from '../../renderer/stores/row-store.ts';
import { makeRulesStore } from '../../renderer/stores/rules-store.ts';
import { makeSessionStore } from '../../renderer/stores/session-store.ts';
import { OrderStore } from '../../renderer/stores/order-store.ts';
import { TradeStore } from '../../renderer/stores/trade-store.ts';
import { makeFrame } from './frame-maker.ts';

function setUp() {
  const stores = {
    rows: new RowStore(),
    trades: new TradeStore(),
    orders: new OrderStore(),
    chart: new ChartStore(),
    bars: new BarStore(),
    session: makeSessionStore(),
    rules: makeRulesStore(),
    frameLoop: new FrameLoop({ nowMs: () => 0, request: () => 1, cancel: () => undefined }),
  };
  const onSessionStarted = vi.fn();
  const onProblem = vi.fn();
  const onNotice = vi.fn();
  const router = new EventRouter({ ...stores, wallMs: () => 0, onProblem, onNotice, onSessionStarted });
  const route = (...events: readonly EngineEvent[]): void => events.forEach((event) => router.route(event));
  return { ...stores, route, onProblem, onSessionStarted };
}

const session = {
  inputs: ['a.csv'],
  mode: 'replay',
  positionsPath: null,
  profile: null,
  speed: { kind: 'max' },
} as const;
const opening = { kind: 'status', status: { kind: 'opening' }, session } as const;
const playing = { kind: 'status', status: { kind: 'playing' }, session } as const;
const rows = (epoch: number, symbol: number): EngineEvent => ({
  kind: 'rows',
  epoch,
  frame: makeFrame([{ symbol, status: STATUS_OPEN }]),
});

describe('the event router', () => {
  test('a frame of a session that is over is dropped', () => {
    const { route, rows: store } = setUp();

    route(opening, rows(2, 7), rows(1, 8));

    expect(store.symbols).toEqual([7]);
  });

  test('a new session starts with nothing of the old one', () => {
    const { route, rows: store, trades } = setUp();
    route(opening, { kind: 'symbols', first: 0, names: ['OLD'] }, playing, rows(1, 0));
    route({ kind: 'trades', epoch: 1, first: 0, trades: [] });

    route(opening, { kind: 'symbols', first: 0, names: ['NEW'] });

    expect(store.symbols).toEqual([]);
    expect(store.name(0)).toBe('NEW');
    expect(trades.total).toBe(0);
  });

  test('asks for the chart again once a session runs, a resumed one does not count', () => {
    const { route, onSessionStarted } = setUp();

    route(opening, playing, { kind: 'status', status: { kind: 'paused' }, session }, playing);

    expect(onSessionStarted).toHaveBeenCalledTimes(1);
  });

  test('the same failure told twice is one problem', () => {
    const { route, session: store } = setUp();
    const problem = { code: 'input-unreadable', message: 'gone', where: 'a.csv' };
    const failed = { kind: 'status', status: { kind: 'failed', problem }, session: null } as const;

    route(failed, failed);

    expect(store.getState().problems).toHaveLength(1);
  });

  test('a problem that is not about the rules being applied is said to the person', () => {
    const { route, rules, onProblem } = setUp();
    const problem = { code: 'positions-invalid', message: 'line 2', where: 'p.csv' };
    rules.sent(7);

    route({ kind: 'problem', requestId: 7, problem });
    expect(onProblem).not.toHaveBeenCalled();

    route({ kind: 'problem', requestId: 8, problem });
    expect(onProblem).toHaveBeenCalledWith(problem);
  });

  test('rows set aside are kept once, wherever they are told again', () => {
    const { route, session: store } = setUp();
    const row = { input: 'a.csv', line: 3, reason: 'bid', text: 'x' };

    route({ kind: 'quarantined', epoch: 1, rows: [row] }, { kind: 'quarantined', epoch: 1, rows: [row] });

    expect(store.getState().quarantined).toEqual([row]);
  });

  test('a token to re-arm is forgotten once trading is armed again', () => {
    const { route, session: store } = setUp();
    const progress = (halted: boolean): EngineEvent => ({
      kind: 'progress',
      epoch: 1,
      progress: { halted } as Progress,
    });

    route(progress(true), { kind: 'rearm-token', token: 't' }, progress(true));
    expect(store.getState().rearmToken).toBe('t');

    route(progress(false));
    expect(store.getState().rearmToken).toBeNull();
  });
});
