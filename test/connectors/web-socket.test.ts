import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { publicAddress, webSocketFeed } from '../../engine/connectors/live/web-socket.node.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Heard {
  readonly messages: string[];
  opened: boolean;
  closed: { readonly why: string; readonly oversized: boolean } | null;
}

function listen(
  url: string,
  subscribe: string | null = null,
): { readonly heard: Heard; readonly done: Promise<Heard> } {
  const heard: Heard = { messages: [], opened: false, closed: null };
  const done = new Promise<Heard>((resolve) => {
    const connection = webSocketFeed(
      url,
      subscribe,
    )({
      opened: () => {
        heard.opened = true;
      },
      message: (bytes) => heard.messages.push(new TextDecoder().decode(bytes)),
      alive: () => undefined,
      closed: (why, oversized) => {
        heard.closed = { why, oversized };
        resolve(heard);
      },
    });
    onTestFinished(() => connection.end());
  });
  return { heard, done };
}

async function serve(
  onMessage: (send: (text: string) => void, close: () => void, message: string) => void,
): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => {
    server.close();
  });
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) =>
      onMessage(
        (text) => socket.send(text),
        () => socket.close(1000, 'enough'),
        data.toString(),
      ),
    );
  });
  await once(server, 'listening');
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('a connection to a feed', () => {
  test('subscribes, hears what is said, and is told why it ends', async () => {
    const url = await serve((send, close, message) => {
      send(`you said ${message}`);
      close();
    });
    const heard = await listen(url, '{"method":"SUBSCRIBE"}').done;

    expect(heard).toEqual({
      messages: ['you said {"method":"SUBSCRIBE"}'],
      opened: true,
      closed: { why: 'closed with code 1000: enough', oversized: false },
    });
  });

  test('ends at a message of more than a megabyte, and says that it was that', async () => {
    const url = await serve((send) => send('x'.repeat(1_048_577)));
    const heard = await listen(url, 'go').done;

    expect(heard.closed).toMatchObject({ oversized: true });
    expect(heard.messages).toEqual([]);
  });

  test('to nobody is an end, not a crash', async () => {
    const heard = await listen('ws://127.0.0.1:1/').done;

    expect(heard.opened).toBe(false);
    expect(heard.closed?.why).toContain('ECONNREFUSED');
  });

  test('whose certificate nobody vouches for is refused', async ({ skip }) => {
    const folder = temporaryFolder('certificate');
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    try {
      execFileSync(
        'openssl',
        [
          'req',
          '-x509',
          '-newkey',
          'rsa:2048',
          '-nodes',
          '-days',
          '2',
          '-subj',
          '/CN=localhost',
          '-keyout',
          key,
          '-out',
          cert,
        ],
        { stdio: 'ignore' },
      );
    } catch {
      skip('there is no openssl to make a certificate with');
    }
    const web = createServer({ key: readFileSync(key), cert: readFileSync(cert) });
    const sockets = new WebSocketServer({ server: web });
    onTestFinished(() => {
      sockets.close();
      web.close();
    });
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    const heard = await listen(`wss://127.0.0.1:${(web.address() as AddressInfo).port}/`).done;

    expect(heard.opened).toBe(false);
    expect(heard.closed?.why).toMatch(/self-signed certificate/);
  });
});

test('what is secret in an address is not shown', () => {
  expect(publicAddress('wss://me:secret@host:9443/stream/x?key=hidden#')).toBe('wss://host:9443/stream/x');
});
