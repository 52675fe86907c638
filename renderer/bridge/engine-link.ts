import type { AppInfo, MenuAction, PortEvent, PortMessage, WindowPlace } from '../../electron/contract/channels.ts';
import type * as channels from '../../electron/contract/channels.ts';
import type { FlinkTradeApi } from '../../electron/contract/preload-api.ts';
import type { EngineCommand, EngineEvent } from '../../engine/contract/window.ts';
import type * as contract from '../../engine/contract/window.ts';
import { EngineClock } from './engine-clock.ts';

/**
 * The page's end of the wire: takes the port over from the preload, acknowledges every event so that main knows it is
 * alive, and says hello so that the engine sends the whole true state, after a reload as after a start.
 */
const HANDOVER: typeof channels.PORT_HANDOVER = 'flinktrade-port-handover';
const CONTRACT_VERSION: typeof contract.CONTRACT_VERSION = 1;
const PING_EVERY_MS = 1000;

export interface LinkListeners {
  readonly onEngine: (event: EngineEvent) => void;
  readonly onMenu: (action: MenuAction) => void;
  readonly onPlace: (place: WindowPlace) => void;
  readonly onLaunchWaiting: () => void;
  readonly onLeftOut: (frames: number) => void;
  readonly onRefused: (reason: string) => void;
}

export class EngineLink {
  readonly clock = new EngineClock();
  readonly #api: FlinkTradeApi;
  readonly #listeners: LinkListeners;
  #port: MessagePort | null = null;

  constructor(api: FlinkTradeApi, listeners: LinkListeners) {
    this.#api = api;
    this.#listeners = listeners;
  }

  async connect(): Promise<AppInfo> {
    const handover = receivePort();
    const info = await this.#api.connect();
    const port = await handover;
    this.#port = port;
    port.onmessage = (message: MessageEvent<PortEvent>) => this.#receive(message.data);
    const ping = (): void => this.#post({ kind: 'ping', askedAtMs: performance.now() });
    ping();
    setInterval(ping, PING_EVERY_MS);
    this.send({ kind: 'hello', contractVersion: CONTRACT_VERSION });
    return info;
  }

  /** Sends a command; a refusal is told to the person, since nothing else would say why nothing happened. */
  send(command: EngineCommand): void {
    this.#api.command(command).then(
      (answer) => {
        if (answer.kind === 'refused') this.#listeners.onRefused(answer.reason);
      },
      (error: unknown) => this.#listeners.onRefused(error instanceof Error ? error.message : String(error)),
    );
  }

  #receive(event: PortEvent): void {
    switch (event.kind) {
      case 'engine':
        try {
          this.#listeners.onEngine(event.event);
        } finally {
          this.#post({ kind: 'ack', number: event.number });
        }
        return;
      case 'pong':
        this.clock.answered(event.askedAtMs, event.mainMs, performance.now());
        return;
      case 'resync':
        this.#listeners.onLeftOut(event.leftOutFrames);
        this.send({ kind: 'hello', contractVersion: CONTRACT_VERSION });
        return;
      case 'menu':
        this.#listeners.onMenu(event.action);
        return;
      case 'place':
        this.#listeners.onPlace(event.place);
        return;
      case 'launch-waiting':
        this.#listeners.onLaunchWaiting();
        return;
      default:
        event satisfies never;
    }
  }

  #post(message: PortMessage): void {
    this.#port?.postMessage(message);
  }
}

/** The port comes as a message of this window to itself; anything else that calls itself so is ignored. */
function receivePort(): Promise<MessagePort> {
  return new Promise((received) => {
    const listen = (event: MessageEvent): void => {
      const [port] = event.ports;
      if (event.source !== window || event.origin !== window.location.origin) return;
      if (event.data !== HANDOVER || port === undefined) return;
      window.removeEventListener('message', listen);
      received(port);
    };
    window.addEventListener('message', listen);
  });
}
