import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { openSession, type ChosenProfile, type OpenSession } from '../files/open-session.node.ts';
import { InputError } from '../sources/input-error.ts';
import { ROW_REASONS, type QuarantinedRow } from '../sources/row-ledger.ts';
import { TRAILER_BYTES, TRAILER_DIGEST_AT, type RecordingFooter, type RecordingHeader } from './recording-format.ts';
import { LiveSurvey, type LiveBooks } from './live-survey.ts';
import { RecordingInput } from './recording-input.ts';
import { forEachMerged } from './record-session.node.ts';
import { OdditySurvey, type SessionOddities } from './session-oddities.ts';

const QUARANTINED_SHOWN = 20;

export interface SessionInspection {
  readonly files: readonly string[];
  /** null: a journal, which is no file. */
  readonly bytes: number | null;
  readonly chosen: readonly ChosenProfile[];
  readonly rows: number;
  readonly ignored: number;
  readonly quarantined: number;
  readonly quarantinedByReason: Readonly<Record<string, number>>;
  readonly quarantinedRows: readonly QuarantinedRow[];
  readonly oddities: SessionOddities;
  /** Of live sessions; null: of others. */
  readonly live: LiveBooks | null;
  /** Of recordings: what they say about themselves; their whole content was compared with its hash. */
  readonly recordings: readonly {
    readonly name: string;
    readonly header: RecordingHeader;
    readonly footer: RecordingFooter;
  }[];
}

/**
 * Reads session files to their end, any format, and tells what is in them. Late and far-future quotes are counted as
 * `outOfOrder` and shown as gaps here; what becomes of them is decided when the session is played.
 * @throws InputError as a replay would
 */
export async function inspectSession(paths: readonly string[], profile: string | null): Promise<SessionInspection> {
  return inspectOpened(await openSession(paths, profile), paths);
}

/**
 * As `inspectSession`, of a session that is open; it is closed in the end.
 * @param paths its files; none: it is no file
 */
export async function inspectOpened(session: OpenSession, paths: readonly string[]): Promise<SessionInspection> {
  try {
    const survey = new OdditySurvey();
    const liveSurvey = new LiveSurvey();
    await forEachMerged(
      session.inputs,
      ({ batch }, index) => {
        survey.add(batch, index);
        liveSurvey.add(batch, index);
      },
      (control) => liveSurvey.addControl(control),
    );
    const recordings = session.inputs.filter((input) => input instanceof RecordingInput && input.footer !== null);
    if (recordings.length > 0) await verifyDigests(paths, session.chosen);
    const sum = (pick: (index: number) => number): number =>
      session.inputs.reduce((total, _, index) => total + pick(index), 0);
    const ledger = (index: number): (typeof session.inputs)[number]['ledger'] => session.inputs[index].ledger;
    const byReason: Record<string, number> = {};
    for (const reason of ROW_REASONS) {
      const count = sum((index) => ledger(index).quarantinedByReason()[reason] ?? 0);
      if (count > 0) byReason[reason] = count;
    }
    return {
      files: paths,
      bytes: paths.length === 0 ? null : await bytesOf(paths),
      chosen: session.chosen,
      rows: sum((index) => ledger(index).rowsRead),
      ignored: sum((index) => ledger(index).ignoredRows),
      quarantined: sum((index) => ledger(index).quarantinedRows),
      quarantinedByReason: byReason,
      quarantinedRows: session.inputs.flatMap((input) => input.ledger.kept).slice(0, QUARANTINED_SHOWN),
      oddities: survey.result((symbol) => session.symbols.name(symbol)),
      live: session.live === undefined ? null : liveSurvey.result(),
      recordings: (recordings as RecordingInput[]).map((input) => ({
        name: input.name,
        header: input.header,
        footer: input.footer as RecordingFooter,
      })),
    };
  } finally {
    await session.close();
  }
}

async function bytesOf(paths: readonly string[]): Promise<number> {
  const files = await Promise.all(paths.map((path) => stat(path)));
  return files.reduce((total, { size }) => total + size, 0);
}

/** The chain of checksums finds accidents; the hash over everything also finds what was made to pass them. */
async function verifyDigests(paths: readonly string[], chosen: readonly ChosenProfile[]): Promise<void> {
  for (const [index, path] of paths.entries()) {
    if (chosen.length !== paths.length || chosen[index]?.profile !== 'recording') continue;
    const { size } = await stat(path);
    const hash = createHash('sha256');
    for await (const piece of createReadStream(path, { end: size - TRAILER_BYTES - 1 })) hash.update(piece as Buffer);
    const trailer: Buffer[] = [];
    for await (const piece of createReadStream(path, { start: size - TRAILER_BYTES + TRAILER_DIGEST_AT }))
      trailer.push(piece as Buffer);
    if (!hash.digest().equals(Buffer.concat(trailer))) {
      throw new InputError(
        'unreadable',
        'recording-damaged',
        { input: path, byte: size - TRAILER_BYTES },
        `The recording ${path} is not what was written: its blocks hold together, but the hash in its trailer is of something else.`,
      );
    }
  }
}
