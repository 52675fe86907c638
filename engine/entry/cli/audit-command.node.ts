import { stat } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { AUDIT_ANCHOR, openAnchorFile } from '../../connectors/audit/audit-anchor-file.node.ts';
import { utf8Text } from '../../connectors/audit/audit-chain.ts';
import { exportAudit } from '../../connectors/audit/export-audit.ts';
import { verifyAudit, verifyExport, type AuditVerdict } from '../../connectors/audit/verify-audit.ts';
import { StoreError } from '../../contract/durable-store.ts';
import { sha256 } from '../../core/sha256.node.ts';
import type { AuditCommand } from './arguments.ts';
import { CliError, EXIT_INPUT, EXIT_NOT_INTACT, printable } from './messages.ts';
import { checkOutputs, writeText } from './output-files.node.ts';
import { openExistingStore } from './existing-store.node.ts';
import { tell } from './tell.node.ts';

/** Does what `flinktrade audit ...` asks for. @throws CliError */
export async function runAudit(command: AuditCommand): Promise<void> {
  try {
    if (command.action === 'export') return await runExport(command.path, command.output);
    const verdict = await verify(command.path);
    process.stdout.write(`${printable(verdictText(verdict, command.path))}\n`);
    if (verdict.kind === 'broken') process.exitCode = EXIT_NOT_INTACT;
  } catch (error) {
    if (error instanceof StoreError) throw new CliError(EXIT_INPUT, error.message);
    throw error;
  }
}

async function verify(path: string): Promise<AuditVerdict> {
  if (!(await isFolder(path))) return verifyExport(linesOfFile(path), path, sha256);
  const store = await openExistingStore(path);
  try {
    const verdict = await verifyAudit(store, openAnchorFile(join(path, AUDIT_ANCHOR)), sha256);
    if (verdict.kind === 'empty') throw new CliError(EXIT_INPUT, `There is no audit trail in ${path}.`);
    return verdict;
  } finally {
    await store.close();
  }
}

async function runExport(folder: string, output: string): Promise<void> {
  if (!(await isFolder(folder))) throw new CliError(EXIT_INPUT, `${folder} is a file; name a state folder.`);
  await checkOutputs([{ what: '-o', path: output }], []);
  const store = await openExistingStore(folder);
  try {
    await writeText(output, exportAudit(store));
  } finally {
    await store.close();
  }
  tell(`The audit trail of ${folder} was exported. Whether it is intact says: flinktrade audit verify ${folder}`);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw new CliError(EXIT_INPUT, `${path} cannot be read: ${(error as Error).message}`);
  }
}

const LINE_END = 0x0a;

/** Lines of a file as they are, without their ends; null for a line that is no UTF-8 text. */
async function* linesOfFile(path: string): AsyncGenerator<string | null> {
  let rest: Uint8Array = new Uint8Array(0);
  const stream = createReadStream(path);
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
        yield utf8Text(bytes.subarray(start, end));
        start = end + 1;
      }
      rest = bytes.subarray(start);
    }
  } catch (error) {
    throw new CliError(EXIT_INPUT, `${path} cannot be read: ${(error as Error).message}`);
  }
  if (rest.length > 0) yield utf8Text(rest);
}

function verdictText(verdict: AuditVerdict, path: string): string {
  switch (verdict.kind) {
    case 'empty':
      return `${path} holds no records, and was exported from an empty trail.`;
    case 'broken': {
      const { record, where, expected, found } = verdict.finding;
      return table([
        ['NOT INTACT', `record ${record} is the first bad one`],
        ['where', where],
        ['expected', expected],
        ['found', found],
      ]);
    }
    case 'intact': {
      const { records, first, last, trail, anchoredUntil, breaks } = verdict;
      return table([
        ['records', String(records)],
        ['span', `${timeText(first.wallMs)} to ${timeText(last.wallMs)}`],
        ['trail', trail],
        ['head', last.hash],
        ['anchored', anchoredUntil === null ? 'an export has no anchor' : `up to record ${anchoredUntil}`],
        ...breaks.map(({ index, details }) => ['note', `record ${index} says: ${JSON.stringify(details)}`] as const),
        ['verdict', 'intact'],
      ]);
    }
  }
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

function table(lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(...lines.map(([label]) => label.length));
  return lines.map(([label, value]) => `${label.padEnd(width)}  ${value}`).join('\n');
}
