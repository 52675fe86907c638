import type { MessagePortMain } from 'electron';
import type { EngineEvent } from '../../engine/contract/window.ts';
import type { PortEvent } from '../contract/channels.ts';
import { portMessageSchema } from '../contract/request-schema.ts';

/**
 * Carries the engine's events to one window, over one port. Frames are copied, not transferred: a transferred
 * ArrayBuffer arrives empty over a MessagePortMain.
 *
 * The bound: a window acknowledges each event; when too much is not acknowledged (a hung or stopped page), events are
 * left out and counted, so that memory does not grow. Once the window has caught up it is told to say hello again, and
 * the engine sends the whole true state. Nothing is lost but the moments between.
 */
/** About four seconds of frames in which 5,000 rows change; a page that is merely busy catches up within them. */
const BEHIND_BYTES_MAX = 64 * 1024 * 1024;
/** About twenty seconds of everything, where frames are small. */
const BEHIND_EVENTS_MAX = 4000;
const CAUGHT_UP = 8;

export interface CourierDependencies {
  readonly port: MessagePortMain;
  readonly monotonicMs: () => number;
  readonly onHeartbeat: () => void;
  readonly log: (line: string) => void;
}

export class Courier {
  readonly #dependencies: CourierDependencies;
  #sent = 0;
  #acknowledged = 0;
  #leftOutFrames = 0;
  /** Frames on their way, oldest first, and their bytes together. */
  #underway: { readonly number: number; readonly bytes: number }[] = [];
  #underwayBytes = 0;
  #isBehind = false;
  #closed = false;

  constructor(dependencies: CourierDependencies) {
    this.#dependencies = dependencies;
    const { port } = dependencies;
    port.on('message', (message) => this.#receive(message.data));
    port.on('close', () => {
      this.#closed = true;
    });
    port.start();
  }

  carry(event: EngineEvent): void {
    if (this.#closed) return;
    if (this.#isBehind) {
      if (event.kind === 'rows') this.#leftOutFrames += 1;
      return;
    }
    this.#sent += 1;
    this.#post({ kind: 'engine', number: this.#sent, event });
    if (event.kind === 'rows') {
      this.#underway.push({ number: this.#sent, bytes: event.frame.byteLength });
      this.#underwayBytes += event.frame.byteLength;
    }
    this.#isBehind = this.#underwayBytes >= BEHIND_BYTES_MAX || this.#sent - this.#acknowledged >= BEHIND_EVENTS_MAX;
  }

  tell(event: Exclude<PortEvent, { kind: 'engine' }>): void {
    if (!this.#closed) this.#post(event);
  }

  dispose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#dependencies.port.close();
  }

  #receive(data: unknown): void {
    const checked = portMessageSchema.safeParse(data);
    if (!checked.success) {
      this.#dependencies.log('Refused a message on a window port: it is neither an acknowledgement nor a ping.');
      return;
    }
    const message = checked.data;
    if (message.kind === 'ping') {
      this.#dependencies.onHeartbeat();
      this.tell({ kind: 'pong', askedAtMs: message.askedAtMs, mainMs: this.#dependencies.monotonicMs() });
      return;
    }
    this.#acknowledged = Math.min(this.#sent, Math.max(this.#acknowledged, message.number));
    while (this.#underway.length > 0 && (this.#underway[0]?.number ?? Infinity) <= this.#acknowledged) {
      this.#underwayBytes -= this.#underway.shift()?.bytes ?? 0;
    }
    if (this.#isBehind && this.#sent - this.#acknowledged <= CAUGHT_UP) {
      this.#isBehind = false;
      this.tell({ kind: 'resync', leftOutFrames: this.#leftOutFrames });
      this.#leftOutFrames = 0;
    }
  }

  #post(event: PortEvent): void {
    this.#dependencies.port.postMessage(event);
  }
}
