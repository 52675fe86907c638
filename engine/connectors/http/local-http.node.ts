import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a server of this machine answers. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Who may ask a server that is meant for this machine: not a page in a browser (only browsers send Origin), and nobody
 * under a name that merely resolves here (DNS rebinding).
 * @param hosts with which the server can be reached, without the port
 * @returns null: nothing is wrong
 */
export function refusalOf({ headers }: IncomingMessage, hosts: readonly string[], port: number): HttpAnswer | null {
  if (!hosts.map((host) => `${host}:${port}`).includes(headers.host ?? ''))
    return { status: 421, body: { problem: 'This server answers under its own address only.' } };
  if (headers.origin !== undefined)
    return { status: 403, body: { problem: 'This server does not talk to web pages.' } };
  return null;
}

/** @returns null: it is longer than `bytesMax`, or no JSON */
export async function readJson(request: IncomingMessage, bytesMax: number): Promise<unknown> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > bytesMax) return null;
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8')) as unknown;
  } catch {
    // Whoever asked is told so by the status.
    return null;
  }
}

export function answerJson(response: ServerResponse, { status, body }: HttpAnswer): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}
