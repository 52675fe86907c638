import './kill-switch.css';
import { isActive } from '../../stores/session-store.ts';
import { Icon } from '../../ui/icon.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

/** One click, no question: from its place in the stream on, nothing trades. Always in sight. */
export function KillSwitch() {
  const workstation = useWorkstation();
  const isHalted = useStore(workstation.session, (state) => state.halted);
  const active = useStore(workstation.session, (state) => isActive(state.status));
  const elsewhere = workstation.appInfo?.globalKillShortcut ?? null;
  const everywhere = elsewhere === null ? '' : `; from any program ${elsewhere.replace('CommandOrControl', 'Ctrl')}`;
  return (
    <button
      type="button"
      className={isHalted ? 'kill engaged' : 'kill'}
      disabled={isHalted || !active}
      onClick={() => workstation.halt()}
      title={`Halt all trading at once (Ctrl+Shift+K${everywhere})`}
    >
      <Icon name="power" /> {isHalted ? 'HALTED' : 'KILL SWITCH'}
    </button>
  );
}
