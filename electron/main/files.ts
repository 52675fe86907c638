import { open, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { app, dialog, type BrowserWindow, type OpenDialogOptions } from 'electron';
import type {
  ChosenFile,
  ExportAnswer,
  ExportKind,
  ExportRequest,
  FileKind,
  ImportAnswer,
} from '../contract/channels.ts';
import type { GrantedPaths } from './granted-paths.ts';

/** A rules document of a hundred thousand symbols is under 16 MB. */
const RULES_BYTES_MAX = 16 * 1024 * 1024;

const EVERY_FILE = { name: 'All files', extensions: ['*'] };
const OPEN_DIALOGS: Readonly<Record<FileKind, OpenDialogOptions>> = {
  session: {
    title: 'Open session',
    buttonLabel: 'Open session',
    properties: ['openFile', 'multiSelections'],
    filters: [{ name: 'Sessions', extensions: ['ftq', 'csv', 'gz', 'zip', 'jsonl', 'json', 'txt'] }, EVERY_FILE],
  },
  positions: {
    title: 'Open starting positions',
    buttonLabel: 'Use positions',
    properties: ['openFile'],
    filters: [{ name: 'Positions', extensions: ['csv'] }, EVERY_FILE],
  },
  profile: {
    title: 'Open profile',
    buttonLabel: 'Use profile',
    properties: ['openFile'],
    filters: [{ name: 'Profiles', extensions: ['json'] }, EVERY_FILE],
  },
};
const EXPORT_FILTERS: Readonly<Record<ExportKind, { name: string; extensions: string[] }>> = {
  rules: { name: 'Rules', extensions: ['json'] },
  positions: { name: 'Positions', extensions: ['csv'] },
  trades: { name: 'Trades', extensions: ['csv'] },
};

/** Shows the system's dialog; what the person picks may be opened from then on. */
export async function chooseFiles(
  window: BrowserWindow,
  kind: FileKind,
  grants: GrantedPaths,
): Promise<readonly ChosenFile[]> {
  const picked = await dialog.showOpenDialog(window, { ...OPEN_DIALOGS[kind], defaultPath: app.getPath('documents') });
  return picked.canceled ? [] : await grantFiles(picked.filePaths, grants);
}

/** Grants the paths that are files, and says what they are. Folders and things that are gone are left out. */
export async function grantFiles(paths: readonly string[], grants: GrantedPaths): Promise<readonly ChosenFile[]> {
  const files = await Promise.all(paths.map(describe));
  const chosen = files.filter((file) => file !== null);
  grants.grant(chosen.map((file) => file.path));
  return chosen;
}

async function describe(path: string): Promise<ChosenFile | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? { path, name: basename(path), bytes: found.size } : null;
  } catch {
    // Gone since it was chosen.
    return null;
  }
}

/** @returns where a person wants the audit trail to go; null: nowhere */
export async function chooseAuditExport(window: BrowserWindow): Promise<string | null> {
  const picked = await dialog.showSaveDialog(window, {
    title: 'Export the audit trail',
    defaultPath: join(app.getPath('documents'), 'audit-trail.jsonl'),
    filters: [{ name: 'Audit trails', extensions: ['jsonl'] }, EVERY_FILE],
  });
  return picked.canceled || picked.filePath.length === 0 ? null : picked.filePath;
}

export async function exportText(window: BrowserWindow, request: ExportRequest): Promise<ExportAnswer> {
  const picked = await dialog.showSaveDialog(window, {
    defaultPath: join(app.getPath('documents'), request.suggestedName),
    filters: [EXPORT_FILTERS[request.kind], EVERY_FILE],
  });
  if (picked.canceled || picked.filePath.length === 0) return { kind: 'cancelled' };
  try {
    await writeFile(picked.filePath, request.text);
    return { kind: 'saved', path: picked.filePath };
  } catch (error) {
    return { kind: 'failed', reason: `${picked.filePath} could not be written: ${reasonOf(error)}.` };
  }
}

export async function importRules(window: BrowserWindow): Promise<ImportAnswer> {
  const picked = await dialog.showOpenDialog(window, {
    title: 'Import rules',
    properties: ['openFile'],
    defaultPath: app.getPath('documents'),
    filters: [EXPORT_FILTERS.rules, EVERY_FILE],
  });
  const path = picked.filePaths[0];
  if (picked.canceled || path === undefined) return { kind: 'cancelled' };
  try {
    return { kind: 'read', path, text: await readBounded(path) };
  } catch (error) {
    return { kind: 'failed', reason: `${path} could not be read: ${reasonOf(error)}.` };
  }
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > RULES_BYTES_MAX) throw new Error(`it has ${size} bytes; a rules document may have ${RULES_BYTES_MAX}`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
