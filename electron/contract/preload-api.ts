import type {
  AppInfo,
  Appearance,
  AuditExportAnswer,
  ChosenFile,
  CommandAnswer,
  ExportAnswer,
  ExportRequest,
  FileKind,
  ImportAnswer,
  Launch,
  LinkName,
  WindowPlace,
} from './channels.ts';
import type { EngineCommand } from '../../engine/contract/window.ts';

/** What this room, which has no DOM, may know of a dropped `File`. */
export interface DroppedFile {
  readonly name: string;
  readonly size: number;
}

/** `window.flinktrade`: all that a page can ask of the outside world. Named functions only; no channel, no event object. */
export interface FlinkTradeApi {
  /** The port arrives as a window message `PORT_HANDOVER`, once for each call. */
  connect(): Promise<AppInfo>;
  ready(place: WindowPlace | null): Promise<null>;
  command(command: EngineCommand): Promise<CommandAnswer>;
  chooseFiles(kind: FileKind): Promise<readonly ChosenFile[]>;
  /** Takes the File objects of a drop; files that have no place on disk are left out. */
  announceDropped(files: readonly DroppedFile[]): Promise<readonly ChosenFile[]>;
  exportText(request: ExportRequest): Promise<ExportAnswer>;
  exportAudit(): Promise<AuditExportAnswer>;
  importRules(): Promise<ImportAnswer>;
  takeLaunch(): Promise<Launch | null>;
  openLink(name: LinkName): Promise<boolean>;
  setAppearance(appearance: Appearance): Promise<null>;
}
