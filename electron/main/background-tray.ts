import { Menu, nativeImage, Notification, Tray } from 'electron';

/**
 * What is left to a person when the last window is closed while a session plays: an icon to bring it back, the kill
 * switch, and a way to really quit. On a desktop without a tray, starting the program again brings the window back.
 */
const ICON_PIXELS = 16;
const BYTES_PER_PIXEL = 4;

export interface TrayDependencies {
  readonly show: () => void;
  readonly kill: () => void;
  readonly quit: () => void;
  readonly log: (line: string) => void;
}

export class BackgroundTray {
  readonly #dependencies: TrayDependencies;
  #tray: Tray | null = null;

  constructor(dependencies: TrayDependencies) {
    this.#dependencies = dependencies;
  }

  show(): void {
    if (this.#tray !== null) return;
    const { show, kill, quit, log } = this.#dependencies;
    try {
      this.#tray = new Tray(nativeImage.createFromBitmap(paintIcon(), { width: ICON_PIXELS, height: ICON_PIXELS }));
      this.#tray.setToolTip('FlinkTrade: the session keeps running');
      this.#tray.setContextMenu(
        Menu.buildFromTemplate([
          { label: 'Show Workstation', click: show },
          { label: 'Kill Switch: Halt All Trading', click: kill },
          { type: 'separator' },
          { label: 'Quit FlinkTrade', click: quit },
        ]),
      );
      this.#tray.on('click', show);
    } catch (error) {
      log(`This desktop has no tray (${String(error)}); start FlinkTrade again to see its window.`);
    }
    if (Notification.isSupported()) {
      new Notification({
        title: 'FlinkTrade keeps running',
        body: 'The session goes on without its window. Start FlinkTrade again, or use its tray icon, to see it or to quit.',
      }).show();
    }
  }

  hide(): void {
    this.#tray?.destroy();
    this.#tray = null;
  }
}

/** Three rising bars in the accent colour, painted here so that the tray needs no file. */
function paintIcon(): Buffer {
  const pixels = Buffer.alloc(ICON_PIXELS * ICON_PIXELS * BYTES_PER_PIXEL);
  const bars = [
    { left: 2, top: 9 },
    { left: 6, top: 6 },
    { left: 10, top: 2 },
  ];
  for (const { left, top } of bars) {
    for (let y = top; y < ICON_PIXELS - 2; y += 1) {
      for (let x = left; x < left + 3; x += 1)
        pixels.set([0xf0, 0x9b, 0x3d, 0xff], (y * ICON_PIXELS + x) * BYTES_PER_PIXEL);
    }
  }
  return pixels;
}
