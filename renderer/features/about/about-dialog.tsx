import { Dialog } from '../../ui/dialog.tsx';
import { useWorkstation } from '../../ui/workstation-context.ts';

const SHORTCUTS: readonly (readonly [string, string])[] = [
  ['Kill switch', 'Ctrl+Shift+K'],
  ['Play or pause', 'Ctrl+P'],
  ['Slower, faster', 'Ctrl+[  Ctrl+]'],
  ['Open session', 'Ctrl+O'],
  ['Open positions', 'Ctrl+Shift+O'],
  ['Rules', 'Ctrl+,'],
  ['Find symbol', 'Ctrl+F'],
  ['Job', 'Ctrl+J'],
  ['Rows of a table', '\u2191 \u2193 PgUp PgDn Home End'],
  ['Dark or light', 'Ctrl+Shift+L'],
];

export function AboutDialog() {
  const workstation = useWorkstation();
  const info = workstation.appInfo;
  return (
    <Dialog title="About FlinkTrade" width={460} onClose={() => workstation.layout.show(null)}>
      {info === null ? null : (
        <p className="selectable number">
          FlinkTrade {info.version}, Electron {info.electron}, Chromium {info.chromium}, Node {info.node}
        </p>
      )}
      <h3 className="section-label" style={{ marginTop: 16 }}>
        Keys
      </h3>
      <table className="reasons">
        <tbody>
          {SHORTCUTS.map(([what, keys]) => (
            <tr key={what}>
              <td>{what}</td>
              <td>
                <span className="kbd">{info?.platform === 'darwin' ? keys.replaceAll('Ctrl', '\u2318') : keys}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <h3 className="section-label">Charts</h3>
      <p>
        TradingView Lightweight Charts{'\u2122'}. Copyright (c) 2025 TradingView, Inc.{' '}
        <button type="button" className="link" onClick={() => workstation.openLink('tradingview')}>
          https://www.tradingview.com/
        </button>
      </p>
      <p className="tone-quiet" style={{ marginTop: 8 }}>
        Text set in Inter (SIL Open Font License 1.1).
      </p>
    </Dialog>
  );
}
