import './jitless.ts';
import '@fontsource-variable/inter/wght.css';
import '../ui/tokens.css';
import '../ui/base.css';
import '../drawing/grid.css';
import './app.css';
import { createRoot } from 'react-dom/client';
import type { FlinkTradeApi } from '../../electron/contract/preload-api.ts';
import { Workstation } from '../bridge/workstation.ts';
import { WorkstationContext } from '../ui/workstation-context.ts';
import { App } from './app.tsx';

declare global {
  interface Window {
    /** Given by the preload; absent when the page is opened in a browser. */
    readonly flinktrade?: FlinkTradeApi;
  }
}

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no element #root to draw into.');
if (window.flinktrade === undefined) {
  root.textContent = 'This page is the window of FlinkTrade and works only inside of it.';
} else {
  const workstation = new Workstation(window.flinktrade);
  createRoot(root).render(
    <WorkstationContext value={workstation}>
      <App />
    </WorkstationContext>,
  );
  workstation.start().catch((error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    workstation.session.refused(text);
    workstation.layout.say('bad', `The window could not reach the engine: ${text}`);
  });
}
