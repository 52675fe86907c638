import { createHash } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import type { SessionParameters } from './session-parameters.ts';

/** What a stored session was started with: whoever goes on from it must bring the same. By name, a text to compare. */
export type SessionIdentity = Readonly<Record<string, string>>;

/** Of each end of an input: enough to tell two files apart without reading gigabytes. */
const SAMPLE_BYTES = 65_536;

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @throws the file system's error for an input or profile that cannot be read, a sentence for one that is no file */
export async function identityOf(parameters: SessionParameters): Promise<SessionIdentity> {
  const { inputs, positions, rules, outOfOrdernessMs, maxFutureMs } = parameters;
  const identity: Record<string, string> = {
    'the positions': sha256Of(JSON.stringify(positions)),
    'the rules': sha256Of(JSON.stringify(rules)),
    '--out-of-orderness-ms': String(outOfOrdernessMs),
    '--max-future-ms': String(maxFutureMs),
  };
  if (inputs.kind !== 'files') return { ...identity, 'the inputs': JSON.stringify(inputs) };
  for (const [index, path] of inputs.paths.entries()) identity[`input ${index + 1}`] = await identityOfFile(path);
  identity['the number of inputs'] = String(inputs.paths.length);
  identity['the profile'] = await identityOfProfile(inputs.profile);
  return identity;
}

/** Names of what is not as it was. */
export function differences(before: SessionIdentity, now: SessionIdentity): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].filter((name) => before[name] !== now[name]);
}

async function identityOfFile(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new Error(`${path} is no ordinary file: it cannot be read again after an interruption.`);
    const head = Buffer.alloc(Math.min(SAMPLE_BYTES, found.size));
    const tail = Buffer.alloc(Math.min(SAMPLE_BYTES, found.size));
    await file.read(head, 0, head.length, 0);
    await file.read(tail, 0, tail.length, found.size - tail.length);
    return `${found.size} bytes, ${sha256Of(Buffer.concat([head, tail]))}`;
  } finally {
    await file.close();
  }
}

/** A ready profile is known by its name, a profile file by what is in it. */
async function identityOfProfile(profile: string | null): Promise<string> {
  if (profile === null) return 'as found';
  try {
    if ((await stat(profile)).isFile()) return sha256Of(await readFile(profile));
  } catch {
    // No file of that name: a ready profile.
  }
  return profile;
}
