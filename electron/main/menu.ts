import { Menu, type MenuItemConstructorOptions } from 'electron';
import type { MenuAction } from '../contract/channels.ts';

export interface MenuDependencies {
  readonly act: (action: MenuAction) => void;
  readonly kill: () => void;
  readonly showWindow: () => void;
  readonly isPackaged: boolean;
}

/** The menu: every act has its shortcut here, so that there is one list of them and main works without the page. */
export function installMenu(dependencies: MenuDependencies): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(template(dependencies)));
}

function template({ act, kill, showWindow, isPackaged }: MenuDependencies): MenuItemConstructorOptions[] {
  const item = (label: string, action: MenuAction, accelerator?: string): MenuItemConstructorOptions => ({
    label,
    click: () => act(action),
    ...(accelerator === undefined ? {} : { accelerator }),
  });
  const mac: MenuItemConstructorOptions[] = process.platform === 'darwin' ? [{ role: 'appMenu' }] : [];
  return [
    ...mac,
    {
      label: 'Session',
      submenu: [
        item('Open Session…', 'open-session', 'CmdOrCtrl+O'),
        item('Open Positions…', 'open-positions', 'CmdOrCtrl+Shift+O'),
        item('Play the Sample', 'play-sample', 'CmdOrCtrl+Shift+S'),
        { type: 'separator' },
        item('Play or Pause', 'play-pause', 'CmdOrCtrl+P'),
        item('Faster', 'faster', 'CmdOrCtrl+]'),
        item('Slower', 'slower', 'CmdOrCtrl+['),
        { type: 'separator' },
        { role: 'quit', label: 'Quit FlinkTrade' },
      ],
    },
    { role: 'editMenu' },
    {
      label: 'Trading',
      submenu: [
        // The accelerator is shown here and caught in workstation-window.ts, before the page could swallow it.
        {
          label: 'Kill Switch: Halt All Trading',
          accelerator: 'CmdOrCtrl+Shift+K',
          registerAccelerator: false,
          click: kill,
        },
        item('Re-arm…', 'rearm'),
        { type: 'separator' },
        item('Rules…', 'show-rules', 'CmdOrCtrl+,'),
      ],
    },
    {
      label: 'View',
      submenu: [
        item('Find Symbol', 'find-symbol', 'CmdOrCtrl+F'),
        item('Problems and Quarantined Rows', 'show-problems', 'CmdOrCtrl+Shift+M'),
        item('Job', 'show-job', 'CmdOrCtrl+J'),
        item('Display Settings…', 'show-settings'),
        item('Dark or Light', 'toggle-theme', 'CmdOrCtrl+Shift+L'),
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        { type: 'separator' },
        { role: 'reload' },
        ...(isPackaged ? [] : ([{ role: 'toggleDevTools' }] satisfies MenuItemConstructorOptions[])),
      ],
    },
    {
      label: 'Window',
      submenu: [{ label: 'Show Workstation', click: showWindow }, { role: 'minimize' }, { role: 'close' }],
    },
    { label: 'Help', submenu: [item('About FlinkTrade', 'show-about')] },
  ];
}
