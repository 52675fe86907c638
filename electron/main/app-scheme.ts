import { readFile, realpath } from 'node:fs/promises';
import { extname, resolve, sep } from 'node:path';
import { protocol, type Session } from 'electron';
import { HOST, SCHEME } from '../contract/channels.ts';

/**
 * The page is served from app://workstation/, never from file://. The scheme is standard and secure, so that IndexedDB,
 * workers and the content policy work as on a web site of its own.
 */
const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** Must be called before the app is ready. */
export function declareScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

/** Serves the files below `root`, and nothing else, to the pages of `session`, as app://`host`/. */
export function servePages(session: Session, root: string, host: string = HOST): void {
  session.protocol.handle(SCHEME, async (request) => {
    const file = await locateAsset(root, request.method, request.url, host);
    if (file === null) return answer(null, 404, 'text/plain; charset=utf-8');
    return answer(await readFile(file), 200, MEDIA_TYPES[extname(file)] ?? 'application/octet-stream');
  });
}

function answer(body: Buffer | null, status: number, mediaType: string): Response {
  return new Response(body === null ? 'Not found.' : new Uint8Array(body), {
    status,
    headers: {
      'content-type': mediaType,
      'content-security-policy': CONTENT_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-cache',
    },
  });
}

/**
 * The file that a URL names, or null when it names none that may be served. Decodes exactly once: the URL parser leaves
 * `..%2f` in place, so the decoded path is resolved and held against the root, and so is the target of every link.
 */
export async function locateAsset(
  root: string,
  method: string,
  url: string,
  host: string = HOST,
): Promise<string | null> {
  if (method !== 'GET' && method !== 'HEAD') return null;
  const parsed = new URL(url);
  if (parsed.protocol !== `${SCHEME}:` || parsed.host !== host) return null;
  const decoded = decodeOnce(parsed.pathname);
  if (decoded === null || decoded.includes('\0') || decoded.includes('\\')) return null;
  const wanted = resolve(root, `.${decoded}`);
  if (!isBelow(root, wanted) || MEDIA_TYPES[extname(wanted)] === undefined) return null;
  try {
    const real = await realpath(wanted);
    return isBelow(await realpath(root), real) && MEDIA_TYPES[extname(real)] !== undefined ? real : null;
  } catch {
    // No such file: the same answer as for one that may not be seen.
    return null;
  }
}

function isBelow(root: string, path: string): boolean {
  return path.startsWith(resolve(root) + sep);
}

function decodeOnce(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    // A malformed escape names no file.
    return null;
  }
}
