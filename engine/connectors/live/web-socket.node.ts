import { WebSocket, type RawData } from 'ws';
import type { ConnectFeed } from './feed-link.ts';

/** A quote has some hundred bytes, a batch of them some thousand; ws itself would take 100 MB. */
const MESSAGE_BYTES_MAX = 1_048_576;
const HANDSHAKE_MS_MAX = 10_000;
const CLOSED_TOO_LARGE = 1009;

/**
 * Connects to feeds over WebSocket. Certificates of wss:// are verified, with no way around; redirects are not followed;
 * nothing is compressed.
 * @param subscribe sent once the connection stands, for feeds that want to be asked; null: nothing
 */
export function webSocketFeed(url: string, subscribe: string | null): ConnectFeed {
  return (handlers) => {
    const socket = new WebSocket(url, {
      maxPayload: MESSAGE_BYTES_MAX,
      perMessageDeflate: false,
      followRedirects: false,
      handshakeTimeout: HANDSHAKE_MS_MAX,
    });
    let why = '';
    let oversized = false;
    socket.binaryType = 'nodebuffer';
    socket.on('open', () => {
      if (subscribe !== null) socket.send(subscribe);
      handlers.opened();
    });
    socket.on('message', (data: RawData) => handlers.message(data as Buffer));
    socket.on('ping', () => handlers.alive());
    socket.on('pong', () => handlers.alive());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      why = error.message;
      oversized = error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
    });
    socket.on('close', (code, reason) => {
      const told = reason.toString();
      const said = told === '' ? `closed with code ${code}` : `closed with code ${code}: ${told}`;
      handlers.closed(why === '' ? said : why, oversized || code === CLOSED_TOO_LARGE);
    });
    return {
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      ping: () => {
        if (socket.readyState === WebSocket.OPEN) socket.ping();
      },
      end: () => socket.terminate(),
    };
  };
}

/** The address without what could be secret in it: user, password and query. */
export function publicAddress(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
