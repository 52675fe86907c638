import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { writeDurably } from '../storage/durable-file.node.ts';
import type { AnchorFile } from './audit-anchor.ts';

/** The anchor's name in a state folder: beside the copies of the store, in none of them. */
export const AUDIT_ANCHOR = 'audit-anchor';

/** An anchor in a file of its own, replaced as a whole. */
export function openAnchorFile(path: string): AnchorFile {
  return {
    where: path,
    async read() {
      try {
        return await readFile(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
    write: (text) => writeDurably(path, Buffer.from(text), `${path}.${randomBytes(4).toString('hex')}.part`),
  };
}

/** Who the operating system says is at work; a number where it knows no name. */
export function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user that has no name.
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Names a trail, or a run of the program, and no other. */
export function newAuditId(): string {
  return randomBytes(8).toString('hex');
}
