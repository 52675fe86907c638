import type { MenuAction } from '../../electron/contract/channels.ts';
import type { Workstation } from './workstation.ts';

export const FILTER_INPUT_ID = 'position-filter';

/** What each entry of the menu does in the page. */
export function runMenuAction(workstation: Workstation, action: MenuAction): void {
  switch (action) {
    case 'open-session':
      void workstation.opening.choose('session');
      return;
    case 'open-positions':
      void workstation.opening.choose('positions');
      return;
    case 'play-sample':
      workstation.opening.playSample();
      return;
    case 'play-pause':
      workstation.playPause();
      return;
    case 'faster':
      workstation.stepSpeed(1);
      return;
    case 'slower':
      workstation.stepSpeed(-1);
      return;
    case 'show-rules':
      workstation.layout.show('rules');
      return;
    case 'show-settings':
      workstation.layout.show('settings');
      return;
    case 'show-job':
      workstation.layout.show('job');
      return;
    case 'show-problems':
      workstation.settings.set({ sidePanel: 'problems' });
      return;
    case 'show-about':
      workstation.layout.show('about');
      return;
    case 'find-symbol':
      document.getElementById(FILTER_INPUT_ID)?.focus();
      return;
    case 'toggle-theme':
      workstation.setTheme(workstation.settings.getState().theme === 'dark' ? 'light' : 'dark');
      return;
    case 'rearm':
      if (workstation.session.getState().halted) workstation.requestRearm();
      return;
    default:
      action satisfies never;
  }
}
