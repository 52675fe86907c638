import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TOKEN_BYTES = 32;
const TOKEN_TEXT = /^[A-Za-z0-9_-]{43}$/;
const OWNER_ONLY = 0o600;
const FOLDER_OWNER_ONLY = 0o700;

/**
 * The word that opens the query server: 256 bits in a file that only its owner reads, the same until the file is removed.
 * @throws the system's error; also for a file that others may read, whose word is known to who knows whom
 */
export function openTokenFile(folder: string): { readonly path: string; readonly token: string } {
  const path = join(folder, 'query-token');
  mkdirSync(folder, { recursive: true, mode: FOLDER_OWNER_ONLY });
  try {
    writeFileSync(path, randomBytes(TOKEN_BYTES).toString('base64url'), { mode: OWNER_ONLY, flag: 'wx' });
    chmodSync(path, OWNER_ONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return { path, token: readToken(path) };
}

/** @throws Error that says what is wrong with the file */
export function readToken(path: string): string {
  const mode = statSync(path).mode & 0o777;
  // Windows keeps no such bits; the folder is the user's own there.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new Error(
      `${path} may be read by others (mode ${mode.toString(8)}): the token is not secret. Remove the file; a new one is made.`,
    );
  const token = readFileSync(path, 'utf8').trim();
  if (!TOKEN_TEXT.test(token)) throw new Error(`${path} holds no token. Remove the file; a new one is made.`);
  return token;
}

/** Knows a token by its hash, and takes as long over a wrong one as over the right one. */
export class TokenCheck {
  readonly #hash: Buffer;

  constructor(token: string) {
    this.#hash = hashOf(token);
  }

  /** @param header of `Authorization` */
  accepts(header: string | undefined): boolean {
    const sent = /^Bearer ([A-Za-z0-9_-]{1,128})$/.exec(header ?? '')?.[1] ?? '';
    return timingSafeEqual(hashOf(sent), this.#hash);
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
