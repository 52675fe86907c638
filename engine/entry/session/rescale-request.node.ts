import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repeatEvery, waitMs } from '../../core/machine.node.ts';
import type { WorkersOutcome } from './session-scaling.node.ts';

/** In the folder where a running session keeps its state. One at a time; it is gone once it was taken. */
const REQUEST_FILE = 'rescale-request';
const ANSWER_FILE = 'rescale-answer';
const LOOK_EVERY_MS = 100;

interface RescaleRequest {
  readonly id: string;
  readonly workers: number;
}

interface RescaleAnswer {
  readonly id: string;
  readonly outcome: WorkersOutcome;
}

/** Takes requests for another number of workers from a folder, and leaves answers there. @returns what stops it */
export function watchRescaleRequests(folder: string, act: (workers: number) => Promise<WorkersOutcome>): () => void {
  const path = join(folder, REQUEST_FILE);
  return repeatEvery(LOOK_EVERY_MS, () => {
    if (!existsSync(path)) return;
    const request = readJson<RescaleRequest>(path);
    rmSync(path, { force: true });
    if (request === null) return;
    void act(request.workers).then((outcome) =>
      writeJson(join(folder, ANSWER_FILE), { id: request.id, outcome } satisfies RescaleAnswer),
    );
  });
}

/**
 * Asks the session whose state is in `folder` for another number of workers.
 * @param id a word that nobody else uses
 * @returns null: nobody answered in time; the request is taken back
 * @throws the file system's error
 */
export async function requestRescale(
  folder: string,
  { id, workers }: RescaleRequest,
  waitMsMax: number,
): Promise<WorkersOutcome | null> {
  const path = join(folder, REQUEST_FILE);
  const answerPath = join(folder, ANSWER_FILE);
  writeJson(path, { id, workers } satisfies RescaleRequest);
  for (let waitedMs = 0; waitedMs < waitMsMax; waitedMs += LOOK_EVERY_MS) {
    const answer = existsSync(answerPath) ? readJson<RescaleAnswer>(answerPath) : null;
    if (answer?.id === id) {
      rmSync(answerPath, { force: true });
      return answer.outcome;
    }
    await waitMs(LOOK_EVERY_MS);
  }
  rmSync(path, { force: true });
  return null;
}

/** @returns null for what is no JSON: somebody else's file, or one that was cut off */
function readJson<T>(path: string): T | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Whole or not at all: whoever reads it may look at any moment. */
function writeJson(path: string, value: unknown): void {
  writeFileSync(`${path}.part`, JSON.stringify(value), { mode: 0o600 });
  renameSync(`${path}.part`, path);
}
