import { ipcMain, type IpcMainInvokeEvent, type WebContents } from 'electron';
import { REQUESTS, type RequestName, type Requests } from '../contract/channels.ts';
import { requestSchemas } from '../contract/request-schema.ts';
import { isOurPage } from './lockdown.ts';
import { RateLimit } from './rate-limit.ts';

export type Handlers = {
  readonly [Name in RequestName]: (
    request: Requests[Name]['request'],
    from: WebContents,
  ) => Promise<Requests[Name]['answer']> | Requests[Name]['answer'];
};

/**
 * Opens every door of the table. Each call is refused unless it comes from the main frame of a page of ours in a window
 * that `isKnown`, and has the shape the table says. The window only learns that it was refused; main's log says why.
 */
export function openDoors(
  handlers: Handlers,
  isKnown: (contents: WebContents) => boolean,
  log: (line: string) => void,
  monotonicMs: () => number,
): void {
  const limit = new RateLimit();
  for (const name of Object.keys(REQUESTS) as RequestName[]) {
    ipcMain.handle(REQUESTS[name], async (event, request: unknown) => {
      const stranger = whyRefused(event, isKnown);
      if (stranger !== null) {
        log(`Refused "${name}": ${stranger}.`);
        throw new Error(`"${name}" was refused: it did not come from the workstation's own page.`);
      }
      const checked = requestSchemas[name].safeParse(request);
      if (!checked.success) {
        const issue = checked.error.issues[0];
        const found = `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim();
        log(`Refused "${name}": its content does not fit: ${found}.`);
        throw new Error(`"${name}" was refused: its content does not fit: ${found}.`);
      }
      if (!isHalt(checked.data) && !limit.take(monotonicMs())) {
        log(`Refused "${name}": the page asks too often.`);
        throw new Error(`"${name}" was refused: too many requests in a short time. Try again in a second.`);
      }
      const handle = handlers[name] as (content: unknown, from: WebContents) => unknown;
      return await handle(checked.data, event.sender);
    });
  }
}

function isHalt(request: unknown): boolean {
  return typeof request === 'object' && request !== null && 'kind' in request && request.kind === 'halt';
}

function whyRefused(event: IpcMainInvokeEvent, isKnown: (contents: WebContents) => boolean): string | null {
  const frame = event.senderFrame;
  if (frame === null) return 'the frame that sent it is gone';
  if (frame.parent !== null) return `it came from a sub-frame, ${frame.url}`;
  if (!isOurPage(frame.url)) return `it came from ${frame.url}`;
  if (!isKnown(event.sender)) return `it came from web contents ${event.sender.id}, which is no window of ours`;
  return null;
}
