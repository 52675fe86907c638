import { app, session, shell, type Session, type WebContents, type WebPreferences } from 'electron';
import { HOST, LINKS, PAGE_URL, SAFE_PAGE_URL, SCHEME, type LinkName } from '../contract/channels.ts';

/**
 * What no page may do, whatever it says: leave app://workstation, open windows, embed web views, use a device or a
 * permission. Set for every web contents at its birth, so that a window made later cannot be forgotten.
 */
export function lockDown(): void {
  guardSession(session.defaultSession);
  app.on('web-contents-created', (_event, contents) => guardContents(contents));
}

/** No permission, no device, no download; for every session, before its first page. */
export function guardSession(guarded: Session): void {
  guarded.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  guarded.setPermissionCheckHandler(() => false);
  guarded.setDevicePermissionHandler(() => false);
  guarded.on('will-download', (event) => event.preventDefault());
}

/** How every page of ours is opened: sandboxed, apart from its preload's world, without Node. */
export function closedPage(preload: string): WebPreferences {
  return {
    preload,
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webviewTag: false,
    webSecurity: true,
    spellcheck: false,
    // A covered window must not lag behind, and a hidden vault must not be slow.
    backgroundThrottling: false,
  };
}

function guardContents(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-navigate', (event) => {
    // The safe page may lead back to the workstation; nothing else may lead anywhere.
    const back = contents.getURL() === SAFE_PAGE_URL && event.url === PAGE_URL;
    if (!back) event.preventDefault();
  });
  contents.on('will-redirect', (event) => event.preventDefault());
  contents.on('will-frame-navigate', (event) => {
    if (!event.isMainFrame) event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => event.preventDefault());
}

/** True for a URL of our own pages. `URL.origin` of a custom scheme is "null", so the parts are compared. */
export function isOurPage(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const parsed = new URL(url);
  return parsed.protocol === `${SCHEME}:` && parsed.host === HOST;
}

/** Opens one of the named links in the browser; a window cannot name a URL. */
export async function openLink(name: LinkName): Promise<boolean> {
  await shell.openExternal(LINKS[name]);
  return true;
}
