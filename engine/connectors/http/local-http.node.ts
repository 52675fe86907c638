import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a server of this machine answers. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What is wrong with a request before anybody looks at what it asks. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** This machine, and nobody else. */
export const LOCAL_HOST = '127.0.0.1';

/**
 * Who may not ask a server that is meant for this machine: a page in a browser (only browsers send Origin), and anybody
 * under a name that merely resolves here (DNS rebinding).
 * @returns null: nothing is wrong
 */
export function strangerRefusal({ headers }: IncomingMessage, port: number): Refusal | null {
  const hosts = [LOCAL_HOST, 'localhost'].map((host) => `${host}:${port}`);
  if (!hosts.includes(headers.host ?? ''))
    return { status: 421, code: 'wrong-host', message: `This server is ${hosts.join(' or ')}.` };
  if (headers.origin !== undefined)
    return { status: 403, code: 'wrong-origin', message: 'Pages may not ask; programs send no Origin.' };
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
  answerText(response, status, 'application/json; charset=utf-8', JSON.stringify(body));
}

/** @param type of the text, with its character set where that is not given by the type */
export function answerText(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}
