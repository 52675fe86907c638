import { createHash, type Hash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { markUnfinished } from '../../core/unfinished-files.node.ts';
import { fastCrc32 } from '../files/fast-crc32.node.ts';
import { openSession, type ChosenProfile, type OpenSession } from '../files/open-session.node.ts';
import { InputError } from '../sources/input-error.ts';
import type { QuoteInput } from '../sources/quote-input.ts';
import { ROW_REASONS } from '../sources/row-ledger.ts';
import { RecordedMark } from '../sources/session-marks.ts';
import { SessionMerge } from '../sources/session-merge.ts';
import type { RecordingFooter, RecordingOrigin } from './recording-format.ts';
import { RecordingWriter, type RecordingSink } from './recording-writer.ts';

export interface RecordingMade {
  readonly file: string;
  readonly footer: RecordingFooter;
  readonly chosen: readonly ChosenProfile[];
}

/**
 * Writes the quotes of a session to a native recording: all well-formed ones, in merged order, late and far-future ones
 * included, so that a replay of it gives the same trades. The file appears under its name only when it is whole.
 * @param inputs paths, in the order that decides ties
 * @param profile ready profile, profile file, or null: found by looking
 * @throws InputError when an input cannot be read to its end, or the output is one of the inputs
 */
export async function recordSession(
  inputs: readonly string[],
  profile: string | null,
  outFile: string,
  createdBy = 'FlinkTrade',
): Promise<RecordingMade> {
  checkOutput(inputs, outFile);
  return recordOpened(await openSession(inputs, profile), outFile, createdBy);
}

/** As `recordSession`, of a session that is open; it is closed in the end. */
export async function recordOpened(
  session: OpenSession,
  outFile: string,
  createdBy = 'FlinkTrade',
): Promise<RecordingMade> {
  try {
    checkOutput([], outFile);
    const footer = await writeFileWhole(outFile, (sink) => recordOpenSession(session, sink, createdBy));
    return { file: outFile, footer, chosen: session.chosen };
  } finally {
    await session.close();
  }
}

async function recordOpenSession(
  session: OpenSession,
  sink: RecordingSink,
  createdBy: string,
): Promise<RecordingFooter> {
  const writer = new RecordingWriter(sink, fastCrc32, (symbol) => session.symbols.name(symbol), {
    createdBy,
    inputs: session.chosen.map((each) => each.input),
    profiles: session.chosen.map((each) => each.profile),
    ...(session.live !== undefined && { live: session.live }),
  });
  await forEachMerged(
    session.inputs,
    (input, index) => writer.add(input.batch, index),
    (control) => {
      if (control instanceof RecordedMark) writer.addMark(control.mark);
      else writer.addControl(control);
    },
  );
  return writer.finish(originOf(session.inputs));
}

/** Visits every quote of the inputs in merged order, and the controls and marks (RecordedMark) between them. */
export async function forEachMerged(
  inputs: readonly QuoteInput[],
  visit: (input: QuoteInput, index: number) => void,
  visitControl: (control: unknown) => void = () => undefined,
): Promise<void> {
  const takeControls = (input: QuoteInput, index: number): void => {
    while (input.nextControlIndex <= index) visitControl(input.takeControl());
  };
  const merge = new SessionMerge(inputs);
  for (;;) {
    const status = merge.select();
    if (status === 'ended') break;
    if (status === 'waiting') {
      await merge.whenReady();
      continue;
    }
    const input = merge.current as QuoteInput;
    const { batch } = input;
    if (status === 'marks') takeControls(input, batch.from);
    while (batch.from < batch.to && merge.isCurrentStillNext(batch.time[batch.from] + batch.timeShiftMs)) {
      takeControls(input, batch.from);
      visit(input, batch.from);
      batch.from += 1;
    }
  }
  for (const input of inputs) takeControls(input, Number.MAX_VALUE);
}

function originOf(inputs: readonly QuoteInput[]): RecordingOrigin {
  const sum = (pick: (input: QuoteInput) => number): number => inputs.reduce((total, input) => total + pick(input), 0);
  const byReason: Record<string, number> = {};
  for (const reason of ROW_REASONS) {
    const count = sum((input) => input.ledger.quarantinedByReason()[reason] ?? 0);
    if (count > 0) byReason[reason] = count;
  }
  return {
    rows: sum((input) => input.ledger.rowsRead),
    quarantined: sum((input) => input.ledger.quarantinedRows),
    ignored: sum((input) => input.ledger.ignoredRows),
    quarantinedByReason: byReason,
  };
}

/** Asked before anything is read: links and other spellings of an input's name are that input too. */
function checkOutput(inputs: readonly string[], outFile: string): void {
  const folder = dirname(outFile);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw cannotWrite(outFile, `there is no folder ${folder}`);
  const there = statSync(outFile, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (there.isDirectory()) throw cannotWrite(outFile, 'it is a directory. Name a file in it');
  if (!there.isFile())
    throw cannotWrite(
      outFile,
      'it is no regular file, and a recording takes the place of what it overwrites. Name a file',
    );
  for (const input of inputs) {
    const read = statSync(input, { throwIfNoEntry: false });
    if (read?.dev === there.dev && read.ino === there.ino) {
      throw new InputError(
        'wrong-usage',
        'input-unreadable',
        { input: outFile },
        `${outFile} is an input; write the recording to another file.`,
      );
    }
  }
}

function cannotWrite(file: string, why: string): InputError {
  return new InputError('wrong-usage', 'input-unreadable', { input: file }, `${file} cannot be written: ${why}.`);
}

/** Writes beside the file and renames at the end, so that a half-written recording never bears its name. */
async function writeFileWhole<T>(file: string, write: (sink: RecordingSink) => Promise<T>): Promise<T> {
  const target = statSync(file, { throwIfNoEntry: false }) === undefined ? file : realpathSync(file);
  const partFile = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  const finished = markUnfinished(partFile);
  let descriptor: number | null = null;
  try {
    descriptor = openSync(partFile, 'w');
    const result = await write(new FileSink(descriptor));
    fsyncSync(descriptor);
    closeSync(descriptor);
    descriptor = null;
    renameSync(partFile, target);
    return result;
  } catch (error) {
    if (descriptor !== null) closeSync(descriptor);
    rmSync(partFile, { force: true });
    // Inputs that cannot be read say so themselves; what the file system says here is about the output.
    throw typeof (error as NodeJS.ErrnoException).syscall === 'string'
      ? cannotWrite(file, (error as Error).message)
      : error;
  } finally {
    finished();
  }
}

class FileSink implements RecordingSink {
  readonly #descriptor: number;
  readonly #hash: Hash = createHash('sha256');

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    let written = 0;
    while (written < bytes.length) written += writeSync(this.#descriptor, bytes, written);
  }

  digest(): Uint8Array {
    return this.#hash.copy().digest();
  }
}
