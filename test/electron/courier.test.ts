import { EventEmitter } from 'node:events';
import type { MessagePortMain } from 'electron';
import { describe, expect, test, vi } from 'vitest';
import { Courier } from '../../electron/main/courier.ts';
import type { PortEvent } from '../../electron/contract/channels.ts';
import type { EngineEvent } from '../../engine/contract/window.ts';

class FakePort extends EventEmitter {
  readonly posted: PortEvent[] = [];
  start = vi.fn();
  close = vi.fn();
  postMessage(event: PortEvent): void {
    this.posted.push(event);
  }
  receive(data: unknown): void {
    this.emit('message', { data });
  }
}

const rows: EngineEvent = { kind: 'rows', epoch: 1, frame: new ArrayBuffer(1024 * 1024) };

function setUp() {
  const port = new FakePort();
  const log = vi.fn();
  const onHeartbeat = vi.fn();
  const courier = new Courier({
    // The part of the port that a courier uses.
    port: port as object as MessagePortMain,
    monotonicMs: () => 77,
    onHeartbeat,
    log,
  });
  const engineEvents = () => port.posted.filter((event) => event.kind === 'engine');
  return { port, courier, log, onHeartbeat, engineEvents };
}

describe('a courier', () => {
  test('numbers what it carries', () => {
    const { courier, engineEvents } = setUp();

    courier.carry(rows);
    courier.carry(rows);

    expect(engineEvents().map((event) => event.number)).toEqual([1, 2]);
  });

  test('stops piling up frames for a window that does not answer, counts them, and tells it to start over', () => {
    const { port, courier, engineEvents } = setUp();
    for (let index = 0; index < 1000; index += 1) courier.carry(rows);
    const carried = engineEvents().length;
    expect(carried).toBeLessThan(1000);

    port.receive({ kind: 'ack', number: carried });

    expect(port.posted.at(-1)).toEqual({ kind: 'resync', leftOutFrames: 1000 - carried });
    courier.carry(rows);
    expect(engineEvents()).toHaveLength(carried + 1);
  });

  test('a window that keeps up is never left out, however much it gets', () => {
    const { port, courier, engineEvents } = setUp();
    for (let number = 1; number <= 6000; number += 1) {
      courier.carry(rows);
      if (number % 10 === 0) port.receive({ kind: 'ack', number });
    }

    expect(engineEvents()).toHaveLength(6000);
    expect(port.posted.filter((event) => event.kind === 'resync')).toEqual([]);
  });

  test('answers a ping with the clock of the frames', () => {
    const { port, onHeartbeat } = setUp();

    port.receive({ kind: 'ping', askedAtMs: 5 });

    expect(port.posted).toEqual([{ kind: 'pong', askedAtMs: 5, mainMs: 77 }]);
    expect(onHeartbeat).toHaveBeenCalledTimes(1);
  });

  test('refuses other messages, and an acknowledgement of what was never sent does no harm', () => {
    const { port, log, courier, engineEvents } = setUp();

    port.receive({ kind: 'halt' });
    port.receive({ kind: 'ack', number: 1e9 });
    courier.carry(rows);

    expect(log).toHaveBeenCalledTimes(1);
    expect(engineEvents()).toHaveLength(1);
  });

  test('is silent once its window is gone', () => {
    const { port, courier } = setUp();

    courier.dispose();
    courier.dispose();
    courier.carry(rows);

    expect(port.posted).toEqual([]);
    expect(port.close).toHaveBeenCalledTimes(1);
  });
});
